"""Every string of every record says how it is redacted: none can leak by being forgotten."""

from collections.abc import Iterator
from typing import Any

import pytest

from schemas.catalog import FILES, definition
from stream_jobs.redact.treatment import TREATMENTS, compile_plan


def undeclared(schema: Any, path: str, told: bool) -> Iterator[str]:
    """Yield the paths of strings, map keys and bytes that no `redact` attribute covers."""
    if isinstance(schema, list):
        for branch in schema:
            yield from undeclared(branch, path, told)
    elif isinstance(schema, dict):
        yield from undeclared_inside(schema, path, told)
    elif schema in ("string", "bytes") and not told:
        yield path


def undeclared_inside(schema: dict[str, Any], path: str, told: bool) -> Iterator[str]:
    for field in schema.get("fields", ()):
        declared = field.get("redact") in TREATMENTS
        yield from undeclared(field["type"], f"{path}.{field['name']}", declared)
    if schema["type"] == "map" and not told:
        yield f"{path}{{key}}"
    if schema["type"] == "fixed" and not told:
        yield path
    inner = schema.get("items", schema.get("values"))
    if inner is not None:
        yield from undeclared(inner, path, told)
    elif schema["type"] not in ("record", "enum", "fixed"):
        yield from undeclared(schema["type"], path, told)


@pytest.mark.parametrize("name", FILES)
def test_every_string_declares_its_treatment(name: str) -> None:
    assert list(undeclared(definition(name), name, told=False)) == []


def test_a_forgotten_attribute_is_noticed() -> None:
    schema = {
        "type": "record",
        "name": "R",
        "fields": [
            {"name": "a", "type": ["null", "string"]},
            {"name": "m", "type": {"type": "map", "values": "long"}},
            {"name": "l", "type": {"type": "array", "items": "string"}, "redact": "hide"},
            {"name": "k", "type": "string", "redact": "keep"},
        ],
    }
    assert list(undeclared(schema, "R", told=False)) == ["R.a", "R.m{key}", "R.l"]


@pytest.mark.parametrize("name", ["Inference", "Feedback", "Interaction"])
def test_people_and_their_words_are_never_kept(name: str) -> None:
    treatments = {path: text.treatment for path, text in compile_plan(definition(name)).texts()}
    assert treatments["user_id"] == "pseudonym"
    words = ("response", "messages[].content", "attributes{}", "attributes{key}", "comment")
    words += ("correction", "label", "target", "edited_text", "error_type")
    assert {treatments[path] for path in words if path in treatments} == {"text"}
