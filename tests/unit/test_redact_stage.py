"""The redact stage in a plain loop: one record in, one out, in order; the bad ones set aside."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from schemas.catalog import definition, parsed
from schemas.codec import PREFIX_BYTES, decode, encode, frame
from schemas.errors import UndecodableRecord
from schemas.settings import RedactSettings
from schemas.topics import CONTROL_HEADER, DEAD_LETTERS, FEEDBACK, FLUSH, INFERENCE, INTERACTION
from schemas.writer_schema import WriterSchema
from stream_jobs.redact.keys import parse_keys
from stream_jobs.redact.redactor import Redactor
from stream_jobs.redact.stage import SLICE, SLICE_MS, RedactConfig, RedactStage
from stream_jobs.redact.tally import Tally
from stream_jobs.stage import Chunk, Outbound, Restored

NOW = 1_790_000_000_000
BOUND = 300_000
ROOM = 2_000  # bytes of a record
KEYS = parse_keys("k1:" + base64.b64encode(b"a" * 32).decode())
REDACTOR = Redactor(RedactSettings(), KEYS)
EMAIL = "jane.doe@example.com"
FEEDBACK_ID, INFERENCE_ID = 2, 1
WRITERS = {
    number: WriterSchema(number, json.dumps(definition(name)))
    for number, name in ((INFERENCE_ID, "Inference"), (FEEDBACK_ID, "Feedback"))
}


def schema_of(number: int) -> WriterSchema:
    if number not in WRITERS:
        raise UndecodableRecord("unknown_schema", f"no schema {number}")
    return WRITERS[number]


CONFIG = RedactConfig(
    prefix="p.",
    future_bound_ms=BOUND,
    max_record_bytes=ROOM,
    dead_letter_schema=9,
    redactor=REDACTOR,
    schema_of=schema_of,
)


@dataclass
class Read:
    offset: int
    value: bytes | None
    key: bytes | None = b"key"
    timestamp: int = NOW
    headers: list[tuple[str, bytes]] = field(default_factory=list)


def event(number: int, **other: Any) -> dict[str, Any]:
    return {
        "event_id": f"e{number}",
        "inference_id": "i1",
        "session_id": f"s{number}",
        "user_id": None,
        "tenant_id": "t",
        "event_time": NOW,
        "kind": "comment",
        "value": None,
        "author": "user",
        "source": "chat",
        "retracts": None,
        "label": None,
        "comment": "fine",
        "correction": None,
        **other,
    }


def body(number: int = 0, **other: Any) -> bytes:
    return frame(FEEDBACK_ID, encode(parsed("Feedback"), event(number, **other)))


def control(offset: int) -> Read:
    return Read(offset, None, b"flush-1", headers=[(CONTROL_HEADER, FLUSH)])


def built(start: int = 0) -> RedactStage:
    return CONFIG.build(Restored(3, {FEEDBACK.name: start}))


def chunk(records: list[Read], topic: str = FEEDBACK.name, at_end: bool = True) -> Chunk:
    return Chunk(topic, records, records[-1].offset + 1 if records else 0, at_end)


def quiet(stage: RedactStage, *topics: str) -> None:
    """Say that the other topics hold nothing."""
    for topic in topics or (INFERENCE.name, INTERACTION.name):
        stage.offer(Chunk(topic, [], 0, at_end=True), NOW)


def run(records: list[Read]) -> list[Outbound]:
    stage = built()
    quiet(stage)
    stage.offer(chunk(records), NOW)
    outputs = stage.step(NOW)
    assert stage.step(NOW) == []
    return outputs


def text_of(output: Outbound) -> dict[str, Any]:
    assert output.value is not None
    name = "DeadLetter" if output.topic == DEAD_LETTERS.name else "Feedback"
    return decode(parsed(name), output.value[PREFIX_BYTES:])


@dataclass(frozen=True)
class Poison:
    reason: str
    value: bytes | None
    schema: int | None = FEEDBACK_ID


POISONS = [
    Poison("not_framed", b"jane.doe@example.com", None),
    Poison("not_framed", None, None),  # a tombstone, which is no control record
    Poison("unknown_schema", frame(77, b"jane.doe@example.com"), 77),
    Poison("wrong_schema", frame(INFERENCE_ID, body()[5:]), INFERENCE_ID),
    Poison("undecodable", body(comment="jane.doe@example.com")[:-20]),
    Poison("trailing_bytes", body() + b"jane.doe@example.com"),
    Poison("invalid", body(session_id="")),
    Poison("invalid", body(event_time=NOW // 1000)),
    Poison("future_event_time", body(event_time=NOW + BOUND + 1)),
    Poison("too_large", body(comment="x" * ROOM)),
    # every one of these grows when it is redacted
    Poison("too_large", body(comment="a@b.co " * 200)),
]


@pytest.mark.parametrize("place", [0, 2, 4], ids=["first", "middle", "last"])
@pytest.mark.parametrize("poison", POISONS, ids=lambda p: f"{p.reason}-{len(p.value or b'')}")
def test_one_bad_record_of_a_chunk_is_set_aside_and_the_others_pass(
    poison: Poison, place: int
) -> None:
    records = [Read(10 + n, body(n)) for n in range(5)]
    records[place] = Read(10 + place, poison.value)
    outputs = run(records)
    assert len(outputs) == 5
    letter = text_of(outputs.pop(place))
    assert letter | {"dead_letter_id": "", "detail": ""} == {
        "dead_letter_id": "",
        "stage": "redact",
        "reason": poison.reason,
        "detail": "",
        "topic": "p.feedback",
        "partition": 3,
        "offset": 10 + place,
        "schema_id": poison.schema,
        "event_time": NOW,
    }
    assert "jane" not in letter["detail"]
    good = [n for n in range(5) if n != place]
    assert [text_of(output)["event_id"] for output in outputs] == [f"e{n}" for n in good]
    assert [output.key for output in outputs] == [f"s{n}".encode() for n in good]
    assert {(output.topic, output.partition) for output in outputs} == {("feedback.redacted", 3)}


@pytest.mark.parametrize(
    ("event_time", "reasons"), [(NOW + BOUND, []), (NOW + BOUND + 1, ["future_event_time"])]
)
def test_the_bound_of_the_future(event_time: int, reasons: list[str]) -> None:
    outputs = run([Read(0, body(event_time=event_time))])
    letters = [text_of(output) for output in outputs if output.topic == DEAD_LETTERS.name]
    assert [letter["reason"] for letter in letters] == reasons


def test_the_limit_of_a_record_is_a_size_that_passes() -> None:
    fill = ROOM - len(body(comment="x" * 100)) + 100
    assert len(body(comment="x" * fill)) == ROOM
    assert [output.topic for output in run([Read(0, body(comment="x" * fill))])] == [
        "feedback.redacted"
    ]


def test_too_large_says_before_or_after_and_names_the_setting() -> None:
    before, after = run([Read(0, body(comment="x" * ROOM)), Read(1, body(comment="a@b.co " * 200))])
    setting = f"FEEDLOOP_STAGE_MAX_RECORD_BYTES={ROOM}"
    assert setting in text_of(before)["detail"]
    assert "after redaction" not in text_of(before)["detail"]
    assert f"after redaction, more than {setting}" in text_of(after)["detail"]


def test_control_records_pass_with_key_and_headers_in_their_place() -> None:
    outputs = run([Read(0, body(0)), control(1), Read(2, b"poison"), Read(3, body(3))])
    passed = outputs[1]
    assert passed == Outbound("feedback.redacted", b"flush-1", None, 3, [(CONTROL_HEADER, FLUSH)])
    assert [output.topic for output in outputs] == [
        "feedback.redacted",
        "feedback.redacted",
        "dead-letters",
        "feedback.redacted",
    ]


def test_what_is_redacted_is_counted_in_a_header() -> None:
    first, second = run([Read(0, body(comment="jane.doe@example.com")), Read(1, body())])
    assert first.value is not None
    assert b"jane" not in first.value
    assert first.headers == [("feedloop-redactions", b'{"EMAIL_ADDRESS":1}')]
    assert second.headers is None


def test_what_is_redacted_is_told_to_the_health_endpoint_by_type() -> None:
    config = replace(CONFIG, tally=Tally())
    stage = config.build(Restored(3, {FEEDBACK.name: 0}))
    quiet(stage)
    bodies = [
        body(comment="jane.doe@example.com"),
        b"jane@example.com",
        body(comment="a@b.co c@d.co"),
    ]
    stage.offer(chunk([Read(n, value) for n, value in enumerate(bodies)]), NOW)
    stage.step(NOW)
    assert config.tally.report() == {"redactions": {"EMAIL_ADDRESS": 3}}


def test_steps_go_slice_by_slice_and_the_next_offset_follows() -> None:
    stage = built(start=10)
    quiet(stage)
    size = len(body(100))
    count = 2 * SLICE + 5
    stage.offer(chunk([Read(10 + n, body(100)) for n in range(count)]), NOW)
    seen = [(stage.next_offsets()[FEEDBACK.name], stage.held(FEEDBACK.name))]
    while outputs := stage.step(NOW):
        assert len(outputs) <= SLICE
        seen.append((stage.next_offsets()[FEEDBACK.name], stage.held(FEEDBACK.name)))
    assert seen == [(10 + n, size * (count - n)) for n in (0, SLICE, 2 * SLICE, count)]
    assert stage.rewind_offsets() == stage.next_offsets()


def test_a_restart_goes_on_at_the_next_offset() -> None:
    records = [Read(n, body(n)) for n in range(SLICE + 9)]
    stage = built()
    quiet(stage)
    stage.offer(chunk(records), NOW)
    first = stage.step(NOW)
    following = stage.next_offsets()[FEEDBACK.name]
    again = built(following)
    quiet(again)
    again.offer(chunk(records[following:]), NOW)
    outputs = first + again.step(NOW)
    assert [text_of(output)["event_id"] for output in outputs] == [
        f"e{n}" for n in range(SLICE + 9)
    ]


def test_the_position_past_transaction_markers_is_the_next_offset_once_all_is_done() -> None:
    stage = built()
    quiet(stage)
    stage.offer(Chunk(FEEDBACK.name, [Read(0, body())], 4, at_end=True), NOW)
    assert stage.next_offsets()[FEEDBACK.name] == 0
    stage.step(NOW)
    assert stage.next_offsets()[FEEDBACK.name] == 4


def test_topics_are_taken_in_the_order_of_arrival() -> None:
    stage = built()
    quiet(stage, INTERACTION.name)
    stage.offer(chunk([Read(0, body(0), timestamp=NOW)]), NOW)
    assert stage.step(NOW) == []  # inference may still bring an earlier one
    bad = Read(0, b"poison", timestamp=NOW - 1)
    stage.offer(chunk([bad], INFERENCE.name), NOW)
    steps: list[Callable[[], list[Outbound]]] = [lambda: stage.step(NOW)] * 3
    assert [[output.topic for output in step()] for step in steps] == [
        ["dead-letters"],
        ["feedback.redacted"],
        [],
    ]


def test_wherever_a_commit_falls_the_topics_are_in_step() -> None:
    """A stage that died in a catch-up once left feedback seconds ahead of its inferences.

    The join waits for the rest only so long; then windows closed without it.
    """
    stage = built()
    arrivals = range(NOW, NOW + 20_000, 50)
    for topic in (FEEDBACK.name, INFERENCE.name, INTERACTION.name):
        reads = [Read(n, b"poison", timestamp=at) for n, at in enumerate(arrivals)]
        stage.offer(chunk(reads, topic), NOW)
    while stage.step(NOW):
        following = stage.next_offsets().values()
        assert (max(following) - min(following)) * 50 <= SLICE_MS + 50
    assert set(following) == {len(arrivals)}


def test_a_catch_up_does_not_believe_at_once_that_a_topic_is_empty() -> None:
    """A broker that was just restarted says that a topic ends where it last noted that."""
    stage = replace(CONFIG, align_wait_ms=3_000).build(Restored(3, {FEEDBACK.name: 0}))
    quiet(stage)
    stage.offer(chunk([Read(1, body(1), timestamp=NOW - 60_000)]), NOW)
    assert stage.step(NOW) == []
    stage.offer(chunk([Read(0, b"poison", timestamp=NOW - 61_000)], INFERENCE.name), NOW + 500)
    quiet(stage, INTERACTION.name)
    stage.offer(Chunk(INTERACTION.name, [], 0, at_end=True), NOW + 3_500)
    assert [output.topic for output in stage.step(NOW + 3_500)] == ["dead-letters"]
    stage.offer(Chunk(INFERENCE.name, [], 1, at_end=True), NOW + 3_500)
    assert [output.topic for output in stage.step(NOW + 3_500)] == ["feedback.redacted"]


class Lengths:
    """A model whose topics are the lengths of the prompts."""

    def label(self, prompts: Sequence[str]) -> list[str]:
        return [f"length-{len(prompt)}" for prompt in prompts]


def asked(said: list[tuple[str, str]], topic: str | None = None) -> dict[str, Any]:
    return {
        "inference_id": "i1",
        "session_id": "s1",
        "tenant_id": "t",
        "event_time": NOW,
        "model_version": "m",
        "prompt_version": "p",
        "status": "ok",
        "latency_ms": 1,
        "input_tokens": 1,
        "output_tokens": 1,
        "prompt_topic": topic,
        "messages": [{"role": role, "content": content} for role, content in said],
    }


@pytest.mark.parametrize(
    ("inference", "topic"),
    [
        (asked([("user", "abc"), ("assistant", "x"), ("user", "abcd")]), "length-4"),
        (asked([("user", "abc"), ("assistant", "x")]), "length-3"),
        (asked([("system", "ab")]), "length-2"),
        (asked([]), "length-0"),
        (asked([("user", "abc")], "returns"), "returns"),
        (asked([("user", EMAIL)]), f"length-{len(REDACTOR.redact_text(EMAIL, 't')[0])}"),
    ],
    ids=["last question", "question", "no user", "nothing", "the sender's word", "redacted first"],
)
def test_a_prompt_gets_its_topic(inference: dict[str, Any], topic: str) -> None:
    stage = replace(CONFIG, topics=Lengths()).build(Restored(3, {}))
    value = frame(INFERENCE_ID, encode(parsed("Inference"), inference))
    stage.offer(chunk([Read(0, value)], INFERENCE.name), NOW)
    quiet(stage, FEEDBACK.name, INTERACTION.name)
    (output,) = stage.step(NOW)
    assert output.value is not None
    assert decode(parsed("Inference"), output.value[PREFIX_BYTES:])["prompt_topic"] == topic
