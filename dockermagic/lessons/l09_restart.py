"""Exercises of 09-restart."""

from __future__ import annotations

from .exercise import Lesson

LESSON = Lesson("09-restart", "POST /containers/{id}/restart", "stop it and start it again", 8)
