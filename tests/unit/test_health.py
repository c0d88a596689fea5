"""Who lives, who waits, who is stuck: on the health endpoint, in status, and for the supervisor."""

import http.client
import json
import os
import socket
import time
from dataclasses import dataclass
from typing import Any

import pytest

from deploy.local import part as part_module
from deploy.local.part import health, lives
from deploy.local.process import identify
from deploy.local.state import PartState
from deploy.local.status import _part
from schemas.health import Health

LIMIT_S = 60.0


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        monkeypatch.setattr("schemas.health.time.monotonic", lambda: self.now)


@dataclass(frozen=True)
class Case:
    """What a worker said, `ago` seconds ago; its last commit is `commit` seconds ago."""

    name: str
    fields: dict[str, Any]
    commit: float
    ago: float
    healthy: bool


RUNNING, WAITING = {"state": "running"}, {"state": "waiting", "detail": "no store"}
CASES = (
    Case("at work", {**RUNNING, "lag": 5}, 1, 0, True),
    Case("nothing to do", {**RUNNING, "lag": 0}, 9_999, 1, True),
    Case("work and no commit, though it turns", {**RUNNING, "lag": 5}, LIMIT_S + 1, 0, False),
    Case("just within the limit", {**RUNNING, "lag": 5}, LIMIT_S, 0, True),
    Case("it waits for a store, for hours", {**WAITING, "lag": 5}, 9_999, 1, True),
    Case("it says that it waits, but says nothing more", {**WAITING, "lag": 5}, 9_999, 61, False),
    Case("a loop that stands still had no lag when it spoke", {**RUNNING, "lag": 0}, 61, 61, False),
    Case("not yet", {"state": "starting"}, 1, 0, False),
    Case("not any more", {"state": "stopping"}, 1, 0, False),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_health(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    clock.now -= case.commit
    said = Health("join", LIMIT_S)
    said.committed()
    clock.now += case.commit - case.ago
    said.update(**case.fields)
    clock.now += case.ago
    assert said.report()["healthy"] == case.healthy
    assert said.report()["commit_age_s"] == case.commit


def served(said: Health) -> PartState:
    """Return the state of a part that is this process, whose health is `said`."""
    return PartState(
        name="join", state="running", process=identify(os.getpid()), health_port=said.serve(0)
    )


def test_the_endpoint_says_503_and_status_says_stuck() -> None:
    said = Health("join", commit_age_limit_s=0.2)
    part = served(said)
    said.update(state="running", lag=7)
    assert lives(part.health_port)
    assert _part(part)["state"] == "running"
    limit = time.monotonic() + 30
    while lives(part.health_port):
        assert time.monotonic() < limit
    shown = _part(part)
    assert shown["state"] == "stuck"
    assert "7 records wait" in shown["message"]
    asked = http.client.HTTPConnection("127.0.0.1", part.health_port, timeout=10)
    asked.request("GET", "/health")
    answer = asked.getresponse()
    assert answer.status == 503
    assert json.loads(answer.read())["healthy"] is False
    said.committed()
    said.update(lag=0)
    assert _part(part)["state"] == "running"


def test_one_that_waits_shows_for_what_and_is_not_stuck() -> None:
    said = Health("clickhouse", commit_age_limit_s=60)
    part = served(said)
    said.update(state="waiting", lag=7, detail="ClickHouse is away")
    assert (_part(part)["state"], _part(part)["message"]) == ("waiting", "ClickHouse is away")
    assert lives(part.health_port)
    starting = PartState(
        name="clickhouse", state="starting", process=part.process, health_port=part.health_port
    )
    assert _part(starting)["state"] == "waiting"  # a store that is away at the start


def test_a_frozen_process_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """It accepts connections, as the system does for it, and never answers."""
    monkeypatch.setattr(part_module, "_ANSWER_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        part = PartState(
            name="join", state="running", process=identify(os.getpid()), health_port=port
        )
        assert health(port) is None
        assert not lives(port)
        shown = _part(part)
    assert (shown["state"], shown["message"]) == ("silent", "doesn't answer /health")
