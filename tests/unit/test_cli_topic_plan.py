"""Topics are created whole, corrected with care, and never repartitioned or shortened."""

from dataclasses import replace

import pytest

from deploy.topic_plan import (
    MAX_MESSAGE_BYTES,
    Found,
    Step,
    check_co_partitioned,
    plan,
    wanted_config,
)
from schemas.errors import ConfigError
from schemas.settings import KafkaSettings
from schemas.topics import CHECKPOINTS_JOIN, DAY_MS, ENRICHED, INFERENCE, METRICS, TOPICS

KAFKA = KafkaSettings(topic_prefix="t.", partitions=6)


def as_wanted(kafka: KafkaSettings = KAFKA) -> dict[str, Found]:
    return {
        t.full("t."): Found(kafka.partitions, wanted_config(t, kafka.replication)) for t in TOPICS
    }


def with_config(name: str, **config: str) -> dict[str, Found]:
    found = as_wanted()
    config = {key.replace("_", "."): value for key, value in config.items()}
    found[name] = replace(found[name], config={**found[name].config, **config})
    return found


def step(steps: list[Step], name: str) -> Step:
    return next(s for s in steps if s.name == name)


def test_an_empty_broker_gets_every_topic_in_the_order_of_the_flow() -> None:
    steps = plan(KAFKA, {})
    assert [s.topic for s in steps] == list(TOPICS)
    assert all(s.create and s.partitions == 6 for s in steps)


def test_a_second_time_changes_nothing() -> None:
    assert not [s for s in plan(KAFKA, as_wanted()) if s.create or s.changes or s.notes]


def test_raw_topics_are_stamped_by_the_broker_and_kept_a_day() -> None:
    config = wanted_config(INFERENCE, 1)
    assert config["message.timestamp.type"] == "LogAppendTime"
    assert config["retention.ms"] == str(DAY_MS)


def test_checkpoints_are_compacted_and_have_no_retention() -> None:
    config = wanted_config(CHECKPOINTS_JOIN, 1)
    assert config["cleanup.policy"] == "compact"
    assert "retention.ms" not in config


@pytest.mark.parametrize(("replication", "expected"), [(1, None), (2, None), (3, "2"), (5, "4")])
def test_a_replicated_topic_survives_the_loss_of_one_broker(
    replication: int, expected: str | None
) -> None:
    assert wanted_config(ENRICHED, replication).get("min.insync.replicas") == expected


def test_a_shorter_retention_is_corrected() -> None:
    enriched = step(plan(KAFKA, with_config("t.enriched", retention_ms="1000")), "t.enriched")
    assert enriched.changes == {"retention.ms": str(7 * DAY_MS)}
    assert "was 1000" in enriched.notes[0]


@pytest.mark.parametrize("kept", ["-1", str(400 * DAY_MS)])
def test_a_longer_retention_stays_with_a_note(kept: str) -> None:
    enriched = step(plan(KAFKA, with_config("t.enriched", retention_ms=kept)), "t.enriched")
    assert not enriched.changes
    assert kept in enriched.notes[0]


def test_a_smaller_message_limit_is_raised() -> None:
    found = with_config("t.enriched", max_message_bytes="1048588")
    changes = step(plan(KAFKA, found), "t.enriched").changes
    assert changes == {"max.message.bytes": str(MAX_MESSAGE_BYTES)}


def test_another_partition_count_than_the_settings_is_kept() -> None:
    found = {name: replace(f, partitions=3) for name, f in as_wanted().items()}
    steps = plan(KAFKA, found)
    assert {s.partitions for s in steps} == {3}
    assert "settings say 6" in steps[0].notes[0]


def test_a_missing_topic_gets_the_count_of_its_group() -> None:
    found = {name: replace(f, partitions=3) for name, f in as_wanted().items()}
    del found["t.enriched"], found["t.metrics"], found["t.dead-letters"]
    steps = plan(KAFKA, found)
    assert step(steps, "t.enriched").partitions == 3
    assert step(steps, "t.metrics").partitions == 3
    assert step(steps, "t.dead-letters").partitions == 6, "it is joined with nothing"


def test_counts_that_differ_are_an_error_that_names_the_odd_one() -> None:
    found = as_wanted()
    found["t.feedback"] = replace(found["t.feedback"], partitions=8)
    with pytest.raises(ConfigError, match=r"--topic t\.feedback") as raised:
        plan(KAFKA, found)
    assert "t.feedback: 8" in str(raised.value)
    assert "t.inference" in str(raised.value)


def test_groups_are_checked_each_by_itself() -> None:
    counts = {t.full("t."): 4 if t.co_partitioned == METRICS.co_partitioned else 12 for t in TOPICS}
    check_co_partitioned("t.", counts)
