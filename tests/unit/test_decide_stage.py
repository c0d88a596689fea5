"""The decide stage in a plain loop: records in, metrics out, offsets and state in step."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from schemas.catalog import definition, parsed
from schemas.codec import PREFIX_BYTES, decode, encode, frame
from schemas.errors import CorruptStateError, UndecodableRecord
from schemas.topics import ACTION_RESULTS, ACTIONS, DEAD_LETTERS, METRICS, PARTIALS
from schemas.writer_schema import WriterSchema
from stream_jobs.decide.logic import DecideConfig
from stream_jobs.decide.stage import SLICE, DecideStage, DecideStageConfig
from stream_jobs.stage import Chunk, Outbound, Restored
from stream_jobs.window.windows import OpenWindows
from tests.unit.test_window_sums import head

MINUTE = 60_000
NOW = 1_790_000_000_000
PARTIAL_ID, RESULT_ID, OLDER_ID = 4, 5, 6


def older_partial() -> dict[str, Any]:
    """The schema of a writer that had one more field than we know."""
    schema = json.loads(json.dumps(definition("Partial")))
    schema["fields"].append({"name": "extra", "type": "string", "default": ""})
    found: dict[str, Any] = schema
    return found


WRITERS = {
    PARTIAL_ID: WriterSchema(PARTIAL_ID, json.dumps(definition("Partial"))),
    RESULT_ID: WriterSchema(RESULT_ID, json.dumps(definition("ActionResult"))),
    OLDER_ID: WriterSchema(OLDER_ID, json.dumps(older_partial())),
}


def schema_of(number: int) -> WriterSchema:
    if number not in WRITERS:
        raise UndecodableRecord("unknown_schema", f"no schema {number}")
    return WRITERS[number]


CONFIG = DecideStageConfig(
    prefix="p.",
    decide=DecideConfig.load(MINUTE, MINUTE),
    output_schemas={METRICS.name: 21, ACTIONS.name: 22},
    dead_letter_schema=23,
    schema_of=schema_of,
)


@dataclass
class Read:
    offset: int
    value: bytes | None
    key: bytes | None = b"t"
    timestamp: int = NOW
    headers: tuple[tuple[str, bytes], ...] = ()


def window(start: int) -> list[bytes]:
    """Return what a join of one partition writes of one window: its sums, and that it is closed."""
    join = OpenWindows(MINUTE, 0, 1)
    join.inference(head(event_time=start))
    records = [*join.flush(), join.marker("closed", start + MINUTE)]
    return [frame(PARTIAL_ID, encode(parsed("Partial"), record)) for record in records]


def result() -> bytes:
    fields = {
        "action_id": "a1",
        "tenant_id": "t",
        "state": "accepted",
        "event_time": NOW,
        "by": "me",
        "detail": None,
        "new_model_version": None,
        "new_prompt_version": None,
    }
    return frame(RESULT_ID, encode(parsed("ActionResult"), fields))


def read(bodies: list[bytes | None], first: int = 0) -> list[Read]:
    return [Read(first + n, value) for n, value in enumerate(bodies)]


def offer(stage: DecideStage, records: list[Read], topic: str = PARTIALS.name) -> None:
    stage.offer(Chunk(topic, records, records[-1].offset + 1, at_end=True), NOW)


def drained(stage: DecideStage) -> list[Outbound]:
    outputs: list[Outbound] = []
    while any(map(stage.held, (PARTIALS.name, ACTION_RESULTS.name))):
        outputs += stage.step(NOW)
    return outputs


def starts(outputs: list[Outbound]) -> list[int]:
    bodies = [output.value for output in outputs if output.topic == METRICS.name]
    return [
        decode(parsed("Metric"), body[PREFIX_BYTES:])["window_start"] for body in bodies if body
    ]


def test_a_closed_window_comes_out_in_the_wire_format_under_its_tenant() -> None:
    stage = CONFIG.build(Restored(0))
    offer(stage, read([*window(0)]))
    [metric] = stage.step(NOW)
    assert (metric.topic, metric.key, metric.partition) == ("metrics", b"t", None)
    assert metric.value is not None
    assert metric.value[:PREFIX_BYTES] == b"\x00\x00\x00\x00\x15"
    record = decode(parsed("Metric"), metric.value[PREFIX_BYTES:])
    assert (record["window_start"], record["sums"]["inferences"]) == (0, 1)


@pytest.mark.parametrize("place", [0, 1, 4], ids=["first", "middle", "last"])
@pytest.mark.parametrize(
    ("reason", "number", "value"),
    [
        ("not_framed", None, b"?"),
        ("not_framed", None, None),
        ("unknown_schema", 99, frame(99, b"")),
        ("wrong_schema", RESULT_ID, result()),
        ("undecodable", PARTIAL_ID, window(0)[0][:-3]),
        ("trailing_bytes", PARTIAL_ID, window(0)[0] + b"!"),
    ],
)
def test_one_bad_record_is_set_aside_and_the_windows_around_it_close(
    place: int, reason: str, number: int | None, value: bytes | None
) -> None:
    bodies: list[bytes | None] = [*window(0), *window(MINUTE)]
    bodies.insert(place, value)
    stage = CONFIG.build(Restored(2))
    offer(stage, read(bodies, first=7))
    outputs = drained(stage)
    letters = [output for output in outputs if output.topic == DEAD_LETTERS.name]
    [letter] = [decode(parsed("DeadLetter"), o.value[PREFIX_BYTES:]) for o in letters if o.value]
    assert (letter["stage"], letter["reason"], letter["schema_id"]) == ("decide", reason, number)
    assert (letter["topic"], letter["partition"], letter["offset"]) == ("p.partials", 2, 7 + place)
    assert starts(outputs) == [0, MINUTE]


def test_records_of_another_schema_version_are_read() -> None:
    record = decode(parsed("Partial"), window(0)[0][PREFIX_BYTES:])
    body = frame(OLDER_ID, encode(WRITERS[OLDER_ID].parsed, {**record, "extra": "x"}))
    stage = CONFIG.build(Restored(0))
    offer(stage, read([body, window(0)[1]]))
    assert starts(drained(stage)) == [0]


def test_offsets_follow_the_slices_of_both_topics() -> None:
    stage = CONFIG.build(Restored(0, {PARTIALS.name: 100, ACTION_RESULTS.name: 50}))
    marker = window(0)[1]
    offer(stage, read([marker] * (SLICE + 2), first=100))
    offer(stage, read([result()], first=50), ACTION_RESULTS.name)
    assert stage.next_offsets() == {"partials": 100, "action-results": 50, "references": 0}
    assert stage.held(PARTIALS.name) == len(marker) * (SLICE + 2)
    stage.step(NOW)
    assert stage.next_offsets() == {"partials": 100 + SLICE, "action-results": 51, "references": 0}
    assert stage.held(PARTIALS.name) == len(marker) * 2
    stage.step(NOW)
    assert stage.next_offsets() == {"partials": 102 + SLICE, "action-results": 51, "references": 0}
    assert stage.rewind_offsets() == stage.next_offsets()


def test_a_restart_anywhere_changes_nothing() -> None:
    bodies: list[bytes | None] = [body for n in range(6) for body in window(n * MINUTE)]
    whole = CONFIG.build(Restored(0))
    offer(whole, read(bodies))
    expected = drained(whole)
    assert starts(expected) == [n * MINUTE for n in range(6)]
    for cut in range(1, len(bodies)):
        stage = CONFIG.build(Restored(0))
        offer(stage, read(bodies[:cut]))
        outputs = drained(stage)
        following = stage.next_offsets()
        stage = CONFIG.build(Restored(0, following, following, stage.snapshot()))
        offer(stage, read(bodies[cut:], first=cut))
        assert outputs + drained(stage) == expected, cut


def test_a_broken_snapshot_is_a_fatal_error() -> None:
    with pytest.raises(CorruptStateError):
        CONFIG.build(Restored(0, state=b"\xffnonsense"))
