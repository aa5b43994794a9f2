"""The endpoints of the fault drills. They are this engine's own, and no part of Docker's API."""

from __future__ import annotations

from typing import Any

from .gojson import OMIT
from .web import Call, Reply

PATH = "/practice/drills"
DRILL = {"Name": ("string", ""), "Path": ("string", "*"), "Count": ("int", 1), "Seconds": ("float64", OMIT)}


def begin(call: Call) -> Any:
    asked = call.json_or_nothing(DRILL, "practice.Drill")
    drill = call.engine.drills.begin(asked["Name"], asked["Path"], asked["Count"], asked.get("Seconds"))
    return Reply(drill.view(), 201)


def list_all(call: Call) -> Any:
    return [drill.view() for drill in call.engine.drills.all()]


def end(call: Call) -> Any:
    return [drill.view() for drill in call.engine.drills.end()]
