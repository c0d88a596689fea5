"""Drain against real transactions: markers, notes, aborted and open transactions."""

import threading
from collections.abc import Iterator

import pytest

from deploy.drain import Drained, drain
from deploy.flush import send_flush
from deploy.offsets import Offsets
from deploy.topics import apply_topics
from schemas.settings import Settings
from schemas.topics import (
    ENRICHED,
    FEEDBACK,
    FEEDBACK_REDACTED,
    INFERENCE,
    INFERENCE_REDACTED,
    INPUTS,
    INTERACTION,
    INTERACTION_REDACTED,
    METRICS,
    PARTIALS,
    RAW,
)
from tests.integration.producing import Stage, one_partition, produce

pytestmark = pytest.mark.broker

NOTE = '{"t": 1790000000000, "waiting": 3, "watermark": 1}'


@pytest.fixture
def one(settings: Settings) -> Settings:
    return one_partition(settings)


@pytest.fixture
def stages(one: Settings) -> Iterator[dict[str, Stage]]:
    made = {name: Stage(one, name) for name in INPUTS}
    yield made
    for stage in made.values():
        stage.close()


def test_everything_through_is_drained_and_the_joins_note_is_read(
    one: Settings, stages: dict[str, Stage]
) -> None:
    produce(one, INFERENCE, [b"i"] * 3)
    produce(one, FEEDBACK, [b"f"])
    stages["redact"].commit(
        {INFERENCE: 3, FEEDBACK: 1},
        {INFERENCE_REDACTED: [b"i"] * 3, FEEDBACK_REDACTED: [b"f"]},
    )
    # 3 records and the marker of their transaction; the note stands on the first topic.
    stages["join"].commit(
        {INFERENCE_REDACTED: 4, FEEDBACK_REDACTED: 2}, {ENRICHED: [b"e"], PARTIALS: [b"p"]}, NOTE
    )
    stages["decide"].commit({PARTIALS: 2}, {METRICS: [b"m"]})
    for sink in ("clickhouse", "parquet"):
        stages[sink].commit({INFERENCE_REDACTED: 4, ENRICHED: 2, METRICS: 2}, {})

    result = drain(Offsets(one), timeout_s=20)

    assert result.done, result.explain()
    assert result.waiting == 3


def test_a_marker_that_was_not_passed_keeps_it_waiting(
    one: Settings, stages: dict[str, Stage]
) -> None:
    produce(one, INFERENCE, [b"i"])
    stages["redact"].commit({INFERENCE: 1}, {INFERENCE_REDACTED: [b"i"]})
    stages["join"].commit({INFERENCE_REDACTED: 1}, {}, NOTE)

    result = drain(Offsets(one), timeout_s=1)

    name = f"{one.kafka.topic_prefix}inference.redacted[0]"
    assert result.stuck == {"join": {name: 1}}


def test_an_open_transaction_is_waited_for_and_an_aborted_one_is_not_work(
    one: Settings, stages: dict[str, Stage]
) -> None:
    produce(one, INFERENCE, [b"i"])
    stages["redact"].commit({INFERENCE: 1}, {})
    stages["redact"].write({INFERENCE_REDACTED: [b"i"]})

    assert list(drain(Offsets(one), timeout_s=0.5).stuck) == ["join"]

    stages["redact"].abort()
    stages["join"].commit({INFERENCE_REDACTED: 2}, {}, NOTE)
    for sink in ("clickhouse", "parquet"):
        stages[sink].commit({INFERENCE_REDACTED: 2}, {})
    assert drain(Offsets(one), timeout_s=20).done


def test_it_follows_work_that_goes_on_meanwhile(one: Settings, stages: dict[str, Stage]) -> None:
    produce(one, INTERACTION, [b"x"] * 5)
    results: list[Drained] = []
    thread = threading.Thread(target=lambda: results.append(drain(Offsets(one), timeout_s=60)))
    thread.start()
    stages["redact"].commit({INTERACTION: 5}, {INTERACTION_REDACTED: [b"x"] * 5})
    stages["join"].commit({INTERACTION_REDACTED: 6}, {ENRICHED: [b"e"] * 5}, NOTE)
    for sink in ("clickhouse", "parquet"):
        stages[sink].commit({ENRICHED: 6}, {})
    thread.join(60)
    assert results[0].done


def test_flush_puts_one_control_record_into_every_raw_partition(settings: Settings) -> None:
    apply_topics(settings)
    before = Offsets(settings).extents(RAW)
    assert send_flush(settings) == 3 * settings.kafka.partitions
    after = Offsets(settings).extents(RAW)
    assert {p: e.end - before[p].end for p, e in after.items()} == dict.fromkeys(before, 1)
