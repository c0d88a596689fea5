"""Runs the partition tasks of one stage in one process: offers, steps, commits, look-ups."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, Final, Protocol

from confluent_kafka import Consumer
from faust.types import TP

from schemas.errors import RetriableError
from schemas.health import Health
from schemas.settings import Settings, kafka_config
from schemas.topics import group
from stream_jobs.runtime.partition import PartitionTask, Stage
from stream_jobs.runtime.schema_cache import SchemaCache
from stream_jobs.runtime.topic_watch import TopicWatch
from stream_jobs.runtime.transport import Fetch, TopicFetch
from stream_jobs.stage import Chunk

TICK_S: Final = 0.05
HELD_BYTES: Final = 4 << 20  # of one topic partition, queued before reading pauses
REVOKE_PATIENCE_S: Final = 10.0

Lookup = Callable[[Sequence[Any]], Mapping[Any, dict[str, Any] | None]]


class Reader(Protocol):
    """The part of Faust's consumer that the runner steers."""

    def pause_partitions(self, tps: set[TP]) -> None:
        """Stop fetching."""

    def resume_partitions(self, tps: set[TP]) -> None:
        """Fetch again."""

    async def seek(self, partition: TP, offset: int) -> None:
        """Fetch from `offset` on."""


def now_ms() -> int:
    """Return the wall clock in ms."""
    return int(time.time() * 1000)


class Runner:
    """Owner of all partition numbers that the group assigns to this process.

    Any error while reading, stepping or committing is given to `on_failure`, which ends the
    process: state in memory is never mended, the next process restores from the checkpoint.
    """

    def __init__(
        self,
        stage: Stage,
        settings: Settings,
        health: Health,
        schemas: SchemaCache,
        lookup: Lookup | None,
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self._stage = stage
        self._settings = settings
        self._health = health
        self._schemas = schemas
        self._lookup = lookup
        self._on_failure = on_failure
        self._prefix = len(settings.kafka.topic_prefix)
        self._tasks: dict[int, PartitionTask] = {}
        self._busy: dict[int, asyncio.Future[None]] = {}
        self._lookups: set[asyncio.Task[None]] = set()  # the loop itself keeps no task alive
        self._paused: set[TP] = set()
        self._ends: dict[TP, int] = {}
        self._generation = -1
        self._active = False
        self._stopping = False
        self._wake = asyncio.Event()
        self._pool = ThreadPoolExecutor(32, thread_name_prefix=f"{stage.name}-commit")
        self._member = Consumer(
            kafka_config(settings.kafka)
            | {"group.id": group(stage.name, settings.kafka.topic_prefix)}
        )
        self._watch = TopicWatch(stage, settings)
        self.name = stage.name
        self.reader: Reader | None = None

    # --- what Faust's consumer asks (transport.Owner) ---

    async def assigned(self, generation: int, partitions: set[TP]) -> dict[TP, int]:
        """Take over `partitions`; return where to read each from.

        A partition number that stayed ours from the generation before keeps its state: nobody
        else can have owned it in between.
        """
        numbers = {tp.partition for tp in partitions}
        kept = self._tasks if generation == self._generation + 1 else {}
        self._tasks = {p: task for p, task in kept.items() if p in numbers}
        self._paused.clear()
        self._ends.clear()
        new = sorted(numbers - set(self._tasks))
        await self._in_thread(self._check_topics)
        restored = await asyncio.gather(*(self._in_thread(self._restore, p) for p in new))
        self._tasks.update(zip(new, restored, strict=True))
        self._generation = generation
        self._active = True
        self._health.update(state="running", partitions=sorted(numbers))
        self._wake.set()
        return {
            tp: self._tasks[tp.partition].positions[tp.topic[self._prefix :]] for tp in partitions
        }

    async def revoking(self) -> None:
        """Commit all that is processed, bounded in time; then stand still until assigned."""
        self._active = False
        await self._commit_all()

    async def failed(self, error: BaseException) -> None:
        """End the process."""
        self._on_failure(error)

    # --- what the agent and the app do ---

    async def deliver(self, fetch: Fetch) -> None:
        """Queue what a fetch brought; fetches of an older generation are dropped."""
        await self._load_schemas(fetch)
        if fetch.generation != self._generation or not self._active:
            return
        now = now_ms()
        for tp, part in fetch.parts.items():
            task = self._tasks.get(tp.partition)
            if task is not None:
                await self._offer(task, tp, part, now)
        self._wake.set()

    async def _offer(self, task: PartitionTask, tp: TP, part: TopicFetch, now: int) -> None:
        topic = tp.topic[self._prefix :]
        expected = task.positions[topic]
        if part.start != expected:
            if part.position != expected or part.records:
                await self._reader().seek(tp, expected)
            return
        self._ends[tp] = part.end
        task.offer(Chunk(topic, part.records, part.position, part.at_end), now)
        if task.logic.held(topic) > HELD_BYTES and tp not in self._paused:
            self._paused.add(tp)
            self._reader().pause_partitions({tp})

    async def run(self) -> None:
        """Step and commit until `stop`."""
        watching = asyncio.create_task(self._watch.run(self._health, self._on_failure))
        try:
            while not self._stopping:
                await self._wait()
                await self._round()
        except Exception as error:  # noqa: BLE001 - whatever it is, the process must not go on
            self._on_failure(error)
        finally:
            watching.cancel()

    async def stop(self) -> None:
        """Commit all that is processed and stand still."""
        self._stopping = True
        self._health.update(state="stopping")
        self._active = False
        await self._commit_all()

    async def _wait(self) -> None:
        with suppress(TimeoutError):  # time passes for the logic even when nothing arrives
            await asyncio.wait_for(self._wake.wait(), TICK_S)
        self._wake.clear()

    async def _round(self) -> None:
        for partition, task in list(self._tasks.items()):
            if not self._active:
                return
            if self._still_busy(partition):
                continue
            if task.step(now_ms()):
                self._wake.set()  # there may be more
            self._start_lookup(partition, task)
            await asyncio.sleep(0)
            if self._active and self._tasks.get(partition) is task and task.due(time.monotonic()):
                self._start_commit(partition, task)
        self._resume()
        self._report()

    def _still_busy(self, partition: int) -> bool:
        future = self._busy.get(partition)
        if future is None:
            return False
        if not future.done():
            return True
        del self._busy[partition]
        future.result()
        self._health.committed()
        return False

    def _start_commit(self, partition: int, task: PartitionTask) -> None:
        future = asyncio.get_running_loop().run_in_executor(self._pool, task.commit, task.prepare())
        future.add_done_callback(lambda _: self._wake.set())
        self._busy[partition] = future

    async def _commit_all(self) -> None:
        async def finish() -> None:
            for future in list(self._busy.values()):
                await future
            self._busy.clear()
            dirty = [task for task in self._tasks.values() if task.dirty()]
            await asyncio.gather(*(self._in_thread(task.commit, task.prepare()) for task in dirty))

        try:
            await asyncio.wait_for(finish(), REVOKE_PATIENCE_S)
        except Exception as error:  # noqa: BLE001 - whatever it is, the process must not go on
            self._on_failure(error)

    # --- look-ups in the hot store ---

    def _start_lookup(self, partition: int, task: PartitionTask) -> None:
        wanted = task.logic.wanted()
        if wanted:
            looking = asyncio.create_task(self._look_up(partition, task, wanted))
            self._lookups.add(looking)
            looking.add_done_callback(self._lookups.discard)

    async def _look_up(self, partition: int, task: PartitionTask, wanted: Sequence[Any]) -> None:
        try:
            assert self._lookup is not None
            lookup = self._lookup
            found = await self._patiently("the hot store", lambda: self._in_thread(lookup, wanted))
            if self._tasks.get(partition) is task:
                task.logic.found(found, now_ms())
                self._wake.set()
        except Exception as error:  # noqa: BLE001 - whatever it is, the process must not go on
            self._on_failure(error)

    async def _load_schemas(self, fetch: Fetch) -> None:
        for part in fetch.parts.values():
            missing = self._schemas.missing(part.records)
            if missing:
                load = partial(self._in_thread, self._schemas.load, missing)
                await self._patiently("the registry", load)

    async def _patiently(self, what: str, call: Callable[[], Awaitable[Any]]) -> Any:
        """Call until `what` is back; records wait meanwhile."""
        while True:
            try:
                result = await call()
            except RetriableError as error:
                self._health.waits(what, str(error))
                await asyncio.sleep(error.retry_after_s)
            else:
                self._health.goes_on(what)
                return result

    # --- small parts ---

    def _restore(self, partition: int) -> PartitionTask:
        watch = self._watch
        return PartitionTask(
            self._stage, self._settings, partition, watch.ids, watch.partitions, self._member
        )

    def _check_topics(self) -> None:
        self._watch.check()

    def _resume(self) -> None:
        ready = {
            tp
            for tp in self._paused
            if (task := self._tasks.get(tp.partition)) is not None
            and task.logic.held(tp.topic[self._prefix :]) < HELD_BYTES // 2
        }
        if ready:
            self._paused -= ready
            self._reader().resume_partitions(ready)

    def _report(self) -> None:
        lag = 0
        for tp, end in self._ends.items():
            task = self._tasks.get(tp.partition)
            if task is not None:
                lag += task.lag([(tp.topic[self._prefix :], end)])
        self._health.update(
            lag=lag,
            checkpoint_bytes=max((t.checkpoint_bytes for t in self._tasks.values()), default=0),
            waiting=sum(t.logic.stats().get("waiting", 0) for t in self._tasks.values()),
            **self._stage.report(),
        )
        if lag == 0:
            self._health.committed()

    def _reader(self) -> Reader:
        assert self.reader is not None
        return self.reader

    async def _in_thread(self, call: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call, *arguments)
