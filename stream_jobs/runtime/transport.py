"""Whole batches in: a Faust transport whose consumer hands an agent each fetch as one value.

Stock Faust delivers record by record (160 to 230 µs each) and commits what was acknowledged, in
ways that lose offsets. Here a fetch reaches the agent's stream as one `Fetch`, and the runner, not
Faust, says where to start and when to commit: Faust keeps what it does well, group membership,
rebalancing, the worker.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, cast

from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from schemas.errors import FencedError, MissingDataError
from stream_jobs.runtime.checkpoint import next_step

FETCH_WAIT_MS = 50  # Faust hard-codes 1500: half a second of latency on average
POLL_S = 0.1
RETRY_MS = 300  # of a broker that is away: aiokafka's 100 ms keep a third of a core busy
NEVER_LEFT_BY_POLL_MS = 24 * 3_600_000  # a stuck loop shows as commit age, see health


class TopicFetch(NamedTuple):
    """What one fetch brought of one topic partition: everything from `start` up to `position`.

    Faust may hand over a fetch that was under way when the partition was sought elsewhere: only
    one that starts where the last one ended may be used.
    """

    start: int
    records: list[Any]
    position: int
    end: int  # last stable offset, as far as the broker has told
    at_end: bool


class Fetch(NamedTuple):
    """One fetch of all partitions in group generation `generation`."""

    generation: int
    parts: Mapping[TP, TopicFetch]


class Owner(Protocol):
    """Who decides on offsets: the runner of stage `name`."""

    name: str

    async def assigned(self, generation: int, partitions: set[TP]) -> dict[TP, int]:
        """Return where to read each of `partitions` from."""

    async def revoking(self) -> None:
        """Commit what can be committed: the partitions are about to be taken away."""

    async def failed(self, error: BaseException) -> None:
        """Reading failed for good."""


class ChunkThread(driver.AIOKafkaConsumerThread):
    """The consumer's thread; its client reads committed records only."""

    consumer: "ChunkConsumer"

    async def on_start(self) -> None:
        """Start the client; a worker with a slot ends when the group doesn't know it any more."""
        await super().on_start()
        if self.consumer.slot:
            assert self._consumer is not None
            coordinator = self._consumer._coordinator  # noqa: SLF001 - no public way
            coordinator.reset_generation = lambda: self._given_up(coordinator._closing.done())  # noqa: SLF001

    def _given_up(self, closing: bool) -> None:
        # aiokafka would join again, and take the slot from the process that has it by now.
        if closing:
            return
        error = FencedError(
            f"the group {self.app.conf.id} has given up the member in slot {self.consumer.slot!r}: "
            "it was silent too long, or another process took the slot"
        )
        asyncio.run_coroutine_threadsafe(self.consumer.owner.failed(error), self.parent_loop)

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        conf = self.app.conf
        auth = driver.credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context)
        return AIOKafkaConsumer(
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=self.consumer.slot or None,
            bootstrap_servers=driver.server_list(transport.url, transport.default_port),
            partition_assignment_strategy=[RangePartitionAssignor],  # keeps topics co-partitioned
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="none",  # a lost offset is fatal, never a jump
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            max_poll_interval_ms=NEVER_LEFT_BY_POLL_MS,
            metadata_max_age_ms=30_000,
            retry_backoff_ms=RETRY_MS,
            **auth,
        )

    async def _fetch_records(  # type: ignore[override]  # the same map, richer values
        self,
        consumer: AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 - Faust's signature
        max_records: int | None = None,
    ) -> dict[TP, TopicFetch]:
        before = self._positions(consumer, active_partitions)
        try:
            records = await super()._fetch_records(
                consumer, active_partitions, timeout=timeout, max_records=max_records
            )
        except NoOffsetForPartitionError:
            # The client looked for a committed offset before our seek: the seek is what counts.
            return {}
        after = self._positions(consumer, active_partitions)
        parts: dict[TP, TopicFetch] = {}
        for tp in before.keys() & after.keys():
            (start, _), (position, end) = before[tp], after[tp]
            at_end = end is not None and position >= end
            parts[tp] = TopicFetch(start, records.get(tp, []), position, end or 0, at_end)
        return parts

    @staticmethod
    def _positions(
        consumer: AIOKafkaConsumer, partitions: set[TP]
    ) -> dict[TP, tuple[int, int | None]]:
        """Return (position, last stable offset) of each partition that has a position."""
        subscription = consumer._subscription.subscription  # noqa: SLF001 - no public way
        assignment = None if subscription is None else subscription.assignment
        if assignment is None:
            return {}
        states = {tp: assignment.state_value(tp) for tp in partitions if tp in assignment.tps}
        return {
            tp: (state.position, state.lso)
            for tp, state in states.items()
            if state.has_valid_position
        }

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Do nothing: Faust's watch on acknowledged events doesn't apply to chunks."""


class ChunkConsumer(driver.Consumer):
    """Delivers each fetch whole to the one agent; seeks where the owner says; commits nothing."""

    owner: Owner
    slot: str  # the group's name for this worker, the same after a restart; empty: none

    def _new_consumer_thread(self) -> ChunkThread:
        return ChunkThread(self, loop=self.loop, beacon=self.beacon)

    async def perform_seek(self) -> None:
        """Ask the owner where each assigned partition starts, and go there."""
        assigned = {TP(tp.topic, tp.partition) for tp in self.assignment()}
        try:
            starts = await self.owner.assigned(self.app.consumer_generation_id, assigned)
        except Exception as error:  # Faust would only log it and go on without partitions
            await self.owner.failed(error)
            raise
        for tp, offset in starts.items():
            await self.seek(tp, offset)

    async def _seek(self, partition: TP, offset: int) -> None:
        # On the consumer's own thread: Faust seeks from another one, beside a fetch under way.
        async def go() -> None:
            self._thread.seek(partition, offset)

        await self._thread.call_thread(go)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Let the owner commit before the partitions go."""
        await self.owner.revoking()
        await super().on_partitions_revoked(revoked)

    async def _drain_messages(self, fetcher: Any) -> None:
        channel = next(iter(self.app.topics))
        while not (self.should_stop or fetcher.should_stop):
            try:
                parts, _ = await self._wait_next_records(POLL_S)
            except OffsetOutOfRangeError as error:
                await self.owner.failed(_missing(error, self.owner.name))
                raise
            await asyncio.sleep(0)
            if parts and self.flow_active and not self.should_stop:
                fetched = cast("Mapping[TP, TopicFetch]", parts)
                await channel.queue.put(Fetch(self.app.consumer_generation_id, fetched))

    async def commit(self, *_: Any, **__: Any) -> bool:
        """Commit nothing: the runner's transactions hold the offsets."""
        return False

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Do nothing: Faust's watch on acknowledged events doesn't apply to chunks."""


def transport_of(owner: Owner, slot: str = "") -> type[driver.Transport]:
    """Return Faust's aiokafka transport with our consumer, steered by `owner`."""
    steered = type("SteeredConsumer", (ChunkConsumer,), {"owner": owner, "slot": slot})
    return type("ChunkTransport", (driver.Transport,), {"Consumer": steered})


def _missing(error: OffsetOutOfRangeError, stage: str) -> MissingDataError:
    offsets = error.args[0] if error.args else {}
    places = ", ".join(f"{tp.topic}/{tp.partition} at {o}" for tp, o in dict(offsets).items())
    return MissingDataError(
        f"Kafka no longer has the next records ({places or 'unknown place'}): retention removed "
        f"them before they were read, or the topic was made anew. {next_step(stage)}"
    )
