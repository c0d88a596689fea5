"""One partition number: fence, restore, feed, commit.

House rules: (1) `fence` comes before the checkpoint is read, else a predecessor could still write
one. (2) Outputs, checkpoint and offsets go in one transaction. (3) After a failed commit the state
in memory is ahead of Kafka: the process ends, nothing is mended in place.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from confluent_kafka import Consumer

from schemas.errors import CorruptStateError, MissingDataError
from schemas.pace import Pace
from schemas.settings import Settings
from schemas.topics import Topic
from stream_jobs.runtime.checkpoint import Checkpoint, next_step, pack
from stream_jobs.runtime.restore import (
    available_offsets,
    check_not_lost,
    check_partitions,
    committed_offsets,
    last_checkpoint,
    start_offsets,
)
from stream_jobs.runtime.transactions import Transactions
from stream_jobs.stage import Chunk, Logic, Outbound, Restored

POSITION_COMMIT_S: Final = 1.0  # how soon a position that moved past markers only is committed


@dataclass(frozen=True)
class Stage:
    """A stage: its topics, and how the logic of one partition number is made."""

    name: str
    inputs: tuple[Topic, ...]
    checkpoints: Topic
    build: Callable[[Restored], Logic]
    report: Callable[[], dict[str, Any]] = dict  # further fields for the health endpoint


class Prepared(NamedTuple):
    """One commit: next offsets by topic, the checkpoint's bytes, metadata by topic."""

    next: dict[str, int]
    checkpoint: bytes
    metadata: dict[str, str]


class PartitionTask:
    """Everything that one partition number of a stage owns."""

    def __init__(
        self,
        stage: Stage,
        settings: Settings,
        partition: int,
        topic_ids: dict[str, str],
        partitions: int,
        member: Consumer,
    ) -> None:
        """Take ownership and restore; blocks for broker round trips: call it in a thread."""
        self.stage = stage
        self.partition = partition
        self._settings = settings
        self._ids, self._partitions = topic_ids, partitions
        kafka = settings.kafka
        self._transactions = Transactions(kafka, stage.name, partition, member)
        self._transactions.fence()
        where = f"stage {stage.name}, partition {partition}"
        names = [topic.name for topic in stage.inputs]
        checkpoint = last_checkpoint(
            kafka, stage.checkpoints.full(kafka.topic_prefix), partition, stage.name
        )
        check_not_lost(
            checkpoint, committed_offsets(kafka, stage.name, names, partition), stage.name
        )
        check_partitions(checkpoint, partitions, where)
        self.positions = start_offsets(
            checkpoint, topic_ids, available_offsets(kafka, names, partition), where
        )
        self._committed: dict[str, int] = dict(checkpoint.next) if checkpoint else {}
        self.logic = self._build(checkpoint, where)
        self._committed_s = time.monotonic()
        self._pace = Pace(settings.stage.commit_interval_ms / 1000)
        self.checkpoint_bytes = 0

    def _build(self, checkpoint: Checkpoint | None, where: str) -> Logic:
        state = None if checkpoint is None else checkpoint.state or None
        following = {**self.positions, **self._committed}
        try:
            return self.stage.build(
                Restored(self.partition, following, dict(self.positions), state)
            )
        except (CorruptStateError, MissingDataError) as error:
            raise type(error)(f"{where}: {error}. {next_step(self.stage.name)}") from None

    def offer(self, chunk: Chunk, now_ms: int) -> None:
        """Take what a fetch brought."""
        self.positions[chunk.topic] = chunk.position
        self.logic.offer(chunk, now_ms)

    def step(self, now_ms: int) -> bool:
        """Process what can be processed, writing into the open transaction; whether it wrote."""
        outputs = self.logic.step(now_ms)
        if outputs:
            self._transactions.write(outputs)
        return bool(outputs)

    def due(self, now_s: float) -> bool:
        """Whether a commit is due at monotonic time `now_s`."""
        since = now_s - self._committed_s
        if self._transactions.open:
            return since >= self._pace.interval_s
        return since >= POSITION_COMMIT_S and self.logic.next_offsets() != self._committed

    def dirty(self) -> bool:
        """Whether anything was processed since the last commit."""
        return self._transactions.open or self.logic.next_offsets() != self._committed

    def prepare(self) -> Prepared:
        """Return what the next commit says; on the loop's thread, after `step`."""
        following = self.logic.next_offsets()
        data = pack(
            Checkpoint(
                stage=self.stage.name,
                partition=self.partition,
                next=following,
                rewind=self.logic.rewind_offsets(),
                topic_ids=self._ids,
                state=self.logic.snapshot(),
                partitions=self._partitions,
            ),
            self._settings.stage.max_checkpoint_bytes,
        )
        return Prepared(following, data, self._metadata())

    def commit(self, prepared: Prepared) -> None:
        """Commit outputs, checkpoint and offsets; blocks: in a thread, with no `step` beside it."""
        began_s = time.monotonic()
        key = b"%d" % self.partition
        name = self.stage.checkpoints.name
        self._transactions.write([Outbound(name, key, prepared.checkpoint, self.partition)])
        offsets = {(topic, self.partition): offset for topic, offset in prepared.next.items()}
        self._transactions.commit(offsets, prepared.metadata)
        self._committed = prepared.next
        self._committed_s = time.monotonic()
        self._pace.took(self._committed_s - began_s)
        self.checkpoint_bytes = len(prepared.checkpoint)

    def _metadata(self) -> dict[str, str]:
        stats = {"t": int(time.time() * 1000), **self.logic.stats()}
        return {self.stage.inputs[0].name: json.dumps(stats, separators=(",", ":"))}

    def lag(self, ends: Sequence[tuple[str, int]]) -> int:
        """Return how many offsets lie between what is processed and `ends` [(topic, end)]."""
        following = self.logic.next_offsets()
        return sum(max(0, end - following.get(topic, 0)) for topic, end in ends)
