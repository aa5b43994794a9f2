"""Exercises of 05-logs."""

from __future__ import annotations

from .exercise import Lesson

LESSON = Lesson("05-logs", "GET /containers/{id}/logs", "what it wrote", 10)
