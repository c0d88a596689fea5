"""The runner with partition tasks that only note what they are told."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from schemas.errors import RegistryDown
from schemas.health import Health
from schemas.settings import KafkaSettings, Settings
from schemas.topics import CHECKPOINTS_REDACT, INPUTS
from stream_jobs.runtime import runner as module
from stream_jobs.runtime.partition import Stage
from stream_jobs.runtime.runner import HELD_BYTES, Runner
from stream_jobs.runtime.transport import Fetch, TopicFetch
from stream_jobs.stage import Chunk, LookupKey

A = TP("p.inference", 0)
B = TP("p.feedback", 0)
OTHER = TP("p.inference", 1)


class Logic:
    """Holds what a test says."""

    def __init__(self) -> None:
        self.bytes = 0
        self.asks: list[LookupKey] = []
        self.told: list[Mapping[LookupKey, Any]] = []

    def held(self, topic: str) -> int:
        return self.bytes

    def stats(self) -> dict[str, int]:
        return {}

    def wanted(self) -> list[LookupKey]:
        asks, self.asks = self.asks, []
        return asks

    def found(self, results: Mapping[LookupKey, Any], now_ms: int) -> None:
        self.told.append(results)


class Task:
    """A PartitionTask that notes what it is offered and committed."""

    def __init__(self, partition: int, start: int) -> None:
        self.partition = partition
        self.positions = {topic.name: start for topic in INPUTS["redact"]}
        self.logic = Logic()
        self.offered: list[tuple[str, list[int]]] = []
        self.commits = 0
        self.unsaved = 0
        self.checkpoint_bytes = 0
        self.poison: BaseException | None = None

    def offer(self, chunk: Chunk, now_ms: int) -> None:
        self.positions[chunk.topic] = chunk.position
        self.offered.append((chunk.topic, [record.offset for record in chunk.records]))
        self.unsaved += 1

    def step(self, now_ms: int) -> bool:
        if self.poison is not None:
            raise self.poison
        return False

    def due(self, now_s: float) -> bool:
        return self.unsaved > 0

    def dirty(self) -> bool:
        return self.unsaved > 0

    def prepare(self) -> int:
        self.unsaved = 0
        return 0

    def commit(self, prepared: int) -> None:
        self.commits += 1

    def lag(self, ends: Sequence[tuple[str, int]]) -> int:
        return 0


class Reader:
    """The consumer's steering wheel; notes every turn."""

    def __init__(self) -> None:
        self.turns: list[tuple[Any, ...]] = []

    def pause_partitions(self, tps: set[TP]) -> None:
        self.turns.append(("pause", tps))

    def resume_partitions(self, tps: set[TP]) -> None:
        self.turns.append(("resume", tps))

    async def seek(self, partition: TP, offset: int) -> None:
        self.turns.append(("seek", partition, offset))


class Schemas:
    """A schema cache whose registry is away for the first `failures` calls."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.loaded: set[int] = set()

    def missing(self, records: Sequence[Any]) -> set[int]:
        return {7} - self.loaded if records else set()

    def load(self, numbers: set[int]) -> None:
        if self.failures:
            self.failures -= 1
            raise RegistryDown("the registry is away", retry_after_s=0)
        self.loaded |= numbers


class Fixed(Runner):
    """Makes `Task`s, starting at offset 5, in place of tasks that talk to Kafka."""

    def _restore(self, partition: int) -> Any:
        return Task(partition, 5)

    def _check_topics(self) -> None:
        """All there."""


class NotedHealth(Health):
    """Remembers the states it went through."""

    def __init__(self) -> None:
        super().__init__("redact")
        self.states: list[str] = []
        self.away = asyncio.Event()

    def update(self, **fields: Any) -> None:
        if "state" in fields:
            self.states.append(fields["state"])
        super().update(**fields)

    def waits(self, what: str, why: str) -> None:
        super().waits(what, why)
        self.states.append(self.report()["state"])
        self.away.set()

    def goes_on(self, what: str) -> None:
        super().goes_on(what)
        self.states.append(self.report()["state"])


class Scene:
    """A runner that owns partition 0 in generation 1."""

    def __init__(self, schemas: Schemas | None = None, lookup: Any = None) -> None:
        self.failures: list[BaseException] = []
        self.health = NotedHealth()
        self.reader = Reader()
        stage = Stage("redact", INPUTS["redact"], CHECKPOINTS_REDACT, lambda _: None)  # type: ignore[arg-type,return-value]
        kafka = KafkaSettings(bootstrap="127.0.0.1:1", topic_prefix="p.")
        cache: Any = schemas or Schemas()
        self.runner = Fixed(
            stage, Settings(kafka=kafka), self.health, cache, lookup, self.failures.append
        )
        self.runner.reader = self.reader

    def task(self, partition: int = 0) -> Any:
        return self.runner._tasks[partition]


def fetch(start: int, stop: int, generation: int = 1, tp: TP = A) -> Fetch:
    records: list[Any] = [SimpleNamespace(offset=o, value=b"") for o in range(start, stop)]
    return Fetch(generation, {tp: TopicFetch(start, records, stop, stop, at_end=True)})


def play(story: Callable[[Scene], Awaitable[None]], scene: Scene | None = None) -> Scene:
    made = scene or Scene()

    async def whole() -> None:
        starts = await made.runner.assigned(1, {A, B})
        assert starts == {A: 5, B: 5}
        await asyncio.wait_for(story(made), 20)

    asyncio.run(whole())
    return made


def test_fetches_that_follow_each_other_are_taken() -> None:
    async def story(scene: Scene) -> None:
        await scene.runner.deliver(fetch(5, 7))
        await scene.runner.deliver(fetch(7, 8))
        await scene.runner.deliver(fetch(5, 6, tp=B))

    scene = play(story)
    assert scene.task().offered == [("inference", [5, 6]), ("inference", [7]), ("feedback", [5])]
    assert scene.reader.turns == []


@pytest.mark.parametrize("start", [0, 6, 40])
def test_a_stale_fetch_after_a_rebalance_is_not_taken(start: int) -> None:
    """It was under way when the partition was sought elsewhere: taking it once lost records."""

    async def story(scene: Scene) -> None:
        await scene.runner.deliver(fetch(start, start + 3))
        await scene.runner.deliver(fetch(5, 6))

    scene = play(story)
    assert scene.reader.turns == [("seek", A, 5)]
    assert scene.task().offered == [("inference", [5])]


def test_an_empty_fetch_from_before_a_seek_that_was_done_is_let_pass() -> None:
    async def story(scene: Scene) -> None:
        await scene.runner.deliver(Fetch(1, {A: TopicFetch(0, [], 5, 5, at_end=True)}))

    scene = play(story)
    assert (scene.reader.turns, scene.task().offered) == ([], [])


def test_fetches_of_an_older_generation_are_dropped() -> None:
    async def story(scene: Scene) -> None:
        await scene.runner.revoking()
        await scene.runner.deliver(fetch(5, 7))
        await scene.runner.assigned(2, {A, B})
        await scene.runner.deliver(fetch(5, 7))
        assert scene.task().offered == []
        await scene.runner.deliver(fetch(5, 8, generation=2))

    assert play(story).task().offered == [("inference", [5, 6, 7])]


def test_partitions_that_are_not_ours_are_let_pass() -> None:
    async def story(scene: Scene) -> None:
        await scene.runner.deliver(fetch(0, 3, tp=OTHER))

    assert play(story).reader.turns == []


@pytest.mark.parametrize(("generation", "kept"), [(2, True), (3, False), (1, False)])
def test_state_is_kept_only_from_the_generation_just_before(generation: int, kept: bool) -> None:
    """Over any other distance somebody else may have owned the partition."""

    async def story(scene: Scene) -> None:
        before = scene.task()
        await scene.runner.deliver(fetch(5, 9))
        await scene.runner.revoking()
        assert before.commits == 1
        starts = await scene.runner.assigned(generation, {A, OTHER})
        assert (scene.task() is before) == kept
        assert starts == {A: 9 if kept else 5, OTHER: 5}

    play(story)


def test_reading_pauses_above_the_limit_and_goes_on_below_half_of_it() -> None:
    async def story(scene: Scene) -> None:
        logic = scene.task().logic
        turns = scene.reader.turns
        for held, start in ((HELD_BYTES, 5), (HELD_BYTES + 1, 6), (HELD_BYTES + 2, 7)):
            logic.bytes = held
            await scene.runner.deliver(fetch(start, start + 1))
        assert turns == [("pause", {A})]
        logic.bytes = HELD_BYTES // 2
        await scene.runner._round()
        assert turns == [("pause", {A})]
        logic.bytes -= 1
        await scene.runner._round()
        assert turns[1:] == [("resume", {A})]

    play(story)


def test_a_registry_that_is_away_is_waited_for_and_nothing_is_dropped() -> None:
    async def story(scene: Scene) -> None:
        await scene.runner.deliver(fetch(5, 7))
        await scene.runner.deliver(fetch(7, 8))

    scene = play(story, Scene(Schemas(failures=3)))
    assert scene.health.states == ["running", "waiting", "waiting", "waiting", "running"]
    assert scene.task().offered == [("inference", [5, 6]), ("inference", [7])]
    assert scene.failures == []


def test_what_was_fetched_before_a_rebalance_is_dropped_even_if_the_registry_was_away() -> None:
    schemas = Schemas(failures=10**9)

    async def story(scene: Scene) -> None:
        held_up = asyncio.create_task(scene.runner.deliver(fetch(5, 7)))
        await scene.health.away.wait()
        await scene.runner.revoking()
        await scene.runner.assigned(2, {A, B})
        schemas.failures = 0
        await held_up

    assert play(story, Scene(schemas)).task().offered == []


def test_an_error_in_a_step_ends_the_process() -> None:
    async def story(scene: Scene) -> None:
        scene.task().poison = ValueError("a bug")
        await scene.runner.run()

    assert [str(error) for error in play(story).failures] == ["a bug"]


@pytest.mark.parametrize("way", ["run", "revoking", "stop"])
def test_a_commit_that_fails_ends_the_process(way: str) -> None:
    async def story(scene: Scene) -> None:
        def fail(prepared: int) -> None:
            raise ValueError("no commit")

        scene.task().commit = fail
        await scene.runner.deliver(fetch(5, 7))
        await getattr(scene.runner, way)()

    assert [str(error) for error in play(story).failures] == ["no commit"]


def test_stop_commits_what_was_processed_and_takes_nothing_more() -> None:
    async def story(scene: Scene) -> None:
        await scene.runner.deliver(fetch(5, 7))
        await scene.runner.stop()
        await scene.runner.deliver(fetch(7, 9))

    scene = play(story)
    assert (scene.task().commits, scene.task().offered) == (1, [("inference", [5, 6])])
    assert scene.health.report()["state"] == "stopping"


def test_a_commit_that_hangs_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REVOKE_PATIENCE_S", 0.05)

    async def story(scene: Scene) -> None:
        never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        scene.runner._busy[0] = never
        await scene.runner.revoking()

    assert [type(error) for error in play(story).failures] == [TimeoutError]


@pytest.mark.parametrize("lost", [False, True])
def test_answers_of_the_store_reach_the_task_that_asked(lost: bool) -> None:
    key = LookupKey("t", "i1")

    async def story(scene: Scene) -> None:
        task = scene.task()
        task.logic.asks = [key]
        scene.runner._start_lookup(0, task)
        if lost:  # the partition is restored in between: the new task asks for itself
            await scene.runner.assigned(9, {A, B})
        await asyncio.gather(*scene.runner._lookups)
        assert task.logic.told == ([] if lost else [{key: None}])
        assert scene.task().logic.told == ([] if lost else [{key: None}])

    play(story, Scene(lookup=dict.fromkeys))
