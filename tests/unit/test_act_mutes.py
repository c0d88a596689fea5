"""Mutes and maintenance windows: where and until when nothing new is said."""

from typing import Any

import pytest

from schemas.errors import ConfigError
from stream_jobs.act.maintenance import load_maintenance
from stream_jobs.act.mutes import Mutes

WEB = {"tenant_id": "t", "segment": "web"}
DAY = 86_400_000
HOUR = 3_600_000
THURSDAY = 0  # 1970-01-01


def control(state: str = "muted", **over: Any) -> dict[str, Any]:
    return {
        "action_id": "",
        "tenant_id": "t",
        "state": state,
        "rule": None,
        "key": {},
        "until": None,
        **over,
    }


@pytest.mark.parametrize(
    ("mute", "rule", "scope", "at", "silent"),
    [
        ({}, "r", WEB, 10**15 // 10, True),
        ({"tenant_id": "u"}, "r", WEB, 0, False),
        ({"rule": "r"}, "r", WEB, 0, True),
        ({"rule": "q"}, "r", WEB, 0, False),
        ({"key": {"segment": "web"}}, "r", WEB, 0, True),
        ({"key": {"segment": "app"}}, "r", WEB, 0, False),
        ({"until": 100}, "r", WEB, 99, True),
        ({"until": 100}, "r", WEB, 100, False),
    ],
)
def test_what_a_mute_covers(
    mute: dict[str, Any], rule: str, scope: dict[str, str], at: int, silent: bool
) -> None:
    mutes = Mutes()
    assert mutes.take(control(**mute))
    for kept in (mutes, Mutes(mutes.state())):
        assert kept.silent(rule, scope, at) == silent


def test_an_unmute_ends_what_it_covers_and_a_second_mute_replaces_the_first() -> None:
    mutes = Mutes()
    mutes.take(control(rule="r", until=100))
    mutes.take(control(rule="r", until=200))
    mutes.take(control(rule="q", key={"segment": "web"}))
    assert len(mutes.state()) == 2
    mutes.take(control("unmuted", rule="r"))
    assert [mute.rule for mute in mutes.state()] == ["q"]
    mutes.take(control("unmuted", key={"segment": "app"}))
    assert len(mutes.state()) == 1
    mutes.take(control("unmuted"))
    assert mutes.state() == []


def test_ended_mutes_are_forgotten_and_other_results_are_none() -> None:
    mutes = Mutes()
    mutes.take(control(until=100))
    mutes.expire(100)
    assert mutes.state() == []
    assert not mutes.take(control("executed"))


NIGHTS = """
rules: []
maintenance:
  - name: release
    days: [thu]
    from: "22:00"
    to: 01:30
    rules: [r]
    scope: {segment: web}
  - name: once
    from: "1970-01-10T00:00:00Z"
    to: 1970-01-11T00:00:00Z
"""


@pytest.mark.parametrize(
    ("rule", "scope", "at", "covered"),
    [
        ("r", WEB, THURSDAY + 22 * HOUR, True),
        ("r", WEB, THURSDAY + 22 * HOUR - 1, False),
        ("r", WEB, THURSDAY + DAY + HOUR, True),  # past midnight
        ("r", WEB, THURSDAY + DAY + 3 * HOUR // 2, False),
        ("r", WEB, THURSDAY + HOUR, False),  # of the night before
        ("r", WEB, THURSDAY + DAY + 23 * HOUR, False),  # a Friday
        ("q", WEB, THURSDAY + 23 * HOUR, False),
        ("r", {**WEB, "segment": "app"}, THURSDAY + 23 * HOUR, False),
        ("q", WEB, 9 * DAY, True),
        ("q", WEB, 10 * DAY, False),
    ],
)
def test_when_a_window_is_on(rule: str, scope: dict[str, str], at: int, covered: bool) -> None:
    assert Mutes((), load_maintenance(NIGHTS)).silent(rule, scope, at) == covered


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("{from: '22:00', to: '23:00'}", "name: missing"),
        ("{name: n, from: ten, to: '23:00'}", "from: 'ten'"),
        ("{name: n, from: '22:00', to: '1970-01-11T00:00:00Z'}", "to: not of the kind"),
        ("{name: n, from: '1970-01-12', to: '1970-01-11'}", "to: not after `from`"),
        ("{name: n, from: '22:00', to: '23:00', days: [someday]}", "days: 'someday'"),
        ("{name: n, from: '22:00', to: '23:00', day: [mon]}", "day: unknown"),
        ("{name: n, from: '22:00', to: '23:00', rules: r}", "rules: no list"),
    ],
)
def test_mistakes_are_named_with_their_line(wrong: str, said: str) -> None:
    with pytest.raises(ConfigError, match=rf"rules:3: {said}"):
        load_maintenance(f"rules: []\nmaintenance:\n  - {wrong}\n")
