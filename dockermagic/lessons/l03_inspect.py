"""Exercises of 03-inspect."""

from __future__ import annotations

from .exercise import Lesson

LESSON = Lesson("03-inspect", "GET /containers/{id}/json", "everything about one container", 10)
