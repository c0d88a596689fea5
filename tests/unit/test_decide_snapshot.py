"""A snapshot of decide that an earlier build of the same version wrote is still read.

`python -m tests.unit.test_decide_snapshot` writes one for a new VERSION, and prints its shape.
"""

import sys
import types
import typing
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec

from stream_jobs.decide.logic import VERSION, Decide, Out, _Closed, _State
from tests.unit.test_decide_effects import REPAIRED, executed, repaired_world
from tests.unit.test_decide_logic import MINUTE, SHIPPED, actions, partials

FILE = Path(__file__).parent / "snapshots" / f"decide-{VERSION}.bin"
SHAPES = {3: 2438313453}
"""By version. A field with a default at the end of its struct may be added: write the new number
here and keep the file. Anything else needs a new VERSION, and its file."""
PARTIALS = list(partials(repaired_world(), 1))


def played(decide: Decide, inputs: list[tuple[dict[str, Any], int]]) -> list[Out]:
    return [out for record, now_ms in inputs for out in decide.on_partial(record, now_ms)]


def until_repaired() -> tuple[Decide, int]:
    """Return decide with an action that was worked on, and how many partials it has taken."""
    decide: Decide = SHIPPED.build()
    outs: list[Out] = []
    for number, (record, now_ms) in enumerate(PARTIALS):
        if decide.watermark >= REPAIRED * MINUTE:
            [opened] = [a for a in actions(outs) if a["state"] == "opened"]
            decide.on_result(executed(opened), now_ms)
            decide.on_result({**executed(opened), "state": "muted", "tenant_id": "other"}, now_ms)
            return decide, number
        outs += decide.on_partial(record, now_ms)
    raise AssertionError("the world ended before the repair")


def test_an_older_snapshot_of_this_version_goes_on() -> None:
    _, taken = until_repaired()
    decide = SHIPPED.build(FILE.read_bytes())
    [episode] = decide._episodes.all()
    said = [a for a in actions(played(decide, PARTIALS[taken:])) if a["state"] != "renewed"]
    assert {a["action_id"] for a in said} == {episode.action_id}
    assert sorted(a["state"] for a in said) == ["cleared", "measured"]
    [measured] = [a for a in said if a["state"] == "measured"]
    assert measured["effect"]["verdict"] == "helped"


def shape(kind: Any, seen: frozenset[type] = frozenset()) -> str:
    """Return the types and order of all fields within `kind`, as text."""
    origin = typing.get_origin(kind)
    if origin is not None:
        inner = ",".join(shape(part, seen) for part in typing.get_args(kind))
        name = "|" if origin in (types.UnionType, typing.Union) else origin.__name__
        return f"{name}[{inner}]"
    if isinstance(kind, type) and kind not in seen and hasattr(kind, "__annotations__"):
        hints = typing.get_type_hints(kind)
        names = getattr(kind, "__struct_fields__", getattr(kind, "_fields", ()))
        fields = (f"{name}:{shape(hints[name], seen | {kind})}" for name in names)
        return f"{kind.__name__}({','.join(fields)})"
    return getattr(kind, "__name__", str(kind))


def current() -> int:
    return crc32(f"{shape(_State)} {shape(_Closed)}".encode())


def test_the_shape_of_the_state_is_what_the_version_says() -> None:
    assert issubclass(_State, msgspec.Struct)
    assert current() == SHAPES[VERSION], "see SHAPES"


if __name__ == "__main__":
    if not FILE.exists():
        FILE.write_bytes(until_repaired()[0].snapshot())
    print(f"{FILE}: {FILE.stat().st_size} bytes; shape {current()}", file=sys.stderr)
