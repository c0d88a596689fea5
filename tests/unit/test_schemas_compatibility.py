"""A change that would cut off old readers or writers is refused, with the field and the remedy."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy import compatibility
from schemas.catalog import FILES, definition
from schemas.compatibility import breaks
from schemas.errors import ConfigError

Change = Callable[[dict[str, Any]], None]


def field(schema: dict[str, Any], name: str) -> dict[str, Any]:
    return next(f for f in schema["fields"] if f["name"] == name)


def add(**new: Any) -> Change:
    return lambda schema: schema["fields"].append(new)


def remove(name: str) -> Change:
    return lambda schema: schema["fields"].remove(field(schema, name))


def change(target: str, /, **new: Any) -> Change:
    return lambda schema: field(schema, target).update(new)


def enum(name: str, act: Callable[[dict[str, Any]], None]) -> Change:
    return lambda schema: act(field(schema, name)["type"])


def nested(name: str, act: Change) -> Change:
    return lambda schema: act(field(schema, name)["type"]["items"])


def rename(schema: dict[str, Any]) -> None:
    schema["name"] = "Answer"


def turn_round(schema: dict[str, Any]) -> None:
    schema["fields"].reverse()


@dataclass(frozen=True)
class Case:
    name: str
    change: Change
    expected: tuple[str, ...]  # what each line must say; () if compatible


CASES = (
    Case("nothing", lambda schema: None, ()),
    Case("a field with a default is added", add(name="x", type="int", default=0), ()),
    Case("a field with a default is removed", remove("language"), ()),
    Case("fields change places", turn_round, ()),
    Case("a new doc", change("response", doc="new words"), ()),
    Case("another default", change("response", default="?"), ()),
    Case(
        "a symbol is added to an enum with default",
        enum("status", lambda e: e["symbols"].append("new")),
        (),
    ),
    Case("string becomes bytes", change("model_version", type="bytes"), ()),
    Case(
        "a field without default is added",
        add(name="x", type="int"),
        ("Inference.x: the field was added without a default",),
    ),
    Case(
        "a field without default is removed",
        remove("session_id"),
        ("Inference.session_id: the field was removed",),
    ),
    Case(
        "a field is renamed",
        change("session_id", name="session"),
        ("Inference.session_id: the field was removed", "Inference.session: the field was added"),
    ),
    Case(
        "int becomes long",
        change("latency_ms", type="long"),
        ("Inference.latency_ms: the type changed from int to long",),
    ),
    Case(
        "a field becomes optional",
        change("model_version", type=["null", "string"], default=None),
        ("Inference.model_version: the type changed from string to union of null, string",),
    ),
    Case(
        "a branch is added",
        change("segment", type=["null", "string", "int"]),
        ("Inference.segment: branch int was added",),
    ),
    Case(
        "a branch is removed",
        change("segment", type=["null"]),
        ("Inference.segment: branch string was removed",),
    ),
    Case(
        "millis become micros",
        change("event_time", type={"type": "long", "logicalType": "timestamp-micros"}),
        ("Inference.event_time: the type changed from timestamp-millis to timestamp-micros",),
    ),
    Case(
        "a unit is lost",
        change("event_time", type="long"),
        ("Inference.event_time: the type changed from timestamp-millis to plain",),
    ),
    Case(
        "a nested field without default is added",
        nested("retrieved", add(name="rank", type="int")),
        ("Retrieved.rank: the field was added without a default",),
    ),
    Case(
        "a nested type changes",
        nested("messages", change("content", type="int")),
        ("Message.content: the type changed from string to int",),
    ),
    Case(
        "map values change",
        change("attributes", type={"type": "map", "values": "int"}),
        ("Inference.attributes: the type changed from string to int",),
    ),
    Case("a record is renamed", rename, ("Inference: record Inference was renamed to Answer",)),
    Case(
        "an enum is renamed",
        enum("status", lambda e: e.update(name="State")),
        ("Inference.status: enum Status was renamed to State",),
    ),
    Case(
        "an enum loses symbol and default",
        enum("status", lambda e: (e.pop("default"), e["symbols"].remove("timeout"))),
        ("Status.timeout: the symbol was removed and the enum has no default",),
    ),
)


def mutated(act: Change, name: str = "Inference") -> dict[str, Any]:
    schema = copy.deepcopy(definition(name))
    act(schema)
    return schema


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_change_is_judged(case: Case) -> None:
    found = breaks(definition("Inference"), mutated(case.change))
    assert len(found) == len(case.expected), found
    for line, expected in zip(map(str, found), case.expected, strict=True):
        assert line.startswith(expected)
        assert "; " in line, "each line says how to mend it"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_taking_a_change_back_is_judged_alike(case: Case) -> None:
    """FULL is symmetric: what can't be deployed can't be rolled back either.

    But for an enum that loses a symbol together with its default: old readers have a default.
    """
    back = breaks(mutated(case.change), definition("Inference"))
    assert bool(back) == bool(case.expected), back


def test_a_symbol_can_not_be_added_to_a_released_enum_without_default() -> None:
    old = mutated(enum("status", lambda e: e.pop("default")))
    found = breaks(old, mutated(enum("status", lambda e: e["symbols"].append("new"))))
    assert [b.where for b in found] == ["Status.new"]


@pytest.mark.parametrize("name", FILES)
def test_every_schema_is_compatible_with_itself(name: str) -> None:
    assert breaks(definition(name), definition(name)) == []


def test_todays_schemas_are_released_or_compatible() -> None:
    assert compatibility.check() == []
    assert set(compatibility.released()) == set(FILES)


def test_all_releases_count_not_only_the_last(tmp_path: Path) -> None:
    first = definition("Inference")
    without = mutated(remove("language"))
    (tmp_path / "inference.v1.avsc").write_text(json.dumps(first))
    (tmp_path / "inference.v2.avsc").write_text(json.dumps(without))
    now = mutated(change("language", type="int", default=0))

    lines = compatibility.check(
        tmp_path, lambda name: now if name == "Inference" else definition(name)
    )

    assert len(lines) == 1
    assert "inference.v1.avsc" in lines[0]
    assert "Inference.language" in lines[0]


def test_release_writes_what_changed_and_nothing_else(tmp_path: Path) -> None:
    assert len(compatibility.release(tmp_path)) == len(FILES)
    assert compatibility.release(tmp_path) == []
    more = mutated(add(name="x", type="int", default=0))

    written = compatibility.release(tmp_path, lambda n: more if n == "Inference" else definition(n))

    assert [path.name for path in written] == ["inference.v2.avsc"]
    assert compatibility.released(tmp_path)["Inference"] == {1: definition("Inference"), 2: more}


def test_release_refuses_a_break_and_writes_nothing(tmp_path: Path) -> None:
    compatibility.release(tmp_path)
    broken = mutated(remove("session_id"))
    before = sorted(tmp_path.iterdir())

    with pytest.raises(ConfigError, match=r"Inference\.session_id"):
        compatibility.release(tmp_path, lambda n: broken if n == "Inference" else definition(n))

    assert sorted(tmp_path.iterdir()) == before


def test_a_stray_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "inferences.v1.avsc").write_text("{}")
    with pytest.raises(ConfigError, match=r"inferences\.v1\.avsc"):
        compatibility.released(tmp_path)
