"""Action handlers against a real broker: once per action, failures, restarts, kills."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from deploy.drain import behind_by
from deploy.experiment.line import GROUP, answering
from deploy.offsets import Offsets
from deploy.records import read
from deploy.topics import apply_topics
from producers import Action, Declined, Done, Handler, Retry, on_action, run_handlers
from schemas.errors import FatalError
from schemas.settings import Settings, environ_of
from schemas.topics import ACTION_RESULTS, ACTIONS, DEAD_LETTERS, PARTIALS
from tests.integration.producing import Stage, action, frames, one_partition, produce

pytestmark = pytest.mark.broker

ROOT = Path(__file__).parents[2]
QUICK = Retry(attempts=3, first_s=0.01)


def put(settings: Settings, *actions: dict[str, Any]) -> None:
    produce(settings, ACTIONS, frames(settings, ACTIONS, list(actions)))


def results(settings: Settings) -> list[tuple[str, str]]:
    return [(r["action_id"], r["state"]) for r in read(settings, ACTION_RESULTS)]


def handle(settings: Settings, *handlers: Handler, group: str = "team") -> None:
    name = settings.kafka.topic_prefix + group
    run_handlers(handlers, group=name, settings=settings, once=True, retry=QUICK)


def until(done: Callable[[], bool]) -> None:
    limit = time.monotonic() + 60
    while not done():
        assert time.monotonic() < limit
        time.sleep(0.05)


def counting(answer: Callable[[Action], Any]) -> tuple[Handler, list[str]]:
    calls: list[str] = []

    @on_action("rollback")
    def handler(found: Action) -> Any:
        calls.append(found.action_id)
        return answer(found)

    return handler, calls


def test_each_action_is_done_once_and_reported_whatever_comes_again(settings: Settings) -> None:
    one = one_partition(settings)
    handler, calls = counting(lambda _: Done(new_prompt_version="p9"))
    put(one, action(0), action(1, kind="alert"), action(0, sequence=1, state="renewed"), action(2))
    handle(one, handler)
    put(one, action(0, sequence=2, state="escalated"))
    handle(one, handler)
    assert calls == ["a0", "a2"]
    expected = [("a0", "accepted"), ("a0", "executed"), ("a2", "accepted"), ("a2", "executed")]
    assert results(one) == expected
    executed = [r for r in read(one, ACTION_RESULTS) if r["state"] == "executed"]
    assert [(r["new_prompt_version"], r["sequence"]) for r in executed] == [("p9", 0), ("p9", 0)]


def test_one_that_raises_is_tried_again_then_reported_and_the_next_has_its_turn(
    settings: Settings,
) -> None:
    one = one_partition(settings)

    def answer(found: Action) -> Done:
        if found.action_id == "a0" and len(calls) < 2:
            raise RuntimeError("not yet")
        if found.action_id == "a1":
            raise RuntimeError("never")
        return Done()

    handler, calls = counting(answer)
    put(one, action(0), action(1), action(2))
    handle(one, handler)
    assert calls == ["a0", "a0", "a1", "a1", "a1", "a2"]
    final = [r for r in results(one) if r[1] != "accepted"]
    assert final == [("a0", "executed"), ("a1", "failed"), ("a2", "executed")]
    [failed] = [r for r in read(one, ACTION_RESULTS) if r["state"] == "failed"]
    assert failed["detail"] == "attempt 3 of 3: RuntimeError: never"


def test_what_cleared_before_its_turn_is_declined_and_so_is_what_the_handler_declines(
    settings: Settings,
) -> None:
    one = one_partition(settings)
    handler, calls = counting(lambda _: Declined("not ours"))
    put(one, action(0), action(0, sequence=1, state="cleared"), action(1))
    handle(one, handler)
    assert calls == ["a1"]
    assert [r for r in results(one) if r[1] != "accepted"] == [
        ("a0", "declined"),
        ("a1", "declined"),
    ]


def test_a_record_that_is_no_action_is_set_aside(settings: Settings) -> None:
    one = one_partition(settings)
    handler, calls = counting(lambda _: None)
    produce(one, ACTIONS, [b"no action", *frames(one, ACTIONS, [action(0)])])
    handle(one, handler)
    assert calls == ["a0"]
    [letter] = read(one, DEAD_LETTERS)
    assert (letter["reason"], letter["offset"]) == ("not_framed", 0)


def test_two_teams_each_do_the_work(settings: Settings) -> None:
    one = one_partition(settings)
    put(one, action(0))
    for group in ("a", "b"):
        handler, calls = counting(lambda _: None)
        handle(one, handler, group=group)
        assert calls == ["a0"]


def test_a_group_that_answered_all_has_no_lag_though_a_transaction_ends_there(
    settings: Settings,
) -> None:
    one = one_partition(settings)
    handler, calls = counting(lambda _: Done())
    decide = Stage(one, "decide")
    with answering([handler], one, lambda: 1) as line:
        line.settle("before")
        assert calls == []
        bodies = frames(one, ACTIONS, [action(0), action(1, kind="alert")])
        decide.commit({PARTIALS: 0, ACTION_RESULTS: 99}, {ACTIONS: bodies})  # it reads on by itself
        line.settle("day 1")
        assert calls == ["a0"]
    decide.close()
    offsets = Offsets(one)
    committed = offsets.committed_by(GROUP, [ACTIONS])
    assert behind_by(offsets.extents([ACTIONS]), committed) == {}
    assert [state for _, state in results(one)] == ["accepted", "executed"]


def test_the_line_tells_what_ended_its_handlers(settings: Settings) -> None:
    with (
        answering([], one_partition(settings), lambda: 1) as line,
        pytest.raises(FatalError, match="at most one of each kind"),
    ):
        line.settle("day 1")


def test_what_left_a_busy_member_is_read_when_it_comes_back(settings: Settings) -> None:
    """Kafka's client keeps in mind that a partition was paused, though another one had it."""
    kafka = msgspec.structs.replace(settings.kafka, partitions=2)
    two = msgspec.structs.replace(settings, kafka=kafka)
    apply_topics(two)
    busy, let_go = threading.Event(), threading.Event()

    def answer(found: Action) -> None:
        if found.action_id == "a0":
            busy.set()
            assert let_go.wait(60)

    slow, calls = counting(answer)
    quick, others = counting(lambda _: None)
    stay, leave = threading.Event(), threading.Event()
    group = two.kafka.topic_prefix + "team"
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(run_handlers, [slow], group=group, settings=two, stop=stay)
        produce(two, ACTIONS, frames(two, ACTIONS, [action(0)]), partition=0)
        assert busy.wait(60)
        other = pool.submit(run_handlers, [quick], group=group, settings=two, stop=leave)
        for partition in range(2):
            bodies = frames(two, ACTIONS, [action(1 + partition)])
            produce(two, ACTIONS, bodies, partition=partition)
        try:
            until(lambda: bool(others))
            let_go.set()
            leave.set()
            other.result(60)
            for partition in range(2):
                bodies = frames(two, ACTIONS, [action(3 + partition)])
                produce(two, ACTIONS, bodies, partition=partition)
            until(lambda: {"a3", "a4"} <= set(calls))
        finally:
            for event in (let_go, leave, stay):
                event.set()
        first.result(60)


PROGRAM = """
import os, sys, threading, time
from producers import Done, on_action, run_handlers

@on_action("rollback")
def work(action):
    with open(sys.argv[2], "a") as log:
        log.write(action.action_id + "\\n")
    if sys.argv[3] == action.action_id:
        time.sleep(600)
    return Done()

run_handlers([work], group=sys.argv[1], once=True)
"""


def test_a_kill_at_work_repeats_that_action_alone(settings: Settings, tmp_path: Path) -> None:
    stage = msgspec.structs.replace(settings.stage, session_timeout_ms=6_000)
    one = msgspec.structs.replace(one_partition(settings), stage=stage)
    put(one, *(action(n) for n in range(3)))
    log = tmp_path / "calls"
    group = one.kafka.topic_prefix + "killed"
    environ = {**os.environ, **environ_of(one), "PYTHONPATH": str(ROOT)}

    def start(hang_at: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", PROGRAM, group, str(log), hang_at]
        return subprocess.Popen(command, env=environ)

    first = start("a1")
    try:
        limit = time.monotonic() + 60
        while not (log.exists() and "a1" in log.read_text()):
            assert first.poll() is None
            assert time.monotonic() < limit
            time.sleep(0.02)
    finally:
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    assert start("").wait(120) == 0
    assert log.read_text().split() == ["a0", "a1", "a1", "a2"]
    executed = [r for r in results(one) if r[1] == "executed"]
    assert executed == [("a0", "executed"), ("a1", "executed"), ("a2", "executed")]


def test_work_may_take_longer_than_a_poll_and_a_stop_waits_for_no_retry(settings: Settings) -> None:
    one = one_partition(settings)
    stop = threading.Event()

    def answer(_: Action) -> Done:
        stop.set()
        raise RuntimeError("later")

    handler, calls = counting(answer)
    put(one, action(0))
    group = one.kafka.topic_prefix + "stopped"
    run_handlers([handler], group=group, settings=one, stop=stop, retry=Retry(first_s=600))
    assert calls == ["a0"]
    assert results(one) == [("a0", "accepted")], "the next process tries it again"


def test_the_example_runs_as_it_is(settings: Settings) -> None:
    from examples.handle_actions import reindex, roll_back

    one = one_partition(settings)
    put(
        one,
        action(0, kind="rag_reindex", key={"doc_id": "d7"}),
        action(1, key={"prompt_version": "p2"}, parameters={"replaces": "p1"}),
    )
    handle(one, reindex, roll_back)
    done = [r for r in read(one, ACTION_RESULTS) if r["state"] == "executed"]
    assert [(r["detail"], r["new_prompt_version"]) for r in done] == [
        ("refreshed d7", None),
        (None, "p1"),
    ]
