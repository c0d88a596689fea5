"""The schema files as Python objects: self-contained, parsed, and as prefixes.

`definition(name)` is what the registry gets: one JSON object with every named type written out
where it first appears. `parsed(name)` is what the codec reads and writes with: the same without
logical types, so that times are plain integers (milliseconds, UTC) and not datetime objects.
`head(name, last)` is the prefix of a record up to and with field `last`. Both are compiled, see
`schemas/codec.py`; `parse` and `cut` are for schemas of others.
"""

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from fastavro import parse_schema

from schemas.codec import compiled

FOLDER: Final = Path(__file__).parent
NAMESPACE: Final = "feedloop."
FILES: Final = {
    "Inference": "inference",
    "Feedback": "feedback",
    "Interaction": "interaction",
    "Enriched": "enriched",
    "Partial": "partial",
    "Metric": "metric",
    "Action": "action",
    "ActionResult": "action_result",
    "DeadLetter": "dead_letter",
    "Reference": "reference",
}
"""The ten records and their files; `sums.avsc` and `action_effect.avsc` are parts of two each."""

_PARTS: Final = {"Sums": "sums", "ActionEffect": "action_effect", **FILES}
_PRIMITIVES: Final = frozenset(
    ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
)
_NAMED: Final = frozenset(("record", "enum", "fixed"))

Schema = Any
"""An Avro schema as JSON: a string, a list (union) or a dict."""


@cache
def _file(name: str) -> Schema:
    return json.loads((FOLDER / f"{_PARTS[name]}.avsc").read_text())


@cache
def definition(name: str) -> dict[str, Any]:
    """Return the self-contained schema of record `name` (do not change it)."""
    schema: dict[str, Any] = _inline(_file(name), set())
    return schema


def _inline(schema: Schema, seen: set[str]) -> Schema:
    if isinstance(schema, str):
        short = schema.removeprefix(NAMESPACE)
        if schema in _PRIMITIVES or short in seen:
            return schema
        return _inline(_file(short), seen)
    if isinstance(schema, list):
        return [_inline(branch, seen) for branch in schema]
    return _inline_object(schema, seen)


def _inline_object(schema: dict[str, Any], seen: set[str]) -> dict[str, Any]:
    out: dict[str, Any] = dict(schema)
    if out["type"] in _NAMED:
        seen.add(out["name"])
    if out["type"] == "record":
        out["fields"] = [{**f, "type": _inline(f["type"], seen)} for f in out["fields"]]
    elif out["type"] == "array":
        out["items"] = _inline(out["items"], seen)
    elif out["type"] == "map":
        out["values"] = _inline(out["values"], seen)
    return out


def without_logical_types(schema: Schema) -> Schema:
    """Return a copy of `schema` in which times are plain longs."""
    if isinstance(schema, list):
        return [without_logical_types(branch) for branch in schema]
    if isinstance(schema, dict):
        if "logicalType" in schema:
            return schema["type"]
        return {key: without_logical_types(value) for key, value in schema.items()}
    return schema


def parse(schema: Schema) -> dict[str, Any]:
    """Return a writer's schema (JSON) ready for the codec."""
    ready: Any = parse_schema(without_logical_types(copy.deepcopy(schema)))
    return cast("dict[str, Any]", ready)


@cache
def parsed(name: str) -> dict[str, Any]:
    """Return our version of record `name`, ready for the codec."""
    ready: dict[str, Any] = compiled(parse(definition(name)))
    return ready


@cache
def head(name: str, last: str) -> dict[str, Any]:
    """Return our version of record `name` cut after field `last`, ready for the codec.

    Raises ValueError if there is no such field.
    """
    ready: dict[str, Any] = compiled(cut(definition(name), last))
    return ready


def cut(schema: Schema, last: str) -> dict[str, Any]:
    """Return a writer's schema (JSON) cut after field `last`, ready for the codec.

    Raises ValueError if there is no such field.
    """
    names = [field["name"] for field in schema["fields"]]
    return parse({**schema, "fields": schema["fields"][: names.index(last) + 1]})
