"""Creates and checks the Kafka topics; safe to run again and from several places at once."""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from deploy.topic_plan import Found, Step, check_co_partitioned, plan
from schemas.errors import BrokerDown, ConfigError
from schemas.settings import Settings, kafka_config
from schemas.topics import TOPICS

TIMEOUT_S: Final = 30.0
_POLL_S: Final = 0.1  # between looks at the metadata; a new topic shows within a few of these


def apply_topics(settings: Settings, timeout_s: float = TIMEOUT_S) -> list[Step]:
    """Make all topics as they should be; return what was done, one step per topic.

    Creates what is missing, corrects configuration, and waits until the broker shows both, with a
    leader for every partition; never deletes, shortens or repartitions. Raises ConfigError (counts
    that differ, a refused setting), BrokerDown (no answer within `timeout_s`).
    """
    client = admin(settings)
    deadline = time.monotonic() + timeout_s
    steps = plan(settings.kafka, _found(client, settings, timeout_s))
    _create(client, [step for step in steps if step.create], settings.kafka.replication, timeout_s)
    _alter(client, [s for s in steps if s.changes and not s.create], timeout_s)
    _await(lambda: _without_leader(client, steps, deadline), deadline)
    _await(lambda: _not_serving(client, steps, deadline), deadline)
    if any(step.changes for step in steps):
        _await(lambda: _not_as_wanted(client, settings, deadline), deadline)
    return steps


def list_topics(settings: Settings, timeout_s: float = TIMEOUT_S) -> list[Step]:
    """Return what `apply_topics` would do, and do nothing. Raises as it does."""
    return plan(settings.kafka, _found(admin(settings), settings, timeout_s))


def partition_counts(settings: Settings, timeout_s: float = TIMEOUT_S) -> dict[str, int]:
    """Return {full name: partitions} of our topics that exist, checked for co-partitioning.

    Raises ConfigError if counts differ within a group, BrokerDown.
    """
    counts = _counts(admin(settings), settings, timeout_s)
    check_co_partitioned(settings.kafka.topic_prefix, counts)
    return counts


def admin(settings: Settings) -> AdminClient:
    """Return an admin client that keeps librdkafka's log lines to itself."""
    return AdminClient({**kafka_config(settings.kafka), "log_level": 0})


def _counts(client: AdminClient, settings: Settings, timeout_s: float) -> dict[str, int]:
    try:
        known = client.list_topics(timeout=timeout_s).topics
    except KafkaException as error:
        raise _down(settings, error) from error
    names = [topic.full(settings.kafka.topic_prefix) for topic in TOPICS]
    return {name: len(known[name].partitions) for name in names if name in known}


def _found(client: AdminClient, settings: Settings, timeout_s: float) -> dict[str, Found]:
    counts = _counts(client, settings, timeout_s)
    if not counts:
        return {}
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in counts]
    answers = client.describe_configs(resources, request_timeout=timeout_s)
    found = {}
    for resource, future in answers.items():
        entries = _result(future, f"describe {resource.name}")
        config = {entry.name: entry.value for entry in entries.values()}
        found[resource.name] = Found(counts[resource.name], config)
    return found


def _create(client: AdminClient, steps: list[Step], replication: int, timeout_s: float) -> None:
    if not steps:
        return
    new = [
        NewTopic(
            step.name, step.partitions, replication_factor=replication, config=dict(step.changes)
        )
        for step in steps
    ]
    for name, future in client.create_topics(new, request_timeout=timeout_s).items():
        _result(future, f"create {name}", KafkaError.TOPIC_ALREADY_EXISTS)


def _alter(client: AdminClient, steps: Iterable[Step], timeout_s: float) -> None:
    resources = [
        ConfigResource(ResourceType.TOPIC, step.name, incremental_configs=_entries(step.changes))
        for step in steps
    ]
    if resources:
        answers = client.incremental_alter_configs(resources, request_timeout=timeout_s)
        for resource, future in answers.items():
            _result(future, f"configure {resource.name}")


def _entries(changes: Mapping[str, str]) -> list[ConfigEntry]:
    return [
        ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
        for key, value in changes.items()
    ]


def _result(future: "Future[Any]", what: str, *harmless: int) -> Any:
    try:
        return future.result()
    except KafkaException as error:
        cause = error.args[0]
        if cause.code() in harmless:  # somebody else was faster; the counts are checked again
            return None
        if cause.retriable() or cause.code() in (KafkaError._TIMED_OUT, KafkaError._TRANSPORT):  # noqa: SLF001 - public constants of librdkafka
            raise BrokerDown(f"could not {what}: {cause.str()}") from error
        raise ConfigError(
            f"could not {what}: {cause.str()}; check FEEDLOOP_KAFKA_REPLICATION, "
            "FEEDLOOP_KAFKA_PARTITIONS and the rights of this user"
        ) from error


def _await(missing: Callable[[], list[str]], deadline: float) -> None:
    # A broker accepts a change first and shows it a little later.
    while names := missing():
        if time.monotonic() > deadline:
            raise BrokerDown(f"the broker doesn't show {', '.join(names)} yet; run it again")
        time.sleep(_POLL_S)


def _not_as_wanted(client: AdminClient, settings: Settings, deadline: float) -> list[str]:
    left = max(1.0, deadline - time.monotonic())
    steps = plan(settings.kafka, _found(client, settings, left))
    return [step.name for step in steps if step.create or step.changes]


def _without_leader(client: AdminClient, steps: list[Step], deadline: float) -> list[str]:
    known = client.list_topics(timeout=max(1.0, deadline - time.monotonic())).topics
    missing = []
    for step in steps:
        topic = known.get(step.name)
        partitions = topic.partitions.values() if topic and topic.error is None else ()
        if len(partitions) != step.partitions or any(p.leader < 0 for p in partitions):
            missing.append(step.name)
    return missing


def _not_serving(client: AdminClient, steps: list[Step], deadline: float) -> list[str]:
    # The metadata names a leader a moment before that leader knows of its office.
    request = {
        TopicPartition(step.name, number): OffsetSpec.latest()
        for step in steps
        for number in range(step.partitions)
    }
    left = max(1.0, deadline - time.monotonic())
    answers = client.list_offsets(request, request_timeout=left)
    silent = {tp.topic for tp, future in answers.items() if future.exception() is not None}
    return sorted(silent)


def _down(settings: Settings, error: KafkaException) -> BrokerDown:
    return BrokerDown(
        f"Kafka at {settings.kafka.bootstrap} doesn't answer ({error.args[0].str()}): "
        "is it running, and is FEEDLOOP_KAFKA_BOOTSTRAP right?"
    )
