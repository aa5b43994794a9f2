"""Exercises of 06-export."""

from __future__ import annotations

from .exercise import Lesson

LESSON = Lesson("06-export", "GET /containers/{id}/export", "its files", 10)
