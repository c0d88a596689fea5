"""What a process says of itself while what it needs is away."""

import pytest

from schemas import health as module
from schemas.health import Health


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


def test_it_waits_for_all_that_is_away_until_all_is_back(clock: Clock) -> None:
    health = Health("join")
    health.update(state="running")
    health.waits("registry", "no registry")
    health.waits("kafka", "no Kafka")
    report = health.report()
    assert (report["state"], report["detail"]) == ("waiting", "no registry; no Kafka")
    health.goes_on("registry")
    assert (health.report()["state"], health.report()["detail"]) == ("waiting", "no Kafka")
    health.goes_on("kafka")
    assert health.report()["state"] == "running"
    assert "detail" not in health.report()


def test_while_it_tries_an_old_commit_is_no_illness_and_when_it_stops_trying_it_is(
    clock: Clock,
) -> None:
    """A supervisor that restarted it for that would mend nothing."""
    health = Health("clickhouse", commit_age_limit_s=60)
    health.update(state="running", lag=7)
    for _ in range(10):
        health.waits("store", "no ClickHouse")
        clock.now += 60
        assert health.report()["healthy"]
    clock.now += 1
    assert not health.report()["healthy"]
    health.goes_on("store")
    assert not health.report()["healthy"]  # it is back, and still nothing is committed
    health.committed()
    assert health.report()["healthy"]


def test_one_that_stops_says_so_whatever_is_away(clock: Clock) -> None:
    health = Health("join")
    health.waits("kafka", "no Kafka")
    assert health.report()["state"] == "waiting"  # from the start, before it ever ran
    health.update(state="stopping")
    assert health.report()["state"] == "stopping"
