"""Exercises of 04-top."""

from __future__ import annotations

from .exercise import Lesson

LESSON = Lesson("04-top", "GET /containers/{id}/top", "its processes", 8)
