"""Effects: what is compared, when it is decided, and how seldom work that did nothing "helped"."""

from typing import Any

import msgspec
import numpy as np
import pytest

from schemas.catalog import parsed
from schemas.codec import decode, encode
from stream_jobs.act.effect import LASTS_MS, Effect, Target, evidence_counts, target_of
from stream_jobs.act.episodes import Episode, Episodes, Finding
from stream_jobs.act.evidence import Cause
from stream_jobs.act.rules import shipped_rules
from stream_jobs.decide.effects import Effects, EffectsState
from stream_jobs.detect.wilson import wilson
from stream_jobs.window.sums import Sums
from stream_jobs.window.windows import WindowKey

RULES = {rule.name: rule for rule in shipped_rules()}
MINUTE = 60_000
SCOPE = {"tenant_id": "t", "segment": "web"}
EVIDENCE = {
    "metric": "negative_rate",
    "observed": 0.3,
    "baseline": 0.1,
    "n": 300,
    "interval_low": None,
    "interval_high": None,
    "statistic": None,
    "limit": None,
    "window_start": 0,
    "window_end": MINUTE,
    "contributions": [
        {
            "dimension": "prompt_version",
            "value": "p2",
            "observed": 0.4,
            "baseline": None,
            "n": 200,
            "share": 1.0,
        }
    ],
}


def result(at: int = 10, **over: Any) -> dict[str, Any]:
    record = {"action_id": "", "state": "executed", "event_time": at * MINUTE}
    return {**record, "new_model_version": None, "new_prompt_version": None, **over}


def opened(episodes: Episodes, **over: Any) -> Episode:
    causes = [Cause("prompt_version", "p2")]
    finding = Finding(
        **{"scope": SCOPE, "active": True, "causes": causes, "evidence": EVIDENCE, **over}
    )
    rule = "document-went-bad" if "doc_id" in finding.scope else "answers-got-worse"
    assert episodes.take(RULES[rule], finding, MINUTE) is not None
    [episode] = episodes.all()
    return episode


def window(minute: int, versions: dict[str, tuple[int, int]], segment: str = "web") -> Any:
    """Return a window's (start, end) and sums: prompt version → (negative, rated)."""
    keys = {}
    for prompt, (negative, rated) in versions.items():
        sums = Sums()
        sums.negative, sums.positive = negative, rated - negative
        sums.doc_negatives, sums.doc_rated = {"d7": negative}, {"d7": rated}
        keys[WindowKey("t", "m1", prompt, segment)] = sums
    return (minute * MINUTE, (minute + 1) * MINUTE), keys


def played(
    effects: Effects, episodes: Episodes, windows: list[Any], cut: int | None = None
) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = []
    for number, (span, keys) in enumerate(windows):
        if number == cut:
            packed = msgspec.msgpack.encode(effects.state())
            effects = Effects(msgspec.msgpack.decode(packed, type=EffectsState))
        said += effects.feed(span, keys, episodes)
    return said


@pytest.mark.parametrize(("rate", "verdict"), [(2, "helped"), (14, "hurt"), (8, "no_difference")])
def test_a_new_version_is_held_against_the_one_that_was_blamed(rate: int, verdict: str) -> None:
    """p2 had 80 of 200 negative; p3 has `rate` of 20 a minute."""
    windows = [window(m, {"p2": (8, 20), "p3": (rate, 20)}) for m in range(10, 400)]
    for cut in (0, 1, 5, 20):  # a restart anywhere changes nothing
        episodes, effects = Episodes(), Effects()
        effects.start(opened(episodes), result(new_prompt_version="p3"))
        [said] = played(effects, episodes, windows, cut)
        effect = said["effect"]
        assert (effect["verdict"], said["state"], said["sequence"]) == (verdict, "measured", 1)
        assert (effect["dimension"], effect["before"], effect["after"]) == (
            "prompt_version",
            "p2",
            "p3",
        )
        back = decode(parsed("Action"), encode(parsed("Action"), said))
        assert back["effect"]["difference_low"] == effect["difference_low"]


def test_what_was_answered_before_the_work_or_elsewhere_does_not_count() -> None:
    episodes, effects = Episodes(), Effects()
    effects.start(opened(episodes), result(new_prompt_version="p3"))
    early = [window(m, {"p3": (0, 500)}) for m in range(10)]
    elsewhere = [window(m, {"p3": (0, 500)}, segment="app") for m in range(10, 12)]
    other = [window(m, {"p9": (0, 500)}) for m in range(12, 14)]
    assert played(effects, episodes, early + elsewhere + other) == []
    [effect] = effects.state().effects
    assert (effect.before, effect.after) == ([80, 200], [0, 0])


def test_without_a_new_version_the_time_before_is_held_against_the_time_after() -> None:
    episodes, effects = Episodes(), Effects()
    scope = {**SCOPE, "doc_id": "d7"}
    evidence = {**EVIDENCE, "metric": "doc_negative_rate", "contributions": []}
    causes = [Cause("doc_id", "d7")]
    episode = opened(episodes, scope=scope, evidence=evidence, causes=causes)
    played(effects, episodes, [window(m, {"p1": (6, 20)}) for m in range(1, 10)])
    effects.start(episode, result())
    [effect] = effects.state().effects
    assert effect.before == [90 + 54, 300 + 180]
    [said] = played(effects, episodes, [window(m, {"p1": (1, 20)}) for m in range(10, 40)])
    assert said["effect"]["verdict"] == "helped"
    assert (said["effect"]["dimension"], said["effect"]["metric"]) == ("time", "doc_negative_rate")


def test_one_that_stays_open_ends_undecided() -> None:
    effect = Effect({}, target_of(SCOPE, {}, "negative_rate", result()), 0, [80, 200], [0, 0])
    assert effect.feed((0, MINUTE), (0, 0), (4, 10)) is None
    last = effect.feed((LASTS_MS - MINUTE, LASTS_MS), (0, 0), (0, 0))
    assert last is not None
    assert (last["verdict"], last["n_after"], last["rate_after"]) == ("undecided", 10, 0.4)


def test_drift_has_no_rate_of_its_own_answers_are_compared() -> None:
    episodes, effects = Episodes(), Effects()
    evidence = {**EVIDENCE, "metric": "drift_language"}
    effects.start(opened(episodes, evidence=evidence), result(new_model_version="m2"))
    [effect] = effects.state().effects
    assert (effect.target.metric, effect.before) == ("negative_rate", [0, 0])


def test_an_action_is_measured_once() -> None:
    episodes, effects = Episodes(), Effects()
    episode = opened(episodes)
    effects.start(episode, result(new_prompt_version="p3"))
    effects.start(episode, result(11, new_prompt_version="p4"))
    assert [e.target.after for e in effects.state().effects] == ["p3"]


def test_the_blamed_version_counts_not_the_whole_product() -> None:
    target = Target("negative_rate", SCOPE, "", "prompt_version", "p2", "p3")
    assert evidence_counts(EVIDENCE, target) == [80, 200]
    assert evidence_counts(EVIDENCE, msgspec.structs.replace(target, before="")) == [90, 300]


def test_work_that_did_nothing_seldom_helped_though_the_alarm_chose_its_moment() -> None:
    """An alarm rings where the rate looks worst: the evidence is too dark. 300 times."""
    rng = np.random.default_rng(3)
    helped = 0
    for _ in range(300):
        answers = rng.random(2_000) < 0.1
        k = n = 0
        while n < 400 and not (n >= 60 and wilson(k, n).low > 0.07):
            k, n = k + int(answers[n]), n + 1
        target = target_of(SCOPE, {}, "negative_rate", result())
        effect = Effect({}, target, 0, [k, n], [0, 0])
        for minute in range(20):
            later = int((rng.random(60) < 0.1).sum())
            said = effect.feed((minute * MINUTE, (minute + 1) * MINUTE), (0, 0), (later, 60))
            if said is not None:
                helped += said["verdict"] == "helped"
                break
    assert helped <= 15, "5 % of 300"
