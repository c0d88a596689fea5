"""A field is added in mid-stream: old and new records meet each other, also over a restart."""

import base64
import copy
import json
from itertools import product
from typing import Any

import pytest

from schemas.catalog import definition, parse, parsed
from schemas.codec import PREFIX_BYTES, decode, encode, frame, schema_id
from schemas.errors import UndecodableRecord
from schemas.settings import JoinSettings, RedactSettings
from schemas.topics import ENRICHED, FEEDBACK, INFERENCE, INTERACTION, PARTIALS, RAW, REDACTED
from schemas.writer_schema import WriterSchema
from sinks.decode import decode_rows
from sinks.tables import INFERENCES, SIGNALS
from stream_jobs.join.config import JoinConfig
from stream_jobs.join.stage import JoinStage
from stream_jobs.redact.keys import parse_keys
from stream_jobs.redact.redactor import Redactor
from stream_jobs.redact.stage import RedactConfig
from stream_jobs.stage import Chunk, Outbound, Restored
from tests.unit.join_driver import MINUTE, T0, Read, feedback, inference

EMAIL = "jane.doe@example.com"
OLD, NEW = 0, 10
IDS = {"Inference": 1, "Feedback": 2, "Enriched": 3, "Partial": 4}
ADDED = {
    "Inference": [
        {"name": "region", "type": "string", "default": "", "redact": "keep"},
        {"name": "notes", "type": ["null", "string"], "default": None, "redact": "text"},
    ],
    "Feedback": [
        {"name": "screen", "type": "string", "default": "", "redact": "keep"},
        {"name": "remark", "type": ["null", "string"], "default": None, "redact": "text"},
    ],
}
"""What a later version of a service writes beside what we know."""
MORE = {
    "Inference": {"region": "eu", "notes": EMAIL},
    "Feedback": {"screen": "s", "remark": EMAIL},
}


def later(name: str) -> dict[str, Any]:
    schema = copy.deepcopy(definition(name))
    schema["fields"] += ADDED[name]
    return schema


WRITERS = {
    **{n: WriterSchema(n, json.dumps(definition(name))) for name, n in IDS.items()},
    **{IDS[n] + NEW: WriterSchema(IDS[n] + NEW, json.dumps(later(n))) for n in ADDED},
}


def schema_of(number: int) -> WriterSchema:
    if number not in WRITERS:
        raise UndecodableRecord("unknown_schema", f"no schema {number}")
    return WRITERS[number]


def sent(name: str, fields: dict[str, Any], version: int) -> bytes:
    """Return the record as a service of that version sends it."""
    if version == OLD:
        return frame(IDS[name], encode(parsed(name), fields))
    more = {
        "Inference": {"region": "eu", "notes": EMAIL},
        "Feedback": {"screen": "s", "remark": EMAIL},
    }
    return frame(IDS[name] + NEW, encode(parse(later(name)), {**fields, **more[name]}))


PAIRS = [(str(n), answer, said) for n, (answer, said) in enumerate(product((OLD, NEW), repeat=2))]
"""A name, the version of an answer, the version of the thumb about it."""


def raw() -> dict[str, list[bytes]]:
    """Return answers and thumbs of every combination of versions."""
    found: dict[str, list[bytes]] = {INFERENCE.name: [], FEEDBACK.name: []}
    for number, (name, answer, said) in enumerate(PAIRS):
        fields = inference(f"i-{name}", number, session=name, response="an answer")[1]
        found[INFERENCE.name].append(sent("Inference", fields, answer))
        thumb = feedback(f"f-{name}", f"i-{name}", number + 0.5, session=name)[1]
        found[FEEDBACK.name].append(sent("Feedback", thumb, said))
    return found


def redacted() -> dict[str, list[Outbound]]:
    keys = parse_keys("k1:" + base64.b64encode(b"a" * 32).decode())
    redactor = Redactor(RedactSettings(), keys)
    stage = RedactConfig("p.", 10**15, 900_000, 99, redactor, schema_of).build(Restored(0))
    everything = {**raw(), INTERACTION.name: []}
    for topic, bodies in everything.items():
        records = [Read(n, T0, b"k", body) for n, body in enumerate(bodies)]
        stage.offer(Chunk(topic, records, len(records), at_end=True), T0)
    outputs: list[Outbound] = []
    while more := stage.step(T0):
        outputs += more
    return {t.name: [o for o in outputs if o.topic == t.name] for t in REDACTED}


def test_redact_passes_each_version_on_as_it_was_written_and_redacts_its_new_texts() -> None:
    before, after = raw(), redacted()
    for topic, out in zip(RAW[:2], REDACTED[:2], strict=True):
        bodies = [o.value or b"" for o in after[out.name]]
        assert [schema_id(b) for b in bodies] == [schema_id(b) for b in before[topic.name]]
        assert not [body for body in bodies if EMAIL.encode() in body]
        for body in bodies:
            if schema_id(body) > NEW:
                record = decode(WRITERS[schema_id(body)].parsed, body[PREFIX_BYTES:])
                assert record.get("region", "eu") == "eu"
                assert record.get("screen", "s") == "s"


@pytest.mark.parametrize("cut", range(len(PAIRS) + 1))
def test_old_and_new_meet_in_the_join_through_a_restart_and_both_are_stored(cut: int) -> None:
    config = JoinConfig(
        "p.", JoinSettings(align_wait_ms=0), MINUTE, 1, 1, IDS["Enriched"], 4, 99, schema_of
    )
    topics = redacted()
    out = _joined(config, {t: o[:cut] for t, o in topics.items()}, topics)
    bodies = [o.value or b"" for o in out if o.topic == ENRICHED.name]
    found = [decode(parsed("Enriched"), body[PREFIX_BYTES:]) for body in bodies]
    assert {(e["signal"]["event_id"], e["join_status"]) for e in found} == {
        (f"f-{name}", "matched") for name, _, _ in PAIRS
    }
    assert len(found) == len(PAIRS)
    assert all(e["inference"]["response"] == "an answer" for e in found)
    raws = [(n, T0, body) for n, body in enumerate(bodies)]
    signals, refused = decode_rows(SIGNALS, 0, raws, schema_of)
    assert (signals.num_rows, refused) == (len(PAIRS), [])
    answers = [(n, T0, o.value) for n, o in enumerate(topics[REDACTED[0].name])]
    stored, refused = decode_rows(INFERENCES, 0, answers, schema_of)
    assert refused == []
    assert stored["inference_id"].to_pylist() == [f"i-{name}" for name, _, _ in PAIRS]
    assert set(stored["response"].to_pylist()) == {"an answer"}


def _joined(
    config: JoinConfig, before: dict[str, list[Outbound]], all_: dict[str, list[Outbound]]
) -> list[Outbound]:
    """Return what comes of `before`, a restart, and all of it read on."""
    first = JoinStage(config, Restored(0))
    out = _offer(first, before, dict.fromkeys(before, 0))
    following, rewind, state = first.next_offsets(), first.rewind_offsets(), first.snapshot()
    second = JoinStage(config, Restored(0, following, rewind, state))
    return out + _offer(second, all_, rewind)


def _offer(
    stage: JoinStage, topics: dict[str, list[Outbound]], start: dict[str, int]
) -> list[Outbound]:
    for topic, records in topics.items():
        read = [Read(n, T0, o.key, o.value) for n, o in enumerate(records)][start[topic] :]
        stage.offer(Chunk(topic, read, len(records), at_end=True), T0)
    return [o for o in stage.step(T0) if o.topic != PARTIALS.name]
