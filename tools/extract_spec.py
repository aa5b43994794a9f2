"""Take from Docker's published specification the small extract that the tests check our rows against.

    python tools/extract_spec.py path/to/v1.51.yaml > tests/unit/spec.json

Docker's specification is under the Apache License 2.0 (github.com/moby/moby, api/swagger.yaml). Needs PyYAML.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

TAGS = ("Container", "Exec", "Image", "System")
METHODS = ("get", "head", "post", "put", "delete")
SECTIONS = ("ContainerConfig", "HostConfig", "NetworkingConfig")


def operations(spec: dict[str, Any]) -> dict[str, Any]:
    """Each operation of the tags that we follow: its method, path, parameters and statuses."""
    found = {}
    for path, methods in spec["paths"].items():
        shared = methods.get("parameters", [])
        for method in METHODS:
            operation = methods.get(method)
            if operation is None or not set(operation.get("tags", [])) & set(TAGS):
                continue
            params = [*shared, *operation.get("parameters", [])]
            found[operation["operationId"]] = {
                "method": method.upper(),
                "path": path,
                "query": [each["name"] for each in params if each["in"] == "query"],
                "body": any(each["in"] == "body" for each in params),
                "statuses": sorted(int(status) for status in operation["responses"]),
            }
    return dict(sorted(found.items()))


def keys(spec: dict[str, Any], name: str) -> list[str]:
    """The property names of a definition, those that it takes from others included."""

    def gather(schema: dict[str, Any]) -> set[str]:
        names = set(schema.get("properties", {}))
        if "$ref" in schema:
            names |= gather(spec["definitions"][schema["$ref"].rpartition("/")[2]])
        return names.union(*(gather(each) for each in schema.get("allOf", [])))

    return sorted(gather(spec["definitions"][name]))


def extract(spec: dict[str, Any], name: str) -> dict[str, Any]:
    return {
        "about": f"Extract of Docker's Engine API specification, {name} (github.com/moby/moby, api/swagger.yaml), "
        "Copyright Docker, Inc., Apache License 2.0. Made by tools/extract_spec.py; not edited.",
        "version": spec["info"]["version"],
        "operations": operations(spec),
        "keys": {section: keys(spec, section) for section in SECTIONS},
    }


def main() -> None:
    import yaml

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec", type=Path, help="Docker's specification, as YAML")
    path = parser.parse_args().spec
    json.dump(extract(yaml.safe_load(path.read_text(encoding="utf-8")), path.name), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
