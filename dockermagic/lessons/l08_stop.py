"""Exercises of 08-stop."""

from __future__ import annotations

from .exercise import Lesson

LESSON = Lesson("08-stop", "POST /containers/{id}/stop", "ask it to end", 10)
