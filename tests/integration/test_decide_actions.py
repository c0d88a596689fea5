"""Decide on a real broker, killed within commits: each action once, with its contents."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from deploy.records import read
from schemas.errors import BrokerDown
from schemas.settings import Settings
from schemas.topics import ACTIONS, PARTIALS
from sinks.clickhouse import ClickHouse
from tests.integration.test_stages import Line
from tests.unit.test_decide_logic import SHIPPED, World, actions, partials, run

pytestmark = [pytest.mark.broker, pytest.mark.long, pytest.mark.timeout(240)]

GIVEN = list(partials(World(1, prompt_from=45).play(), 1))
EXPECTED = [(a["action_id"], a["sequence"], a["state"]) for a in actions(run(SHIPPED, GIVEN))]


@pytest.fixture
def decide(settings: Settings, tmp_path: Path) -> Iterator[Line]:
    patient = msgspec.structs.replace(settings.decide, contents_wait_ms=20_000)  # a busy machine
    line = Line(msgspec.structs.replace(settings, decide=patient), tmp_path)
    ClickHouse(line.settings.clickhouse).open()
    yield line
    line.end()


def through(line: Line) -> bool:
    """Whether all partials are processed and committed."""
    try:
        done = {p.topic: c.offset for p, c in line.offsets.committed("decide").items()}
    except BrokerDown:  # the group's coordinator is just being made
        return False
    ends = {p.topic: extent.end for p, extent in line.offsets.extents((PARTIALS,)).items()}
    return all(done.get(topic, 0) >= end for topic, end in ends.items())


def send(line: Line, given: list[tuple[dict[str, Any], int]]) -> None:
    line.send(PARTIALS, [record for record, _ in given])


def said(line: Line) -> list[tuple[str, int, str]]:
    return [(a["action_id"], a["sequence"], a["state"]) for a in read(line.settings, ACTIONS)]


def test_there_is_something_to_say() -> None:
    assert [state for _, _, state in EXPECTED] == ["opened"]


@pytest.mark.parametrize("point", ["after-offsets:1", "after-commit:1"])
def test_killed_within_a_commit_each_action_is_said_once(decide: Line, point: str) -> None:
    send(decide, GIVEN)
    victim = decide.start("decide", FEEDLOOP_KILL_AT=point)
    assert decide.code(victim) == -signal.SIGKILL
    after = decide.start("decide")
    decide.until(lambda: through(decide) and len(said(decide)) >= len(EXPECTED), "the actions")
    assert said(decide) == EXPECTED
    [action] = read(decide.settings, ACTIONS)
    assert action["contents"]["state"] == "complete"
    after.terminate()
    assert decide.code(after) == 0
    assert said(decide) == EXPECTED


def test_with_the_store_away_and_a_kill_while_it_waits_the_action_comes_and_says_so(
    decide: Line,
) -> None:
    away = msgspec.structs.replace(decide.settings.clickhouse, port=1)
    soon = msgspec.structs.replace(decide.settings.decide, contents_wait_ms=2_000)
    decide.settings = msgspec.structs.replace(decide.settings, clickhouse=away, decide=soon)
    send(decide, GIVEN)
    victim = decide.start("decide", FEEDLOOP_KILL_AT="after-commit:1")
    assert decide.code(victim) == -signal.SIGKILL
    decide.start("decide")
    decide.until(lambda: len(said(decide)) >= len(EXPECTED), "the actions")
    assert said(decide) == EXPECTED
    [action] = read(decide.settings, ACTIONS)
    assert action["contents"]["state"] == "partial"
    assert action["contents"]["missing"][0].startswith("clusters: ")
