"""Episodes: opened once, escalated, renewed, cleared; one cause, one action. And who is blamed."""

from dataclasses import dataclass
from typing import Any

import pytest

from stream_jobs.act.episodes import Episodes, Finding
from stream_jobs.act.evidence import Cause, Tally, blame
from stream_jobs.act.rules import Rule, shipped_rules

RULES = {rule.name: rule for rule in shipped_rules()}
WORSE = RULES["answers-got-worse"]
INPUTS = RULES["inputs-drifted"]
WEB = {"tenant_id": "t", "segment": "web"}
HOUR = 3_600_000
P2 = Cause("prompt_version", "p2")


def finding(active: bool = True, **over: Any) -> Finding:
    evidence = {"metric": "negative_rate", "contributions": []}
    return Finding(**{"scope": WEB, "active": active, "evidence": evidence, **over})


@dataclass(frozen=True)
class Case:
    name: str
    given: tuple[tuple[int, Finding], ...]  # (hour, finding)
    expected: tuple[tuple[str, int], ...]  # (state, sequence)


CASES = (
    Case("nothing wrong, nothing said", ((0, finding(active=False)),), ()),
    Case("opened once", ((0, finding()), (1, finding())), (("opened", 0),)),
    Case(
        "grows, and doesn't shrink",
        ((0, finding()), (1, finding(severity="critical")), (2, finding())),
        (("opened", 0), ("escalated", 1)),
    ),
    Case(
        "renewed after the cooldown, not before",
        ((0, finding()), (23, finding()), (24, finding()), (25, finding())),
        (("opened", 0), ("renewed", 1)),
    ),
    Case(
        "cleared, and again from the start",
        ((0, finding()), (1, finding(active=False)), (2, finding())),
        (("opened", 0), ("cleared", 1), ("opened", 0)),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_life(case: Case) -> None:
    for cut in range(len(case.given) + 1):  # a restart anywhere changes nothing
        episodes, said = Episodes(), []
        for i, (hour, one) in enumerate(case.given):
            if i == cut:
                episodes = Episodes(episodes.all())
            action = episodes.take(WORSE, one, hour * HOUR)
            said += [action] if action else []
        assert tuple((a["state"], a["sequence"]) for a in said) == case.expected
        ids = [a["action_id"] for a in said]
        assert len(set(ids)) == sum(a["state"] == "opened" for a in said)


def opened(rule: Rule, episodes: Episodes, **over: Any) -> dict[str, Any] | None:
    return episodes.take(rule, finding(**over), 0)


@pytest.mark.parametrize(
    ("causes", "kind", "key"),
    [
        ([P2], "prompt_tuning", {"segment": "web", "prompt_version": "p2"}),
        ([Cause("model_version", "m2")], "rollback", {"segment": "web", "model_version": "m2"}),
        (
            [Cause("model_version", "m2"), P2],
            "prompt_tuning",
            {"segment": "web", "model_version": "m2", "prompt_version": "p2"},
        ),
        ([Cause("doc_id", "d")], "rag_reindex", {"segment": "web", "doc_id": "d"}),
        ([], "review", {"segment": "web"}),
    ],
)
def test_the_cause_decides_what_to_do(causes: Any, kind: str, key: dict[str, str]) -> None:
    action = opened(WORSE, Episodes(), causes=causes)
    assert action is not None
    assert (action["kind"], action["key"]) == (kind, key)


def test_one_cause_gives_one_action_in_one_product() -> None:
    episodes = Episodes()
    assert opened(WORSE, episodes, causes=[P2])
    assert opened(INPUTS, episodes, causes=[P2]) is None
    assert opened(INPUTS, episodes, causes=[P2], scope={**WEB, "segment": "app"})
    assert opened(INPUTS, episodes, causes=[Cause("model_version", "m3")])


def tally(**versions: tuple[int, int]) -> Tally:
    out = Tally()
    for version, (k, n) in versions.items():
        out.add_window("m1", version, k, n, None)
    return out


def test_the_version_that_was_rolled_out_is_blamed_and_compared() -> None:
    found = blame(tally(p1=(50, 500)), tally(p1=(3, 30), p2=(30, 70)), 0.1)
    assert found.causes == [P2]
    assert found.comparison["replaces"] == "p1"
    assert float(found.comparison["difference_low"]) > 0.1


def test_the_version_that_went_bad_where_it_was_is_blamed() -> None:
    found = blame(tally(p1=(25, 250), p2=(25, 250)), tally(p1=(5, 50), p2=(25, 50)), 0.1)
    assert found.causes == [P2]


def test_if_all_get_worse_nobody_is_blamed() -> None:
    found = blame(tally(p1=(25, 250), p2=(25, 250)), tally(p1=(20, 50), p2=(21, 50)), 0.1)
    assert found.causes == []
    assert {c["value"] for c in found.contributions} == {"m1", "p1", "p2"}


def test_a_rollout_of_a_good_version_is_not_blamed_for_the_others() -> None:
    found = blame(tally(p1=(50, 500)), tally(p1=(30, 50), p2=(5, 50)), 0.1)
    assert [cause.value for cause in found.causes] == ["p1"]
