"""Exercises of 00-start."""

from __future__ import annotations

from .exercise import Lesson

LESSON = Lesson("00-start", "", "your first calls", 12)
