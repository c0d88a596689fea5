"""Named and sliding references: what a rule compares with, from when on, through restarts."""

import random
from typing import Any

import pytest

from deploy.references import compared, find, taken
from schemas.errors import ConfigError
from stream_jobs.act.rules import load_rules
from stream_jobs.decide.logic import DecideConfig, Out
from stream_jobs.window.sums import Sums
from stream_jobs.window.windows import OpenWindows, WindowKey
from tests.unit.test_decide_logic import MINUTE, said
from tests.unit.test_window_sums import head

HOUR = 60 * MINUTE
DAY = 24 * HOUR
RULE = """
rules:
- name: moved
  metric: drift
  features: [language, latency_ms]
  reference: {reference}
  condition: {{type: drift, sample: 200}}
  action: {{kind: review}}
"""


def config(reference: str) -> DecideConfig:
    return DecideConfig(MINUTE, MINUTE, load_rules(RULE.format(reference=reference)))


def answers(rng: random.Random, start: int, german: float, count: int = 10) -> list[dict[str, Any]]:
    return [
        head(
            inference_id=f"i{start}-{n}",
            event_time=start,
            language="de" if rng.random() < german else "en",
            latency_ms=int(rng.lognormvariate(6, 0.5)),
        )
        for n in range(count)
    ]


def partials(german: list[float], each: int = 60, seed: int = 1) -> list[dict[str, Any]]:
    """Return a partition's records: `each` minutes of ten answers with each share of German."""
    rng, join, found = random.Random(seed), OpenWindows(MINUTE, 0, 1), []
    for minute in range(len(german) * each):
        for answer in answers(rng, minute * MINUTE, german[minute // each]):
            join.inference(answer)
        found += join.close((minute + 1) * MINUTE)
        found.append(join.marker("closed", (minute + 1) * MINUTE))
    return found


def reference(german: float, name: str = "spring", version: int = 1, seed: int = 9) -> Any:
    rng = random.Random(seed)
    windows = []
    for hour in range(20):
        sums = Sums()
        for answer in answers(rng, hour * HOUR, german, 100):
            sums.add_inference(answer)
        windows.append((hour * HOUR, {WindowKey("t", "m1", "p1", "web"): sums}))
    (record,) = taken(iter(windows), name, version, (0, 20 * HOUR, 21 * HOUR))
    return record


def run(config: DecideConfig, given: list[Any], cut: int | None = None) -> list[Out]:
    """Feed partials and references (told by their `name`); after `cut` inputs, restart.

    A restart reads all references before it again, as the stage does.
    """
    decide, outs = config.build(), []
    for i, record in enumerate(given):
        if i == cut:
            decide = config.build(decide.snapshot())
            for known in given[:i]:
                if "name" in known:
                    decide.on_reference(known)
        if "name" in record:
            decide.on_reference(record)
        else:
            outs += decide.on_partial(record, 0)
    return outs


def test_a_named_reference_is_what_samples_are_compared_with() -> None:
    days = partials([0.1, 0.1])
    assert said(run(config("spring"), [reference(0.1), *days])) == []
    opened = said(run(config("spring"), [reference(0.6), *days]))
    assert opened == [("moved", "review", "opened", {"segment": "web"})]


def test_a_rule_waits_for_its_reference() -> None:
    assert said(run(config("summer"), [reference(0.6), *partials([0.1, 0.6])])) == []


def test_a_new_version_counts_from_the_next_sample_on() -> None:
    days = partials([0.1, 0.1, 0.1])
    third = len(days) // 3
    newer = [reference(0.1), *days[:third], reference(0.6, version=2), *days[third:]]
    assert [state for _, _, state, _ in said(run(config("spring"), newer))] == ["opened"]
    assert said(run(config("spring@1"), newer)) == []
    back = [*newer[:-third], {**reference(0.6, version=2), "deleted": True}, *newer[-third:]]
    states = [state for _, _, state, _ in said(run(config("spring"), back))]
    assert states == ["opened", "cleared"]


def test_a_restart_anywhere_changes_nothing() -> None:
    days = partials([0.1, 0.6], each=45)
    given = [reference(0.1), *days[:60], reference(0.2, version=2), *days[60:]]
    for rule in ("spring", "{sliding_days: 1}"):
        whole = run(config(rule), given)
        assert said(whole)
        for cut in range(0, len(given), 17):
            assert run(config(rule), given, cut) == whole


def test_a_sliding_reference_follows_slow_change_and_tells_sudden() -> None:
    slow = partials([0.1 + 0.05 * n for n in range(8)], each=1440 // 4)
    assert said(run(config("{sliding_days: 1}"), slow)) == []
    sudden = run(config("{sliding_days: 1}"), partials([0.1, 0.5], each=240))
    assert [state for _, _, state, _ in said(sudden)][:1] == ["opened"]


def test_a_reference_holds_how_much_its_hours_vary() -> None:
    calm = reference(0.2)["dispersion"]["language"]
    assert calm["statistic"] / calm["freedom"] < 2
    rng, windows = random.Random(3), []
    for hour in range(20):
        sums = Sums()
        for answer in answers(rng, hour * HOUR, rng.choice([0.05, 0.5]), 100):
            sums.add_inference(answer)
        windows.append((hour * HOUR, {WindowKey("t", segment="web"): sums}))
    (record,) = taken(iter(windows), "x", 1, (0, DAY, DAY))
    wild = record["dispersion"]["language"]
    assert wild["statistic"] / wild["freedom"] > 10


def test_two_references_are_compared_by_every_distance() -> None:
    records = [reference(0.1), reference(0.5, version=2, seed=2)]
    scope = {"tenant_id": "t", "segment": "web"}
    rows = compared(find(records, "spring@1", scope), find(records, "spring", scope))
    found = {(feature, name): distance for feature, name, distance in rows}
    assert found["language", "total_variation"].value == pytest.approx(0.4, abs=0.05)
    assert found["language", "psi"].low > 0.1
    assert found["latency_ms", "wasserstein"].low == 0
    with pytest.raises(ConfigError, match="spring@1, spring@2"):
        find(records, "winter", scope)


def test_too_few_inferences_make_no_reference() -> None:
    sums = Sums()
    sums.add_inference(head())
    assert taken(iter([(0, {WindowKey("t"): sums})]), "x", 1, (0, 1, 2)) == []
