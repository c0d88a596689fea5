"""The demo's verdict: any single figure that differs from the truth is named, and nothing else."""

import json
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from deploy.demo import Plan, traffic_until
from deploy.demo_truth import Found, differences
from deploy.demo_view import Picture, View, render
from producers.world.truth import Truth

NOW_MS = 1_790_000_000_000
PLAN = Plan(seed=3, events=1_500)


@pytest.fixture(scope="module")
def truth() -> Truth:
    traffic = traffic_until(PLAN, NOW_MS)
    times = [event.fields["event_time"] for event in traffic]
    assert max(times) == NOW_MS
    return traffic.truth


def action(**other: Any) -> dict[str, Any]:
    return {
        "action_id": "a",
        "rule": "r",
        "kind": "review",
        "state": "opened",
        "severity": "critical",
        "tenant_id": "acme",
        "key": {"segment": "web"},
        "event_time": NOW_MS,
        "parameters": {},
        "examples": ["i-1", "i-2", "i-3"],
        "evidence": {
            "metric": "negative_rate",
            "observed": 0.3,
            "baseline": 0.1,
            "n": 200,
            "contributions": [],
        },
        **other,
    }


def wanted(truth: Truth) -> list[dict[str, Any]]:
    return [
        action(
            rule=e.problem,
            kind=e.kinds[0],
            tenant_id=e.tenant_id,
            key={"segment": e.segment, **e.names},
        )
        for e in truth.expected_actions
    ]


@pytest.fixture
def found(truth: Truth) -> Found:
    """What a loop without fault finds."""
    return Found(
        sent=truth.events,
        inferences=truth.inferences,
        enriched=truth.enriched,
        enriched_cold=truth.enriched,
        matched=truth.count("matched"),
        late=truth.count("late"),
        orphans=truth.count("orphan"),
        abandonments=len(truth.abandonments),
        duplicates=truth.duplicates,
        dead_letters=0,
        redactions=10_000,
        leaks=(),
        waiting=0,
        prompts={
            key: (n, truth.negative_by_prompt[key]) for key, n in truth.rated_by_prompt.items() if n
        },
        actions=wanted(truth),
    )


def test_a_loop_without_fault_agrees(found: Found, truth: Truth) -> None:
    assert differences(found, truth) == []


def test_the_truth_has_something_of_everything(truth: Truth) -> None:
    for count in (truth.duplicates, truth.abandonments, truth.planted, truth.expected_actions):
        assert count
    assert truth.count("late")
    assert truth.count("orphan")


@pytest.mark.parametrize(
    "name",
    [
        "sent",
        "inferences",
        "enriched",
        "enriched_cold",
        "matched",
        "late",
        "orphans",
        "abandonments",
        "duplicates",
        "dead_letters",
        "waiting",
    ],
)
@pytest.mark.parametrize("by", [-1, 1])
def test_one_too_many_or_too_few_is_named(name: str, by: int, found: Found, truth: Truth) -> None:
    lines = differences(replace(found, **{name: getattr(found, name) + by}), truth)
    assert len(lines) == 1
    assert lines[0].startswith(f"{name}: ")


def test_a_rate_that_is_wrong_or_missing_is_named(found: Found, truth: Truth) -> None:
    key, (rated, negative) = next(iter(found.prompts.items()))
    wrong = {**found.prompts, key: (rated, negative + 1)}
    assert len(differences(replace(found, prompts=wrong), truth)) == 1
    missing = {k: v for k, v in found.prompts.items() if k != key}
    assert key[2] in differences(replace(found, prompts=missing), truth)[0]


def test_personal_data_left_over_is_named_by_type(found: Found, truth: Truth) -> None:
    lines = differences(replace(found, leaks=("EMAIL_ADDRESS",)), truth)
    assert lines == ["personal data left in a stored text: EMAIL_ADDRESS"]
    assert "redactions" in differences(replace(found, redactions=0), truth)[0]


def test_a_missing_action_is_named(found: Found, truth: Truth) -> None:
    for number, expected in enumerate(truth.expected_actions):
        rest = found.actions[:number] + found.actions[number + 1 :]
        lines = differences(replace(found, actions=rest), truth)
        assert len(lines) == 1
        assert expected.problem in lines[0]


def test_an_action_without_a_reason_is_named(found: Found, truth: Truth) -> None:
    elsewhere = action(tenant_id="nobody")
    early = action(event_time=truth.start_ms)
    innocent = action(key={"segment": "mobile", "doc_id": "kb-returns-03"})
    for extra in (elsewhere, early, innocent):
        lines = differences(replace(found, actions=[*found.actions, extra]), truth)
        assert len(lines) == 1
        assert "without a reason" in lines[0]


def test_an_action_must_name_who_is_at_fault(found: Found, truth: Truth) -> None:
    blamed = [
        {**a, "key": {"segment": a["key"]["segment"]}, "evidence": shares("prompt_version", "p1")}
        for a in found.actions
    ]
    lines = differences(replace(found, actions=blamed), truth)
    assert any("prompt_regression" in line for line in lines)


def test_who_carries_most_of_the_rise_is_named(found: Found, truth: Truth) -> None:
    by_share = [
        {**a, "key": {"segment": "web"}, "evidence": shares("prompt_version", "p2")}
        if a["rule"] == "prompt_regression"
        else a
        for a in found.actions
    ]
    assert differences(replace(found, actions=by_share), truth) == []


def shares(dimension: str, value: str) -> dict[str, Any]:
    parts = [
        {"dimension": dimension, "value": "other", "observed": 0.1, "n": 9, "share": 0.2},
        {"dimension": dimension, "value": value, "observed": 0.4, "n": 9, "share": 0.8},
    ]
    return {**action()["evidence"], "contributions": parts}


def test_the_summary_has_the_promised_fields(found: Found, truth: Truth) -> None:
    summary = json.loads(json.dumps(found.summary([])))
    assert set(summary) >= {
        "sent",
        "enriched",
        "matched",
        "orphans",
        "late",
        "duplicates",
        "dead_letters",
        "redactions",
        "actions",
        "truth_ok",
    }
    assert summary["truth_ok"] is True
    assert summary["actions"][0].keys() == {"rule", "key"}
    assert found.summary(["x"])["truth_ok"] is False


def picture() -> Picture:
    return Picture(
        total=100,
        sent=40,
        stored=20,
        joined=19,
        orphans=1,
        redactions=7,
        prompts=[("acme", "web", "p1", 50, 4), ("acme", "web", "p2", 50, 20)],
        actions=[action()],
    )


def test_without_a_terminal_each_action_is_one_block_of_lines_once() -> None:
    console = Console(record=True, width=120, force_terminal=False)
    shown = picture()
    with View(console, shown) as view:
        view.refresh()
        view.refresh()
    text = console.export_text()
    assert text.count("opened r → review: acme web") == 1
    assert "sent 40 of 100" in text
    assert "e.g. i-1, i-2" in text


def test_on_a_terminal_the_picture_shows_traffic_rates_and_actions() -> None:
    console = Console(record=True, width=120, force_terminal=True)
    console.print(render(picture()))
    text = console.export_text()
    for part in ("joined 95.0%", "redactions 7", "p2", "40.0%", "negative_rate 30.0 %"):
        assert part in text
