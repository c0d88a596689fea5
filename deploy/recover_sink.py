"""What keeps a sink from going on from its committed offsets, and how it can."""

from functools import partial
from pathlib import Path
from typing import Final

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError
from confluent_kafka import Consumer, TopicPartition
from urllib3.exceptions import HTTPError

from deploy.recover import Finding
from deploy.topics import admin
from schemas.errors import ConfigError, CorruptStateError, FencedError, SinkDown
from schemas.settings import Settings, clickhouse_config, kafka_config
from schemas.topics import WORKERS, group
from sinks import offsets
from sinks.intents import Committed, Source, from_metadata
from sinks.ledger import Ledger
from sinks.run import SINKS
from sinks.tables import table_of

TIMEOUT_S: Final = 10.0


def examine(settings: Settings, sink: str) -> list[Finding]:
    """Return each partition from which `sink` can't go on; [] if all is well.

    Raises MissingDataError (a topic is missing), BrokerDown, SinkDown.
    """
    return _Examination(settings, sink).findings()


class _Examination:
    """One look at all partitions of one sink; its consumer never joins the group."""

    def __init__(self, settings: Settings, sink: str) -> None:
        self._settings, self._sink = settings, sink
        prefix = settings.kafka.topic_prefix
        self._topics = [topic.full(prefix) for topic in WORKERS[sink]]
        self._root = Path(settings.parquet.path)
        self._store = SINKS[sink][0](settings)
        self._store.open()
        config = {"group.id": group(sink, prefix), "enable.auto.commit": False}
        self._consumer = Consumer({**kafka_config(settings.kafka), **config})

    def findings(self) -> list[Finding]:
        client = admin(self._settings)
        ids = offsets.topic_ids(client, self._topics)
        known = client.list_topics(timeout=TIMEOUT_S).topics
        sources = [
            Source(topic, ids[topic], number)
            for topic in self._topics
            for number in sorted(known[topic].partitions)
        ]
        asked = [TopicPartition(source.topic, source.partition) for source in sources]
        answers = offsets.ask(
            "committed offsets", lambda: self._consumer.committed(asked, timeout=TIMEOUT_S)
        )
        anew = [finding for topic in self._topics if (finding := self._anew(topic, ids[topic]))]
        pairs = [(s, a) for s, a in zip(sources, answers, strict=True) if a.offset >= 0]
        found = [self._examine(source, answer) for source, answer in pairs]
        return [*anew, *(finding for finding in found if finding is not None)]

    def _anew(self, topic: str, topic_id: str) -> Finding | None:
        """Return what is lost if the store was filled from another topic of this name."""
        noted = self._store.topic_ids(topic)
        if not noted or topic_id in noted:
            return None
        mend = partial(self._store.note_topic, topic, topic_id)
        return Finding(topic, "it was deleted and made anew", "what was not yet stored of it", mend)

    def _examine(self, source: Source, answer: TopicPartition) -> Finding | None:
        try:
            start = from_metadata(source, answer.offset, answer.metadata)
        except CorruptStateError as error:
            after = self._after_unknown(source, answer.offset)
            loss = f"nothing, if the promised batch ended before offset {after}"
            return self._finding(source, str(error), loss, after)
        try:
            stored = self._stored(source)
        except CorruptStateError as error:
            loss = "nothing: the promised batch is written again under the same names"
            return self._finding(source, str(error), loss, start.offset, start.end, ledger=True)
        return self._examine_offset(source, start, max(start.offset, stored))

    def _stored(self, source: Source) -> int:
        """Return the first offset that the store says it doesn't hold, 0 if it keeps no account."""
        if self._sink != "parquet":
            return 0
        ledger = Ledger(self._root, source)
        if not ledger.exists:
            raise CorruptStateError(f"{source}: {self._root}/_ledger knows nothing of it")
        return ledger.look()

    def _examine_offset(self, source: Source, start: Committed, following: int) -> Finding | None:
        low, high = offsets.bounds(self._consumer, source)
        if low <= following <= high:
            return None
        after = low if following < low else high
        why = f"offset {following} is next, the broker has {low} to {high}"
        loss = f"{max(0, low - following)} offsets"
        return self._finding(source, why, loss, after, ledger=start.offset != following)

    def _after_unknown(self, source: Source, offset: int) -> int:
        """Return where to go on after a promised batch from `offset` whose end isn't known."""
        if self._sink != "clickhouse":
            return offset  # the ledger knows what came after; receivers know an action by its id
        s = self._settings.clickhouse
        table = table_of(source.topic, self._settings.kafka.topic_prefix).name
        question = (
            f"SELECT max(_offset) + 1 FROM {table} "  # noqa: S608 - our own table's name
            "WHERE _partition = {partition:Int32} AND _offset >= {offset:Int64} HAVING count() > 0"
        )
        try:
            client = clickhouse_connect.get_client(**clickhouse_config(s))
            rows = client.query(question, {"partition": source.partition, "offset": offset})
        except (ClickHouseError, HTTPError, OSError) as error:
            raise SinkDown(f"ClickHouse {s.host}:{s.port}: {type(error).__name__}") from error
        return int(rows.result_rows[0][0]) if rows.result_rows else offset

    def _finding(
        self,
        source: Source,
        why: str,
        loss: str,
        after: int,
        end: int | None = None,
        ledger: bool = False,
    ) -> Finding:
        mend = partial(self._mend, source, Committed(after, end), ledger)
        return Finding(str(source), why.removeprefix(f"{source}: "), loss, mend)

    def _mend(self, source: Source, committed: Committed, ledger: bool) -> None:
        try:
            offsets.commit(self._consumer, {source: committed})
        except FencedError as error:
            raise ConfigError(
                f"stop every `feedloop worker {self._sink}` first: the group has members"
            ) from error
        if ledger and self._sink == "parquet":
            Ledger(self._root, source).restart_at(committed.offset)
