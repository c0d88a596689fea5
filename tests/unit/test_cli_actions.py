"""What the commands print: action lines, settings, ages."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.action_lines import evidence, line, number
from deploy.cli import COMMANDS, build
from deploy.commands.config import settings_table
from deploy.moments import time_of
from schemas.errors import ConfigError
from tests.unit.test_cli_demo import action

NOW_MS = 1_790_000_000_000


def test_a_line_says_when_what_where_and_why() -> None:
    said = line(action(event_time=NOW_MS))
    assert said.startswith("2026-09-21 14:13:20Z critical opened    r → review [acme segment=web]")
    assert said.endswith("negative_rate 30.0 %, was 10.0 %, n=200")


def with_shares(key: dict[str, str]) -> dict:
    parts = [
        {"dimension": "doc_id", "value": "d1", "share": 0.1},
        {"dimension": "prompt_version", "value": "p2", "share": 0.8},
        {"dimension": "model_version", "value": "m1", "share": 1.0},
    ]
    found = action(key=key)
    return {**found, "evidence": {**found["evidence"], "contributions": parts}}


def test_the_largest_share_is_named() -> None:
    assert evidence(with_shares({"segment": "web"})).endswith("; 100 % from model_version m1")


def test_what_the_action_is_aimed_at_comes_before_larger_shares() -> None:
    said = evidence(with_shares({"prompt_version": "p2"}), shares=2)
    assert said.endswith("; 80 % from prompt_version p2; 100 % from model_version m1")


def test_an_action_without_baseline_says_none() -> None:
    found = action()
    assert "was" not in evidence({**found, "evidence": {**found["evidence"], "baseline": None}})


@pytest.mark.parametrize(
    ("metric", "value", "expected"),
    [
        ("negative_rate", 0.0312, "3.1 %"),
        ("drift", 0.25012, "0.25"),
        ("latency_p95_ms", 812.4, "812"),
    ],
)
def test_rates_are_percentages(metric: str, value: float, expected: str) -> None:
    assert number(metric, value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30s", NOW_MS - 30_000),
        ("15m", NOW_MS - 900_000),
        ("2h", NOW_MS - 7_200_000),
        ("7d", NOW_MS - 604_800_000),
        ("2026-09-21T14:13:20", NOW_MS),
        ("2026-09-21T16:13:20+02:00", NOW_MS),
    ],
)
def test_since_takes_an_age_or_a_time(text: str, expected: int) -> None:
    assert time_of("--since", text, NOW_MS) == expected


def test_since_says_what_it_expects() -> None:
    with pytest.raises(ConfigError, match="2 weeks"):
        time_of("--since", "2 weeks", NOW_MS)


def test_config_says_where_each_value_comes_from_and_hides_secrets(tmp_path: Path) -> None:
    environ = {
        "FEEDLOOP_KAFKA_BOOTSTRAP": "k:1",
        "FEEDLOOP_CLICKHOUSE_PASSWORD": "hunter2",
    }
    rows = {row["env"]: row for row in settings_table(tmp_path, environ)}
    assert rows["FEEDLOOP_KAFKA_BOOTSTRAP"]["value"] == "k:1"
    assert rows["FEEDLOOP_KAFKA_BOOTSTRAP"]["source"] == "environment"
    assert rows["FEEDLOOP_KAFKA_PARTITIONS"]["source"] == "default"
    assert rows["FEEDLOOP_CLICKHOUSE_PASSWORD"]["value"] == "(set)"
    assert rows["FEEDLOOP_KAFKA_SASL_PASSWORD"]["value"] == "(not set)"
    assert "hunter2" not in json.dumps(list(rows.values()))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help_that_explains_itself(name: str) -> None:
    result = CliRunner().invoke(build([name]), [name, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage" in result.output
    assert len(result.output.split()) > 15


def test_the_overview_names_every_command() -> None:
    result = CliRunner().invoke(build([]), ["--help"])
    assert all(name in result.output for name in COMMANDS)
