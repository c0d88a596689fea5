"""Rules: the shipped ones load; every mistake of a file is told at once, with its line."""

from pathlib import Path

import pytest

from schemas.errors import ConfigError
from stream_jobs.act.rules import KINDS, load_rules, read_rules, shipped_rules
from stream_jobs.detect.rates import RateParameters

GOOD = """\
rules:
  - name: slow
    metric: latency_p95_ms
    condition: {type: threshold, above: 5000, over_minutes: 5}
    action: {kind: alert}
    parameters: {page: on-call}
"""


def test_the_shipped_rules_load() -> None:
    rules = {rule.name: rule for rule in shipped_rules()}
    worse = rules["answers-got-worse"]
    assert isinstance(worse.condition, RateParameters)
    assert worse.by_cause["prompt_version"] == "prompt_tuning"
    assert all(kind in KINDS for rule in rules.values() for kind in rule.by_cause.values())


def test_defaults_are_filled_in() -> None:
    (rule,) = load_rules(GOOD)
    assert (rule.scope, rule.cooldown_ms) == (("tenant_id", "segment"), 86_400_000)
    assert (rule.by_cause, rule.parameters) == ({"otherwise": "alert"}, {"page": "on-call"})


def test_every_mistake_is_told_with_its_line() -> None:
    text = """\
rules:
  - name: one
    metric: happiness
    condition: {type: cusum, rise: -1}
    action: {kind: fix}
    bogus: 1
  - name: two
    metric: drift
    scope: [segment, planet]
    condition:
      type: cusum
      learn: 2.5
    action:
      by_cause: {weather: alert}
  - 3
"""
    with pytest.raises(ConfigError) as caught:
        load_rules(text, "r.yaml")
    told = str(caught.value).splitlines()
    found = {line.split("; expected")[0].removeprefix("r.yaml:") for line in told}
    assert found == {
        "3: metric: 'happiness'",
        "4: rise: -1",
        "5: kind: 'fix'",
        "6: bogus: unknown",
        "9: scope: 'planet'",
        "9: scope: has no tenant_id",
        "11: type: cusum can't watch drift",
        "12: learn: 2.5",
        "14: weather: unknown",
        "14: by_cause: has no `otherwise`",
        "7: features: features go with drift",
        "15: rules: no mapping",
    }
    assert all("; expected " in line for line in told)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: [", "rules:1: not YAML"),
        ("", "rules:1: no mapping"),
        ("rules: []", "rules:1: rules: missing, empty or no list"),
        (GOOD + GOOD.removeprefix("rules:\n"), "rules:7: name: 'slow' is the name of another rule"),
        (GOOD.replace("above: 5000, ", ""), "rules:4: above: missing; expected a number"),
        (GOOD.replace("{kind: alert}", "{}"), "rules:5: action: has both or neither"),
        (GOOD.replace("5000", "true"), "rules:4: above: True"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_rules(text)
    assert said in str(caught.value)


def test_a_file_that_is_not_there_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="FEEDLOOP_DECIDE_RULES_FILE"):
        read_rules(str(tmp_path / "none.yaml"))
    (tmp_path / "r.yaml").write_text(GOOD)
    assert read_rules(str(tmp_path / "r.yaml")) == load_rules(GOOD)
