"""feedloop reference and feedloop rules on the real broker, registry and store."""

import json
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest

from deploy.topics import apply_topics
from schemas.catalog import parsed
from schemas.codec import decode, encode
from schemas.registry import Registry
from schemas.settings import Settings, clickhouse_config
from sinks.create import create_tables
from sinks.flatten import rows
from sinks.tables import METRICS_TABLE
from tests.integration.test_commands import feedloop
from tests.unit.test_decide_logic import MINUTE, SHIPPED, World, actions, partials, run

pytestmark = pytest.mark.broker

START_MS = 1_789_999_200_000
OUTS = run(SHIPPED, list(partials(World(1, prompt_from=45).play(), 1)))
FROM, TO = "2026-09-21T14:00", "2026-09-21T16:00"


@pytest.fixture
def counted(settings: Settings) -> Settings:
    """Topics, schemas, and two hours of windows in the store; the prompt got worse at 45 min."""
    apply_topics(settings)
    Registry(settings.registry, settings.kafka.topic_prefix).register_all()
    client = clickhouse_connect.get_client(**clickhouse_config(settings.clickhouse))
    create_tables(client, settings.clickhouse)
    schema, bodies = parsed("Metric"), []
    for out in OUTS:
        if out.topic == "metrics":
            record = {**out.record, "window_start": out.record["window_start"] + START_MS}
            bodies.append((len(bodies), START_MS, decode(schema, encode(schema, record))))
    client.insert_arrow("metrics", rows(METRICS_TABLE, 0, bodies))
    client.close()
    return settings


def asked(settings: Settings, *words: str) -> Any:
    done = feedloop(settings, *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_references_are_taken_listed_compared_and_deleted(counted: Settings) -> None:
    create = ("reference", "create", "--from", FROM, "--to", TO, "--name", "spring")
    (first,) = asked(counted, *create)
    assert (first["reference"], first["segment"]) == ("spring@1", "web")
    assert first["inferences"] == 3_000
    (second,) = asked(counted, *create, "--tenant", "t")
    assert second["reference"] == "spring@2"
    assert len(asked(counted, "reference", "list")) == 2
    shown = asked(counted, "reference", "show", "spring@1")
    assert {row["feature"] for row in shown} >= {"language", "docs", "latency_ms", "segment"}
    same = asked(counted, "reference", "compare", "spring@1", "spring@2", "--tenant", "t")
    assert all(row["low"] == 0 for row in same)
    assert {row["distance"] for row in same} >= {"psi", "wasserstein", "chi_square"}
    assert feedloop(counted, "reference", "delete", "spring@1").returncode == 0
    assert [r["reference"] for r in asked(counted, "reference", "list")] == ["spring@2"]


def test_rules_tried_on_the_store_tell_what_decide_told(counted: Settings, tmp_path: Path) -> None:
    (live,) = actions(OUTS)
    at = ("--from", FROM, "--to", TO)
    trouble = ("--trouble", "2026-09-21T14:45")
    done = asked(counted, "rules", "simulate", *at, *trouble)
    (told,) = done["episodes"]
    assert (told["rule"], told["opened_ms"] - START_MS) == (live["rule"], live["event_time"])
    assert told["delay_ms"] == live["event_time"] - 45 * MINUTE
    assert (done["false_alarms"], done["missed"]) == (0, 0)
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "rules:\n- {name: any, metric: negative_rate, action: {kind: alert},\n"
        "   condition: {type: threshold, above: 0.01}}\n"
    )
    assert asked(counted, "rules", "check", str(rules))[0]["condition"] == "threshold"
    quiet = asked(counted, "rules", "simulate", *at, "--quiet", "--rules", str(rules))
    assert quiet["false_alarms"] == len(quiet["episodes"]) >= 1
    assert quiet["false_alarms_per_week"] > 10
