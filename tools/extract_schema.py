"""Make tests/clients/schema.json from Docker's published specification.

    python tools/extract_schema.py v1.51.yaml > tests/clients/schema.json

What is kept: the answers (statuses and their schemas) of the container, exec, image, system and event
operations, of a few others that every engine can answer, and the definitions these need, as JSON Schema.
Prose, examples and defaults are left out.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import yaml

TAGS = {"Container", "Exec", "Image", "System"}
# more network than container, or nothing that a practice engine can do
NOT_OURS = {"ImageBuild", "ImagePush", "ImageSearch"}
# what is true where there is none of the kind
ALSO = {
    *["NetworkList", "NetworkInspect", "NetworkDelete", "NetworkPrune"],
    *["VolumeList", "VolumeInspect", "VolumeDelete", "VolumePrune", "PluginList", "PluginInspect"],
}
KEPT = {
    *["type", "$ref", "required", "enum", "items", "properties", "additionalProperties", "allOf"],
    *["minimum", "maximum", "pattern", "format"],
}
FORMATS = {"dateTime": "date-time"}


def schema(node: Any) -> Any:
    """One Swagger 2 schema as JSON Schema."""
    if not isinstance(node, dict):  # additionalProperties: false
        return node
    made: dict[str, Any] = {key: value for key, value in node.items() if key in KEPT}
    if "properties" in made:
        made["properties"] = {name: schema(child) for name, child in made["properties"].items()}
    for key in ("items", "additionalProperties"):
        if key in made:
            made[key] = schema(made[key])
    if "allOf" in made:
        made["allOf"] = [schema(child) for child in made["allOf"]]
    if "format" in made:
        made["format"] = FORMATS.get(made["format"], made["format"])
    return nullable(made) if node.get("x-nullable") else made


def nullable(made: dict[str, Any]) -> dict[str, Any]:
    if "enum" in made:
        made["enum"] = [*made["enum"], None]
    if "type" in made:
        return made | {"type": [made["type"], "null"]}
    return {"anyOf": [made, {"type": "null"}]}


def operations(spec: dict[str, Any]) -> dict[str, Any]:
    return {
        operation["operationId"]: {
            "method": method.upper(),
            "path": path,
            "statuses": {
                str(status): schema(answer["schema"]) if "schema" in answer else None
                for status, answer in operation["responses"].items()
            },
        }
        for path, methods in spec["paths"].items()
        for method, operation in methods.items()
        if method != "parameters"
        and (TAGS & set(operation["tags"]) or operation["operationId"] in ALSO)
        and operation["operationId"] not in NOT_OURS
    }


def references(node: Any) -> set[str]:
    if isinstance(node, list):
        return set().union(*map(references, node))
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"].rpartition("/")[2]} if isinstance(node.get("$ref"), str) else set()
    return own.union(*map(references, node.values()))


def needed(spec: dict[str, Any], start: Any) -> dict[str, Any]:
    """The definitions that `start` mentions, and those that these mention."""
    found: dict[str, Any] = {}
    waiting = references(start)
    while waiting:
        name = waiting.pop()
        found[name] = schema(spec["definitions"][name])
        waiting |= references(found[name]) - found.keys()
    return dict(sorted(found.items()))


def main(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        spec = yaml.safe_load(file)
    every = operations(spec)
    extract = {
        "source": f"Docker Engine API v{spec['info']['version']}, published in github.com/moby/moby, api/",
        "licence": "Apache-2.0, Copyright Docker, Inc.",
        "made_by": "tools/extract_schema.py",
        "operations": every,
        "definitions": needed(spec, every),
    }
    print(text(extract))


def text(extract: dict[str, Any]) -> str:
    """JSON with one line an operation or definition."""

    def part(value: Any) -> str:
        if not isinstance(value, dict):
            return json.dumps(value)
        lines = [f"  {json.dumps(name)}: {json.dumps(child)}" for name, child in value.items()]
        return "{\n" + ",\n".join(lines) + "\n }"

    return "{\n" + ",\n".join(f" {json.dumps(name)}: {part(value)}" for name, value in extract.items()) + "\n}"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
