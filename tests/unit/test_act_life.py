"""What people and programs do with an episode: mute, acknowledge, execute; and when it is over."""

from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from stream_jobs.act.episodes import Episode, Episodes, Finding
from stream_jobs.act.evidence import Cause
from stream_jobs.act.mutes import Mute, Mutes
from stream_jobs.act.rules import shipped_rules

WORSE = next(rule for rule in shipped_rules() if rule.name == "answers-got-worse")
PATIENT = msgspec.structs.replace(WORSE, clear_after_ms=2 * 3_600_000)
WEB = {"tenant_id": "t", "segment": "web"}
HOUR = 3_600_000
OTHER = msgspec.structs.replace(WORSE, name="other")


def finding(active: bool = True, **over: Any) -> Finding:
    evidence = {"metric": "negative_rate", "contributions": []}
    return Finding(**{"scope": WEB, "active": active, "evidence": evidence, **over})


def said_by(state: str, hour: int = 0, **over: Any) -> dict[str, Any]:
    record = {"action_id": "", "tenant_id": "t", "state": state, "event_time": hour * HOUR}
    return {**record, "rule": None, "key": {}, "until": None, **over}


BAD, GOOD = finding(), finding(active=False)
CRITICAL = finding(severity="critical")


@dataclass(frozen=True)
class Case:
    name: str
    given: tuple[tuple[int, Finding | dict[str, Any] | None], ...]  # None: only time passes
    expected: tuple[tuple[str, int], ...]  # (state, hour)
    patient: bool = False


CASES = (
    Case(
        "muted before: opens when the mute ends, if it lasts",
        ((0, said_by("muted", until=3 * HOUR)), (1, BAD), (2, BAD), (3, BAD)),
        (("opened", 3),),
    ),
    Case(
        "muted before and over within: never said",
        ((0, said_by("muted", until=3 * HOUR)), (1, BAD), (2, GOOD), (4, GOOD)),
        (),
    ),
    Case(
        "muted while open: neither escalated nor renewed, but cleared",
        ((0, BAD), (1, said_by("muted")), (2, CRITICAL), (30, CRITICAL), (31, GOOD)),
        (("opened", 0), ("cleared", 31)),
    ),
    Case(
        "unmuted: what got worse meanwhile is said",
        ((0, BAD), (1, said_by("muted")), (2, CRITICAL), (3, said_by("unmuted")), (4, CRITICAL)),
        (("opened", 0), ("escalated", 4)),
    ),
    Case(
        "acknowledged: not renewed, still escalated",
        ((0, BAD), (1, said_by("acknowledged")), (30, BAD), (31, CRITICAL), (60, CRITICAL)),
        (("opened", 0), ("escalated", 31)),
    ),
    Case(
        "executed: the cooldown begins anew",
        ((0, BAD), (20, said_by("executed", 20)), (30, BAD), (44, BAD)),
        (("opened", 0), ("renewed", 44)),
    ),
    Case(
        "executed by a clock far ahead: only now counts",
        ((0, BAD), (20, said_by("executed", 10**6)), (30, BAD), (44, BAD)),
        (("opened", 0), ("renewed", 44)),
    ),
    Case(
        "calm, but not for long enough: one episode",
        ((0, BAD), (1, GOOD), (2, BAD), (5, GOOD), (6, None), (7, None)),
        (("opened", 0), ("cleared", 7)),
        patient=True,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_life(case: Case) -> None:
    rule = PATIENT if case.patient else WORSE
    for cut in range(len(case.given) + 1):  # a restart anywhere changes nothing
        episodes, said = Episodes(), []
        for number, (hour, one) in enumerate(case.given):
            if number == cut:
                episodes = restarted(episodes)
            if isinstance(one, Finding):
                action = episodes.take(rule, one, hour * HOUR)
                said += [action] if action else []
            elif one is not None and not episodes.mutes.take(one):
                open_ones = [e.action_id for e in episodes.all()]
                episodes.result({**one, "action_id": open_ones[0]}, hour * HOUR)
            said += episodes.settle([rule], hour * HOUR)
        assert tuple((a["state"], a["event_time"] // HOUR) for a in said) == case.expected, cut
        assert [a["sequence"] for a in said] == list(range(len(said)))


def restarted(episodes: Episodes) -> Episodes:
    """Return what a snapshot brings back."""
    packed = msgspec.msgpack.encode((episodes.all(), episodes.cleared(), episodes.mutes.state()))
    kind = tuple[list[Episode], list[Episode], list[Mute]]
    open_ones, cleared, mutes = msgspec.msgpack.decode(packed, type=kind)
    return Episodes(open_ones, cleared, Mutes(mutes))


@pytest.mark.parametrize(
    ("first", "second", "opens"),
    [
        (WEB, WEB, False),
        ({"tenant_id": "t"}, WEB, False),  # a tenant has all of its segments
        (WEB, {"tenant_id": "t"}, False),
        (WEB, {**WEB, "segment": "app"}, True),
        (WEB, {**WEB, "tenant_id": "u"}, True),
    ],
)
def test_one_cause_of_the_same_answers_is_one_action(
    first: dict[str, str], second: dict[str, str], opens: bool
) -> None:
    causes = [Cause("model_version", "m2")]
    episodes = Episodes()
    assert episodes.take(WORSE, finding(scope=first, causes=causes), 0) is not None
    further = episodes.take(OTHER, finding(scope=second, causes=causes), 1)
    assert (further is not None) == opens


def test_a_cause_found_after_the_opening_explains_what_comes_then() -> None:
    causes = [Cause("model_version", "m2")]
    episodes = Episodes()
    assert episodes.take(WORSE, finding(), 0) is not None
    assert episodes.take(WORSE, finding(causes=causes), 1) is None
    assert episodes.take(OTHER, finding(causes=causes), 2) is None


def test_a_result_after_the_end_still_finds_its_episode_and_numbers_go_on() -> None:
    episodes = Episodes()
    opened = episodes.take(WORSE, BAD, 0)
    assert opened is not None
    episodes.take(WORSE, GOOD, 1)
    found = restarted(episodes).result({**said_by("executed"), "action_id": opened["action_id"]})
    assert found is not None
    assert found.results == [("executed", 0)]
    assert episodes.next_sequence(opened["action_id"], 0) == 2
    assert episodes.next_sequence("forgotten", 7) == 8
    assert Episodes().result({**said_by("executed"), "action_id": "x"}) is None
