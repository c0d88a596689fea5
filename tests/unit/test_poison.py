"""Broken records at every stage's and sink's input: each set aside, all around them goes on."""

import base64
import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from schemas.catalog import definition, parsed
from schemas.codec import PREFIX_BYTES, decode, encode, frame
from schemas.errors import UndecodableRecord
from schemas.settings import JoinSettings, RedactSettings
from schemas.topics import (
    ACTION_RESULTS,
    DEAD_LETTERS,
    ENRICHED,
    INFERENCE,
    PARTIALS,
    RAW,
    REDACTED,
    STORED,
    Topic,
)
from schemas.writer_schema import WriterSchema
from sinks.decode import decode_rows
from sinks.tables import TABLES
from stream_jobs.decide.logic import DecideConfig
from stream_jobs.decide.stage import DecideStageConfig
from stream_jobs.join.config import JoinConfig
from stream_jobs.join.stage import JoinStage
from stream_jobs.redact.keys import parse_keys
from stream_jobs.redact.redactor import Redactor
from stream_jobs.redact.stage import RedactConfig
from stream_jobs.stage import Chunk, Logic, Outbound, Restored
from stream_jobs.window.windows import OpenWindows
from tests.conformance.samples import MAKERS
from tests.unit.join_driver import MINUTE, T0, Read, feedback, inference, interaction
from tests.unit.test_window_sums import head

LETTER = 99
NAMES = ("Inference", "Feedback", "Interaction", "Enriched", "Partial", "Metric", "Action",
         "ActionResult", "DeadLetter")  # fmt: skip
IDS = {name: number for number, name in enumerate(NAMES, 1)}
WRITERS = {n: WriterSchema(n, json.dumps(definition(name))) for name, n in IDS.items()}
LIMIT = 900_000


def schema_of(number: int) -> WriterSchema:
    if number not in WRITERS:
        raise UndecodableRecord("unknown_schema", f"no schema {number}")
    return WRITERS[number]


def redact(_: Topic) -> Logic:
    keys = parse_keys("k1:" + base64.b64encode(b"a" * 32).decode())
    redactor = Redactor(RedactSettings(), keys)
    return RedactConfig("p.", 10**15, LIMIT, LETTER, redactor, schema_of).build(Restored(0))


def join(_: Topic) -> Logic:
    settings = JoinSettings(arrival_hold_ms=0, session_hold_ms=0, align_wait_ms=0)
    config = JoinConfig("p.", settings, MINUTE, 1, 1, 11, 12, LETTER, schema_of)
    return JoinStage(config, Restored(0))


def decide(_: Topic) -> Logic:
    rules = DecideConfig.load(MINUTE, MINUTE)
    config = DecideStageConfig("p.", rules, {"metrics": 6, "actions": 7}, LETTER, schema_of)
    return config.build(Restored(0))


def partial(number: int) -> dict[str, Any]:
    windows = OpenWindows(MINUTE, 0, 1)
    windows.inference(head(event_time=T0 + number * MINUTE))
    return windows.flush()[0]


def event(topic: Topic, number: int) -> dict[str, Any]:
    """Return record `number` of an input topic."""
    if topic in (PARTIALS, ACTION_RESULTS):
        return partial(number) if topic is PARTIALS else MAKERS[STORED.index(topic)](number)
    if topic.schema == "Inference":
        return inference(f"inference-{number}", number / 10)[1]
    if topic.schema == "Feedback":
        return feedback(f"feedback-{number}", "ghost", number / 10, comment="a text")[1]
    return interaction(f"edit-{number}", "ghost", number / 10, "edit", edited_text="a text")[1]


class Poison(NamedTuple):
    """How a good body is spoilt, and the reason its dead letter must give."""

    name: str
    spoil: Callable[[bytes], bytes | None]
    reason: str


def no_text(body: bytes) -> bytes:
    """Put bytes that are no UTF-8 in place of the record's first letters."""
    at = next(n for n in range(PREFIX_BYTES, len(body)) if body[n : n + 3].isalpha())
    return body[:at] + b"\xff\xfe\xfd" + body[at + 3 :]


def wrong_type(body: bytes) -> bytes:
    other = "Metric" if body[4] != IDS["Metric"] else "Action"
    return frame(IDS[other], body[PREFIX_BYTES:])


POISONS = (
    Poison("null", lambda _: None, "not_framed"),
    Poison("not framed", lambda _: b"garbage", "not_framed"),
    Poison("cut in half", lambda body: body[: len(body) // 2], "undecodable"),
    Poison("cut by one byte", lambda body: body[:-1], "undecodable"),
    Poison("only the frame", lambda body: body[:PREFIX_BYTES], "undecodable"),
    Poison("no UTF-8", no_text, "undecodable"),
    Poison("unknown id", lambda body: frame(77, body[PREFIX_BYTES:]), "unknown_schema"),
    Poison("trailing bytes", lambda body: body + b"\x00", "trailing_bytes"),
    Poison("wrong type", wrong_type, "wrong_schema"),
    Poison(
        "a length without end",
        lambda body: body[:PREFIX_BYTES] + b"\xff" * 100_000,
        "undecodable",
    ),
)
PLACES = {"first": 0, "middle": 3, "last": 6}
INPUTS: tuple[tuple[Callable[[Topic], Logic], Topic], ...] = (
    *((redact, topic) for topic in RAW),
    *((join, topic) for topic in REDACTED),
    (decide, PARTIALS),
    (decide, ACTION_RESULTS),
)


def fed(logic: Logic, topic: Topic, bodies: list[bytes | None]) -> list[Outbound]:
    """Return what comes of `bodies`, the other topics of the stage being empty."""
    for other in (*RAW, *REDACTED, PARTIALS, ACTION_RESULTS):
        if other.name in logic.next_offsets() and other is not topic:
            logic.offer(Chunk(other.name, [], 0, at_end=True), T0)
    records = [Read(n, T0, b"k", body) for n, body in enumerate(bodies)]
    logic.offer(Chunk(topic.name, records, len(records), at_end=True), T0)
    outputs = logic.step(T0)
    while more := logic.step(T0):
        outputs += more
    assert logic.next_offsets()[topic.name] == len(bodies)
    return outputs


def letters(outputs: list[Outbound]) -> dict[int, str]:
    """Return {offset: reason} of the dead letters among `outputs`."""
    bodies = [o.value[PREFIX_BYTES:] for o in outputs if o.topic == DEAD_LETTERS.name and o.value]
    found = [decode(parsed("DeadLetter"), body) for body in bodies]
    assert len({letter["offset"] for letter in found}) == len(found)
    return {letter["offset"]: letter["reason"] for letter in found}


def rest(logic: Logic, outputs: list[Outbound]) -> tuple[list[Any], Any]:
    """Return all but dead letters, and what the logic remembers."""
    kept = [(o.topic, o.key, o.value) for o in outputs if o.topic != DEAD_LETTERS.name]
    return kept, {k: v for k, v in logic.stats().items() if k != "late"}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("poison", POISONS, ids=lambda poison: poison.name)
@pytest.mark.parametrize(
    ("build", "topic"), INPUTS, ids=[f"{build.__name__} {topic.name}" for build, topic in INPUTS]
)
def test_a_stage_sets_it_aside_and_goes_on(
    build: Callable[[Topic], Logic], topic: Topic, poison: Poison, place: str
) -> None:
    name = str(topic.schema)
    good = [frame(IDS[name], encode(parsed(name), event(topic, n))) for n in range(6)]
    clean, spoilt = build(topic), build(topic)
    expected = rest(clean, fed(clean, topic, list(good)))
    at = PLACES[place]
    outputs = fed(spoilt, topic, [*good[:at], poison.spoil(good[0]), *good[at:]])
    assert letters(outputs) == {at: poison.reason}
    assert rest(spoilt, outputs) == expected


UNSEEN = {"trailing bytes"}
"""What a sink doesn't see in `enriched`: it reads up to the texts of the nested inference."""


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("poison", POISONS, ids=lambda poison: poison.name)
@pytest.mark.parametrize("table", TABLES, ids=lambda table: str(table.name))
def test_a_sink_sets_it_aside_and_stores_the_rest(table: Any, poison: Poison, place: str) -> None:
    name, make = str(table.topic.schema), MAKERS[TABLES.index(table)]
    good = [frame(IDS[name], encode(parsed(name), make(n))) for n in range(6)]
    at = PLACES[place]
    bodies = [*good[:at], poison.spoil(good[0]), *good[at:]]
    raws = [(n, T0, body) for n, body in enumerate(bodies)]
    rows, refusals = decode_rows(table, 0, raws, schema_of)
    unseen = table.topic is ENRICHED and poison.name in UNSEEN
    expected = {} if unseen else {at: poison.reason}
    assert {refusal.offset: refusal.error.reason for refusal in refusals} == expected
    assert rows["_offset"].to_pylist() == [n for n in range(7) if n not in expected]
    pure = decode_rows(table, 0, [raw for raw in raws if raw[0] not in expected], schema_of)[0]
    assert rows.equals(pure)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("size", "kept"), [(LIMIT - 1_000, True), (LIMIT + 1, False)])
def test_a_text_of_900_kb_passes_up_to_the_limit(size: int, kept: bool, place: str) -> None:
    """Beyond FEEDLOOP_STAGE_MAX_RECORD_BYTES it is set aside; the longest one goes all the way."""
    small = [event(INFERENCE, n) for n in range(6)]
    huge = inference("huge", 1, response="word " * (size // 5))[1]
    at = PLACES[place]
    records = [*small[:at], huge, *small[at:]]
    bodies: list[bytes | None] = [frame(1, encode(parsed("Inference"), r)) for r in records]
    outputs = fed(redact(INFERENCE), INFERENCE, bodies)
    assert letters(outputs) == ({} if kept else {at: "too_large"})
    passed = [o.value for o in outputs if o.topic == REDACTED[0].name]
    assert len(passed) == 6 + kept
    assert letters(fed(join(REDACTED[0]), REDACTED[0], list(bodies))) == {}
    rows, refusals = decode_rows(
        TABLES[0], 0, [(n, T0, body) for n, body in enumerate(bodies)], schema_of
    )
    assert (rows.num_rows, refusals) == (7, [])


def test_a_comment_of_900_kb_is_joined_with_its_answer() -> None:
    said = feedback("huge", "inference-0", 1, kind="comment", comment="word " * 170_000)[1]
    logic = join(REDACTED[0])
    answer = frame(1, encode(parsed("Inference"), event(INFERENCE, 0)))
    fed(logic, REDACTED[0], [answer])
    record = Read(0, T0, b"k", frame(IDS["Feedback"], encode(parsed("Feedback"), said)))
    logic.offer(Chunk(REDACTED[1].name, [record], 1, at_end=True), T0)
    [body] = [o.value for o in logic.step(T0) if o.topic == ENRICHED.name]
    assert body is not None
    found = decode(parsed("Enriched"), body[PREFIX_BYTES:])
    assert (found["join_status"], found["signal"]["comment"]) == ("matched", said["comment"])
