"""Decide in a plain loop: windows close over all partitions, actions come once, restarts hide."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import CorruptStateError
from stream_jobs.act.rules import load_rules
from stream_jobs.decide.late import HOLD_MS, LONGEST_MS, SETTLE_MS, LateWindows
from stream_jobs.decide.logic import DecideConfig, Out
from stream_jobs.window.sums import Sums
from stream_jobs.window.windows import OpenWindows, WindowKey
from tests.unit.test_window_sums import head

MINUTE = 60_000
SHIPPED = DecideConfig.load(MINUTE, MINUTE)


@dataclass
class World:
    """Two hours of a product with known troubles; rates are of rated answers."""

    seed: int = 1
    minutes: int = 120
    per_minute: int = 25
    rated: float = 0.5
    negative: float = 0.08
    prompt_from: int | None = None  # minute at which prompt p2 replaces p1
    prompt_negative: float = 0.3
    doc_from: int | None = None  # minute at which document d3 goes bad
    doc_negative: float = 0.7
    drift_from: int | None = None  # minute at which other languages and lengths come
    events: list[tuple[int, str, Any]] = field(default_factory=list)

    def play(self) -> list[tuple[int, str, Any]]:
        """Return (event_time, kind, inference head), in order of time."""
        rng = random.Random(self.seed)
        for i in range(self.minutes * self.per_minute):
            time = i * MINUTE // self.per_minute
            minute = time // MINUTE
            new = self.prompt_from is not None and minute >= self.prompt_from
            moved = self.drift_from is not None and minute >= self.drift_from
            docs = rng.sample([f"d{j}" for j in range(20)], 2)
            answer = head(
                inference_id=f"i{i}",
                session_id=f"s{i // 3}",
                event_time=time,
                prompt_version="p2" if new else "p1",
                input_tokens=int(rng.lognormvariate(5.0 if moved else 3.5, 0.6)),
                output_tokens=int(rng.lognormvariate(5, 0.5)),
                latency_ms=int(rng.lognormvariate(7, 0.4)),
                language="de" if moved and rng.random() < 0.6 else "en",
                retrieved=[{"doc_id": doc, "score": None} for doc in docs],
            )
            self.events.append((time, "inference", answer))
            rate = self.prompt_negative if new else self.negative
            if self.doc_from is not None and minute >= self.doc_from and "d3" in docs:
                rate = self.doc_negative
            if rng.random() < self.rated:
                sign = -1 if rng.random() < rate else 1
                self.events.append((time + rng.randrange(5_000, 300_000), str(sign), answer))
        return sorted(self.events, key=lambda event: (event[0], event[1]))


def partials(
    events: list[tuple[int, str, Any]], partitions: int, *, flush: bool = True
) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield (record, wall clock) as `partitions` join partitions would write them."""
    joins = [OpenWindows(MINUTE, p, partitions) for p in range(partitions)]
    said = 0
    for time, kind, answer in events:
        if time - MINUTE > said + MINUTE:
            said = time - MINUTE
            for join in joins:
                yield from ((record, 0) for record in join.close(said))
                yield join.marker("closed", said), 0
        join = joins[crc32(answer["session_id"].encode()) % partitions]
        if kind == "inference":
            join.inference(answer)
        else:
            join.signal(
                time,
                "t",
                "thumbs",
                explicit=True,
                polarity=int(kind),
                rated=True,
                join_status="matched",
                lag_ms=time - answer["event_time"],
                author="user",
                inference_head=answer,
            )
    for join in joins if flush else ():
        yield from ((record, 0) for record in join.flush())
        yield join.marker("flush", said), 0


def run(
    config: DecideConfig, given: list[tuple[dict[str, Any], int]], cuts: set[int] | None = None
) -> list[Out]:
    """Return all outputs; a restart before each input numbered in `cuts`."""
    decide, outs = config.build(), []
    for i, (record, now_ms) in enumerate(given):
        if cuts and i in cuts:
            decide = config.build(decide.snapshot())
        outs += decide.on_partial(record, now_ms)
    return outs


def actions(outs: list[Out]) -> list[dict[str, Any]]:
    return [out.record for out in outs if out.topic == "actions"]


def said(outs: list[Out]) -> list[tuple[str, str, str, dict[str, str]]]:
    return [(a["rule"], a["kind"], a["state"], a["key"]) for a in actions(outs)]


@pytest.mark.parametrize("seed", range(3))
def test_nothing_wrong_leads_to_no_action(seed: int) -> None:
    assert said(run(SHIPPED, list(partials(World(seed).play(), 1)))) == []


@pytest.mark.parametrize("seed", range(3))
def test_a_worse_prompt_is_named_once(seed: int) -> None:
    outs = run(SHIPPED, list(partials(World(seed, prompt_from=45).play(), 2)))
    key = {"segment": "web", "prompt_version": "p2"}
    assert said(outs) == [("answers-got-worse", "prompt_tuning", "opened", key)]
    action = actions(outs)[0]
    assert 45 * MINUTE < action["event_time"] < 60 * MINUTE
    assert action["parameters"]["replaces"] == "p1"
    assert float(action["parameters"]["difference_low"]) > 0
    assert action["examples"]
    top = action["evidence"]["contributions"][0]
    assert (top["dimension"], top["value"], top["share"] > 0.5) == ("prompt_version", "p2", True)


@pytest.mark.parametrize("seed", range(3))
def test_a_bad_document_is_named_and_nothing_else(seed: int) -> None:
    outs = run(SHIPPED, list(partials(World(seed, doc_from=40).play(), 2)))
    opened = [(r, k, key["doc_id"]) for r, k, s, key in said(outs) if s == "opened"]
    assert opened == [("document-went-bad", "rag_reindex", "d3")]


@pytest.mark.parametrize("seed", range(3))
def test_moved_inputs_are_named(seed: int) -> None:
    outs = run(SHIPPED, list(partials(World(seed, drift_from=60).play(), 2)))
    assert said(outs) == [("inputs-drifted", "retrain", "opened", {"segment": "web"})]
    assert actions(outs)[0]["evidence"]["n"] >= 500


@pytest.mark.parametrize("seed", range(2))
def test_all_three_troubles_lead_to_three_actions(seed: int) -> None:
    world = World(seed, per_minute=50, prompt_from=35, doc_from=70, drift_from=90)
    opened = {(r, k) for r, k, s, _ in said(run(SHIPPED, list(partials(world.play(), 1))))}
    assert opened == {
        ("answers-got-worse", "prompt_tuning"),
        ("document-went-bad", "rag_reindex"),
        ("inputs-drifted", "retrain"),
    }


def test_the_end_of_the_trouble_is_said() -> None:
    bad = World(1, prompt_from=45).play()
    good = World(2, negative=0.04).play()
    shift = 130 * MINUTE
    later = [(t + shift, k, {**a, "event_time": a["event_time"] + shift}) for t, k, a in good]
    outs = run(SHIPPED, list(partials(bad + later, 1)))
    states = [(a["state"], a["sequence"]) for a in actions(outs)]
    assert states == [("opened", 0), ("cleared", 1)]
    assert len({a["action_id"] for a in actions(outs)}) == 1


TROUBLED = World(0, prompt_from=45, doc_from=60, minutes=80).play()


def test_partitions_change_nothing() -> None:
    def closed(partitions: int) -> list[Out]:
        return run(SHIPPED, list(partials(TROUBLED, partitions)))

    assert closed(1) == closed(3) == closed(4)
    assert len(actions(closed(1))) >= 1


def test_a_restart_before_every_input_changes_nothing() -> None:
    given = list(partials(TROUBLED, 2))
    assert run(SHIPPED, given, set(range(len(given)))) == run(SHIPPED, given)


@settings(max_examples=15)
@given(st.data())
def test_partitions_out_of_step_change_nothing(data: Any) -> None:
    lanes: dict[int, list[tuple[dict[str, Any], int]]] = {0: [], 1: [], 2: []}
    for record, _ in partials(World(3, minutes=12).play(), 3):
        lanes[record["partition"]].append((record, 0))
    in_step = [pair for lane in lanes.values() for pair in lane]
    mixed = []
    while any(lanes.values()):
        lane = data.draw(st.sampled_from([p for p in lanes if lanes[p]]))
        mixed.append(lanes[lane].pop(0))
    cuts = data.draw(st.sets(st.integers(0, len(mixed)), max_size=5))
    assert run(SHIPPED, mixed, cuts) == run(SHIPPED, in_step)


def marked(kind: str, partition: int, watermark: int, partitions: int = 2) -> dict[str, Any]:
    return OpenWindows(MINUTE, partition, partitions).marker(kind, watermark)


def one_window(partition: int, start: int) -> dict[str, Any]:
    join = OpenWindows(MINUTE, partition, 2)
    join.inference(head(event_time=start))
    return join.flush()[0]


def rows(outs: list[Out]) -> list[tuple[int, int, int]]:
    return [
        (o.record["window_start"] // MINUTE, o.record["revision"], o.record["sums"]["inferences"])
        for o in outs
        if o.topic == "metrics"
    ]


def test_a_window_waits_for_every_partition() -> None:
    decide = DecideConfig(MINUTE, MINUTE).build()
    assert decide.on_partial(one_window(0, 0), 0) == []
    assert decide.on_partial(one_window(1, 0), 0) == []
    assert decide.on_partial(marked("closed", 0, 5 * MINUTE), 0) == []
    assert rows(decide.on_partial(marked("closed", 1, MINUTE), 0)) == [(0, 0, 2)]


def test_an_idle_partition_is_left_out_by_the_wall_clock() -> None:
    decide = DecideConfig(MINUTE, MINUTE).build()
    decide.on_partial(one_window(0, 0), 0)
    assert decide.on_partial(marked("closed", 0, MINUTE), 59_999) == []
    assert rows(decide.on_tick(60_000)) == [(0, 0, 1)]
    late = decide.on_partial(one_window(1, 0), 60_000)  # it wakes up: a correction, not a loss
    assert (rows(late), decide.late) == ([(0, 1, 1)], 1)


def test_flush_closes_everything_and_later_data_still_counts() -> None:
    decide = DecideConfig(MINUTE, MINUTE).build()
    decide.on_partial(one_window(0, 0), 0)
    assert decide.on_partial(marked("flush", 0, 0), 0) == []
    assert rows(decide.on_partial(marked("flush", 1, 0), 0)) == [(0, 0, 1)]
    assert decide.on_partial(one_window(0, 10 * MINUTE), 0) == []
    decide.on_partial(marked("flush", 0, 0), 0)
    assert rows(decide.on_tick(0)) == []  # nothing twice


ERRORS = load_rules(
    "rules:\n- {name: x, metric: error_rate, condition: {type: threshold, above: 0.3,"
    " over_minutes: 1, sample: 2}, action: {kind: alert}}\n"
)
HOLD = HOLD_MS // MINUTE
"""In windows."""


def correction(start: int, closed_until: int) -> dict[str, Any]:
    """Return 30 errors that a join partition counts in a window it has closed."""
    join = OpenWindows(MINUTE, 0, 1)
    join.close(closed_until * MINUTE)
    for _ in range(30):
        join.inference(head(event_time=start * MINUTE, status="error"))
    [record] = join.drain_late()
    return record


def test_a_correction_reaches_the_detectors_when_event_time_has_passed_it_by_an_hour() -> None:
    """Not when it happens to come: a run in which stores were away says the same."""
    decide = DecideConfig(MINUTE, MINUTE, ERRORS).build()
    decide.on_partial(marked("closed", 0, MINUTE, 1), 0)
    outs = decide.on_partial(correction(0, 1), 0)
    assert (rows(outs), actions(outs)) == ([(0, 1, 30)], [])
    assert decide.on_partial(marked("closed", 0, HOLD_MS - MINUTE, 1), SETTLE_MS) == []
    decide = DecideConfig(MINUTE, MINUTE, ERRORS).build(decide.snapshot())
    outs = decide.on_partial(marked("closed", 0, HOLD_MS, 1), SETTLE_MS)
    assert said(outs) == [("x", "alert", "opened", {"segment": "web"})]
    assert actions(outs)[0]["evidence"]["n"] == 30


def test_a_correction_is_one_also_where_another_partition_holds_the_window_open() -> None:
    """So that a partition that hangs doesn't make the sums of others on time."""
    decide = DecideConfig(MINUTE, MINUTE, ERRORS).build()
    decide.on_partial(marked("closed", 0, 5 * MINUTE, 2), 0)
    outs = decide.on_partial(correction(0, 5), 0)
    assert (rows(outs), actions(outs)) == ([(0, 1, 30)], [])
    assert actions(decide.on_partial(marked("closed", 1, 5 * MINUTE, 2), 0)) == []


@pytest.mark.parametrize("at_once", [False, True])
def test_corrections_come_between_the_windows_that_close_an_hour_later(
    monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    decide = DecideConfig(MINUTE, MINUTE, ERRORS).build()
    decide.on_partial(marked("closed", 0, 10 * MINUTE, 1), 0)
    for start in (7, 5, 6):
        decide.on_partial(correction(start, 10), 0)
    join = OpenWindows(MINUTE, 0, 1)
    for minute in range(HOLD, HOLD + 12):
        join.inference(head(event_time=minute * MINUTE))
    seen: list[int] = []

    def feed(window: tuple[int, int], *_: Any) -> list[dict[str, Any]]:
        seen.append(window[0] // MINUTE)
        return []

    monkeypatch.setattr(decide._watches, "feed", feed)
    step = 12 if at_once else 1
    for minute in range(HOLD + step, HOLD + 13, step):
        for record in join.close(minute * MINUTE):
            decide.on_partial(record, 0)
        decide.on_partial(marked("closed", 0, minute * MINUTE, 1), 0)
    on_time = list(range(HOLD, HOLD + 12))
    assert seen == [*on_time[:5], 5, on_time[5], 6, on_time[6], 7, *on_time[7:]]


def test_what_comes_later_than_that_reaches_the_detectors_once_it_has_settled() -> None:
    decide = DecideConfig(MINUTE, MINUTE, ERRORS).build()
    decide.on_partial(marked("closed", 0, HOLD_MS, 1), 0)
    outs = decide.on_partial(correction(0, HOLD), 0)
    assert (rows(outs), actions(outs)) == ([(0, 1, 30)], [])
    assert decide.on_tick(SETTLE_MS - 1) == []  # more of the same past may still come
    decide = DecideConfig(MINUTE, MINUTE, ERRORS).build(decide.snapshot())
    assert said(decide.on_tick(SETTLE_MS)) == [("x", "alert", "opened", {"segment": "web"})]


def starts(windows: Iterable[tuple[int, Any]]) -> list[int]:
    return [start // MINUTE for start, _ in windows]


def test_late_windows_reach_the_detectors_oldest_first() -> None:
    late = LateWindows()
    for start in (3, 1, 2, 1):
        late.add(start * MINUTE, WindowKey("t"), Sums(), 10**12, 10)
    assert starts(late.settled(10, flushed=False)) == []
    assert starts(late.settled(10, flushed=True)) == [1, 2, 3]
    assert starts(late.settled(10, flushed=True)) == []


def test_a_flush_hands_out_all_late_windows() -> None:
    late = LateWindows()
    late.add(2 * MINUTE, WindowKey("t"), Sums(), 0, 10)
    late.add(MINUTE, WindowKey("t"), Sums(), 10**12, 10)
    assert starts(late.settled(10, flushed=True)) == [1, 2]


def test_an_endless_backfill_is_handed_out_now_and_then() -> None:
    late = LateWindows()
    for now_ms in range(0, LONGEST_MS, SETTLE_MS // 2):
        late.add(MINUTE, WindowKey("t"), Sums(), 10**12, now_ms)
        assert starts(late.settled(now_ms, flushed=False)) == []
    assert starts(late.settled(LONGEST_MS, flushed=False)) == [1]


def test_results_are_noted_once() -> None:
    decide = SHIPPED.build()
    for record, now_ms in partials(World(0, prompt_from=45).play(), 1):
        decide.on_partial(record, now_ms)
    (episode,) = decide._episodes.all()
    result = {"action_id": episode.action_id, "state": "executed", "event_time": 5}
    for _ in range(2):
        assert decide.on_result(result, 0) == []
    assert SHIPPED.build(decide.snapshot())._episodes.all()[0].results == [("executed", 5)]


def test_hundreds_of_segments_fit_a_checkpoint() -> None:
    decide = SHIPPED.build()
    events = []
    for i in range(300):
        world = World(i, minutes=6, per_minute=10)
        events += [(t, k, {**a, "segment": f"seg{i}"}) for t, k, a in world.play()]
    for record, now_ms in partials(sorted(events, key=lambda e: e[0]), 1, flush=False):
        decide.on_partial(record, now_ms)
    assert len(decide.snapshot()) < 256 * 1024


@pytest.mark.parametrize("data", [b"", b"\x09abc", b"\x02abc"])
def test_state_that_is_not_ours_is_refused(data: bytes) -> None:
    with pytest.raises(CorruptStateError, match=r"reset"):
        SHIPPED.build(data)


def test_another_window_length_is_refused() -> None:
    with pytest.raises(CorruptStateError, match=r"60000"):
        DecideConfig(1000).build(DecideConfig(MINUTE).build().snapshot())
