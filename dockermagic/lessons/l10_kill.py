"""Exercises of 10-kill."""

from __future__ import annotations

from .exercise import Lesson

LESSON = Lesson("10-kill", "POST /containers/{id}/kill", "send it a signal", 10)
