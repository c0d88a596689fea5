"""Bodies to rows; what can't be a row is refused, alone."""

import json
from typing import Any

import pytest

from schemas.catalog import definition, parsed
from schemas.codec import encode, frame
from schemas.errors import RegistryDown, UndecodableRecord
from schemas.topics import STORED
from schemas.writer_schema import WriterSchema
from sinks.decode import _enriched_head, decode_rows
from sinks.tables import INFERENCES, METRICS_TABLE, SIGNALS, TABLES
from tests.conformance.samples import MAKERS, enriched, inference, metric

CURRENT, EXTENDED, OTHER = 1, 2, 3


def schema_of(number: int) -> WriterSchema:
    if number == EXTENDED:
        schema = {**definition("Inference")}
        new = {"name": "temperature", "type": ["null", "double"], "default": None}
        schema["fields"] = [*schema["fields"][:3], new, *schema["fields"][3:]]
        return WriterSchema(number, json.dumps(schema))
    if number == OTHER:
        return WriterSchema(number, json.dumps(definition("Metric")))
    raise UndecodableRecord("unknown_schema", f"no schema {number}")


def schemas_for(name: str) -> Any:
    def of(number: int) -> WriterSchema:
        if number == CURRENT:
            return WriterSchema(number, json.dumps(definition(name)))
        return schema_of(number)

    return of


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_sample_becomes_a_row(table: Any) -> None:
    name, make = table.topic.schema, MAKERS[STORED.index(table.topic)]
    bodies = [frame(CURRENT, encode(parsed(name), make(number))) for number in range(5)]
    raws = [(10 + at, 7, body) for at, body in enumerate(bodies)]
    rows, refusals = decode_rows(table, 3, raws, schemas_for(name))
    assert refusals == []
    assert rows.schema == table.arrow
    assert rows["_offset"].to_pylist() == [10, 11, 12, 13, 14]
    assert rows["_partition"].to_pylist() == [3] * 5


def test_sums_are_flattened_by_name() -> None:
    body = frame(CURRENT, encode(parsed("Metric"), metric(1)))
    rows, _ = decode_rows(METRICS_TABLE, 0, [(0, 0, body)], schemas_for("Metric"))
    row = rows.to_pylist()[0]
    assert (row["inferences"], row["negative"], row["positive"]) == (2, 1, 0)
    assert (row["latency_ms_n"], row["latency_ms_sum"], row["latency_ms_sum_squares"]) == (2, 3, 5)
    assert (row["kinds"], row["latency_bins"]) == ([("thumbs", 1)], [0, 2])


BAD = {
    "null": None,
    "empty": b"",
    "unframed": b"hello there",
    "unknown_schema": frame(99, b""),
    "wrong_schema": frame(OTHER, b""),
    "truncated": frame(CURRENT, encode(parsed("Inference"), inference(1))[:-3]),
    "trailing": frame(CURRENT, encode(parsed("Inference"), inference(1)) + b"\x00"),
    "too_late": frame(CURRENT, encode(parsed("Inference"), inference(1) | {"event_time": 2**60})),
    "before_1970": frame(CURRENT, encode(parsed("Inference"), inference(1) | {"event_time": -1})),
}
REASONS = {
    "null": "not_framed",
    "empty": "not_framed",
    "unframed": "undecodable",
    "truncated": "undecodable",
    "trailing": "trailing_bytes",
    "too_late": "invalid",
    "before_1970": "invalid",
}
BAD["unframed"] = b"\x01\x00\x00\x00\x01abc"
REASONS["unframed"] = "not_framed"


@pytest.mark.parametrize("place", [0, 1, 2], ids=["first", "middle", "last"])
@pytest.mark.parametrize("name", BAD)
def test_one_bad_record_is_refused_alone(name: str, place: int) -> None:
    good = frame(CURRENT, encode(parsed("Inference"), inference(1)))
    bodies = [good, good]
    bodies.insert(place, BAD[name])  # type: ignore[arg-type]
    raws = [(at, 7, body) for at, body in enumerate(bodies)]
    rows, refusals = decode_rows(INFERENCES, 0, raws, schemas_for("Inference"))
    assert rows["_offset"].to_pylist() == [at for at in range(3) if at != place]
    assert [(refusal.offset, refusal.error.reason) for refusal in refusals] == [
        (place, REASONS.get(name, name))
    ]


def test_a_refusal_quotes_nothing_of_the_record() -> None:
    secret = inference(1) | {"event_time": 2**60, "response": "anna@example.com"}
    body = frame(CURRENT, encode(parsed("Inference"), secret))
    _, refusals = decode_rows(INFERENCES, 0, [(0, 0, body)], schemas_for("Inference"))
    assert "anna" not in str(refusals)
    assert str(2**60) not in str(refusals)
    assert refusals[0].schema_id == CURRENT


def test_a_newer_writer_is_read_with_our_schema() -> None:
    writer = schema_of(EXTENDED)
    body = frame(EXTENDED, encode(writer.parsed, inference(1) | {"temperature": 0.5}))
    rows, refusals = decode_rows(INFERENCES, 0, [(0, 0, body)], schemas_for("Inference"))
    assert refusals == []
    assert rows["inference_id"].to_pylist() == ["i-1"]
    assert rows["response"].to_pylist() == ["so"]


def test_a_silent_registry_refuses_nothing() -> None:
    def down(number: int) -> WriterSchema:
        raise RegistryDown(f"no answer for {number}")

    with pytest.raises(RegistryDown):
        decode_rows(INFERENCES, 0, [(0, 0, frame(CURRENT, b""))], down)


def test_signals_never_look_at_the_texts_of_the_inference() -> None:
    record = enriched(1)
    whole = encode(parsed("Enriched"), record)
    head = encode(_enriched_head(), record)
    assert whole.startswith(head)
    rows, refusals = decode_rows(
        SIGNALS, 0, [(0, 0, frame(CURRENT, head + b"\xff\xff"))], schemas_for("Enriched")
    )
    assert refusals == []
    assert rows["doc_ids"].to_pylist() == [["d-1", "d"]]


def test_long_texts_and_large_numbers_are_read() -> None:
    record = inference(1) | {"response": "ü" * 100_000, "latency_ms": 2**31 - 1}
    record["attributes"] = {f"k{number}": "v" * number for number in range(200)}
    body = frame(CURRENT, encode(parsed("Inference"), record))
    rows, _ = decode_rows(INFERENCES, 0, [(0, 0, body)], schemas_for("Inference"))
    row = rows.to_pylist()[0]
    assert (row["response"], row["latency_ms"]) == (record["response"], record["latency_ms"])
    assert dict(row["attributes"]) == record["attributes"]
