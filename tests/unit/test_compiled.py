"""Code made for our schemas reads and writes what fastavro does, or leaves it to fastavro."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalog import FILES, definition, head, parse, parsed
from schemas.codec import decode, decode_head, decode_head_to, encode
from schemas.compiled_lines import NotCompilable
from schemas.compiled_writer import compiled_writer
from schemas.errors import UndecodableRecord
from sinks.decode import _enriched_head

WRITTEN_BY_FASTAVRO = {"Enriched"}  # a signal is one of two records: its type doesn't say which
LONG, INT = 2**63, 2**31
WRONG = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.binary(), st.just(()))
Foreign = dict[str, Any]


def foreign(name: str) -> Foreign:
    """The same schema as an object that nothing was compiled for."""
    return parse(definition(name))


def values(schema: Any, named: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values of a parsed schema."""
    if isinstance(schema, list):
        return st.one_of([values(branch, named) for branch in schema])
    if isinstance(schema, str):
        return values(named[schema], named) if schema in named else PLAIN[schema]
    if "name" in schema:
        named[schema["name"]] = schema
    return MAKERS.get(schema["type"], lambda s, _: PLAIN[s["type"]])(schema, named)


def records(schema: Any, named: dict[str, Any]) -> st.SearchStrategy[Any]:
    made = {field["name"]: values(field["type"], named) for field in schema["fields"]}
    left_out = [field["name"] for field in schema["fields"] if "default" in field]
    needed = {name: value for name, value in made.items() if name not in left_out}
    return st.fixed_dictionaries(needed, optional={name: made[name] for name in left_out})


PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(-INT, INT - 1),
    "long": st.integers(-LONG, LONG - 1),
    "double": st.one_of(st.floats(allow_nan=False), st.integers(-INT, INT)),
    "string": st.text(max_size=80),
}
MAKERS: dict[str, Callable[[Any, dict[str, Any]], st.SearchStrategy[Any]]] = {
    "record": records,
    "enum": lambda schema, _: st.sampled_from(schema["symbols"]),
    "array": lambda schema, named: st.lists(values(schema["items"], named), max_size=3),
    "map": lambda schema, named: st.dictionaries(
        st.text(max_size=70), values(schema["values"], named), max_size=3
    ),
}


def outcome(call: Callable[[], Any]) -> Any:
    """What a call returns, or the type and text of what it raises."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - all of them are compared
        return type(error), str(error)


def spoil(record: Any, data: st.DataObject) -> None:
    """Put something wrong in one place, however deep."""
    names = sorted(record) if isinstance(record, dict) else range(len(record))
    name = data.draw(st.sampled_from(names))
    inner = record[name]
    if isinstance(inner, (dict, list)) and inner and data.draw(st.booleans()):
        spoil(inner, data)
    elif data.draw(st.booleans()):
        record[name] = data.draw(WRONG)
    else:
        del record[name]


@pytest.mark.parametrize("name", FILES)
@given(data=st.data())
def test_the_same_is_written(name: str, data: st.DataObject) -> None:
    record = data.draw(values(foreign(name), {}))
    assert encode(parsed(name), record) == encode(foreign(name), record)


@pytest.mark.parametrize("name", sorted(set(FILES) - WRITTEN_BY_FASTAVRO))
@given(data=st.data())
def test_what_is_right_needs_no_fastavro(name: str, data: st.DataObject) -> None:
    record = data.draw(values(foreign(name), {}))
    assert compiled_writer(parsed(name))(record) == encode(foreign(name), record)


@pytest.mark.parametrize("name", FILES)
@given(data=st.data())
def test_what_does_not_fit_is_refused_the_same(name: str, data: st.DataObject) -> None:
    record = data.draw(values(foreign(name), {}))
    spoil(record, data)
    again = copy.deepcopy(record)
    assert outcome(lambda: encode(parsed(name), record)) == outcome(
        lambda: encode(foreign(name), again)
    )


def damaged(body: bytes, data: st.DataObject) -> list[bytes]:
    """`body` with up to three bytes changed; that cut somewhere, and with a byte too many."""
    changed = bytearray(body)
    for _ in range(data.draw(st.integers(0, 3)) if body else 0):
        changed[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    whole = bytes(changed)
    return [whole, whole[: data.draw(st.integers(0, len(body)))], whole + b"\x00"]


@pytest.mark.parametrize("name", FILES)
@given(data=st.data())
def test_the_same_is_read_of_whole_and_damaged_bodies(name: str, data: st.DataObject) -> None:
    body = encode(foreign(name), data.draw(values(foreign(name), {})))
    for payload in damaged(body, data):
        ours = outcome(lambda payload=payload: decode(parsed(name), payload))
        theirs = outcome(lambda payload=payload: decode(foreign(name), payload))
        assert repr(ours) == repr(theirs)  # NaN is like itself so


HEADS = {
    "Inference": head("Inference", "retrieved"),
    "Feedback": head("Feedback", "retracts"),
    "Enriched": _enriched_head(),
}


@pytest.mark.parametrize("name", HEADS)
@given(data=st.data())
def test_the_same_is_read_of_heads(name: str, data: st.DataObject) -> None:
    ours, theirs = HEADS[name], copy.deepcopy(HEADS[name])
    body = encode(foreign(name), data.draw(values(foreign(name), {})))
    for payload in damaged(body, data):
        assert repr(outcome(lambda payload=payload: decode_head_to(ours, payload))) == repr(
            outcome(lambda payload=payload: decode_head_to(theirs, payload))
        )


def test_a_head_is_read_from_where_it_begins() -> None:
    fields = {"enriched_id": "e", "join_status": "late", "polarity": -1}
    fields |= {"lag_ms": 5, "edit_ratio": None}
    schema = head("Enriched", "edit_ratio")
    body = encode(schema, fields)
    assert decode_head(schema, b"12345" + body + b"rest", 5) == fields
    with pytest.raises(UndecodableRecord, match="at byte"):
        decode_head(schema, b"12345" + body[:-1], 5)


def test_a_union_that_types_do_not_tell_apart_is_left_to_fastavro() -> None:
    with pytest.raises(NotCompilable):
        compiled_writer(parsed("Enriched"))
