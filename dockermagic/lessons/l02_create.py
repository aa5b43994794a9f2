"""Exercises of 02-create."""

from __future__ import annotations

from .exercise import Lesson

LESSON = Lesson("02-create", "POST /containers/create", "make a container", 12)
