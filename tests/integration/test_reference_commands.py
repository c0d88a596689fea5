"""feedloop reference and feedloop rules, as a person types them, on a real broker and store."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec
import pytest

from deploy.cli import main
from deploy.hot_store import connect
from deploy.topics import apply_topics
from schemas.catalog import parsed
from schemas.codec import decode, encode
from schemas.registry import Registry
from schemas.settings import DecideSettings, Settings, environ_of
from schemas.topics import REFERENCES
from sinks.create import create_tables
from sinks.flatten import rows
from sinks.tables import METRICS_TABLE
from stream_jobs.decide.metrics import metric_record
from stream_jobs.window.sums import Sums
from stream_jobs.window.windows import WindowKey
from tests.unit.test_window_sums import head

pytestmark = [pytest.mark.broker, pytest.mark.timeout(180)]

HOUR_MS = 3_600_000
FIRST_MS = 1_789_948_800_000  # 2026-09-21T00:00Z
CALM, WORSE, END = "2026-09-21", "2026-09-25", "2026-09-27"
DRIFT_RULE = """rules:
  - name: language-moved
    metric: drift
    features: [language]
    reference: calm
    condition: {type: drift, sample: 500}
    action: {kind: retrain}
"""


class Said(NamedTuple):
    """What a command printed."""

    out: str
    err: str


Run = Callable[..., Said]


def window(rng: Random, *, worse: bool) -> Sums:
    """Return the sums of 24 answers, each rated; `worse`: in German, and a third rated down."""
    sums = Sums()
    for number in range(24):
        language = "de" if worse and rng.random() < 0.6 else "en"
        answer = head(
            inference_id=f"i{number}",
            language=language,
            latency_ms=rng.randrange(500, 900),
            prompt_version="p2" if worse else "p1",
        )
        sums.add_inference(answer)
        polarity = -1 if rng.random() < (0.35 if worse else 0.05) else 1
        rating = {"explicit": True, "rated": True, "join_status": "matched", "lag_ms": 5}
        sums.add_signal("thumbs", polarity=polarity, inference_head=answer, **rating)
    return sums


def metrics() -> list[dict[str, Any]]:
    """Return a window an hour over six days; on the fifth a new prompt and new users came."""
    rng, found = Random(7), []
    for hour in range(6 * 24):
        worse = hour >= 4 * 24
        key = WindowKey("acme", "m1", "p2" if worse else "p1", "web")
        sums = window(rng, worse=worse)
        found.append(metric_record(FIRST_MS + hour * HOUR_MS, HOUR_MS, key, sums, 0))
    return found


@pytest.fixture
def run(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Return `feedloop`, on a stack with these metrics and no reference yet."""
    decide = DecideSettings(window_ms=HOUR_MS)
    stack = msgspec.structs.replace(settings, decide=decide)
    client = connect(settings)
    create_tables(client, settings.clickhouse)
    schema = parsed("Metric")
    bodies = [(n, FIRST_MS, decode(schema, encode(schema, r))) for n, r in enumerate(metrics())]
    client.insert_arrow("metrics", rows(METRICS_TABLE, 0, bodies))
    apply_topics(settings)
    Registry(settings.registry, settings.kafka.topic_prefix).register(REFERENCES)

    for name, value in environ_of(stack).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "200")

    def feedloop(*words: str, code: int = 0) -> Said:
        with pytest.raises(SystemExit) as ended:
            main(words)
        said = Said(*capsys.readouterr())
        assert (ended.value.code or 0) == code, said.err
        return said

    return feedloop


def test_references_are_taken_listed_and_compared_and_rules_use_them(
    run: Run, tmp_path: Path
) -> None:
    taken = json.loads(
        run("reference", "create", "--name", "calm", "--from", CALM, "--to", WORSE, "--json").out
    )
    assert [(r["reference"], r["inferences"]) for r in taken] == [("calm@1", 4 * 24 * 24)]
    run("reference", "create", "--name", "worse", "--from", WORSE, "--to", END)
    run("reference", "create", "--name", "calm", "--from", CALM, "--to", "2026-09-23")
    listed = run("reference", "list").out
    assert [name in listed for name in ("calm@1", "calm@2", "worse@1")] == [True] * 3
    same = distances(run("reference", "compare", "calm@1", "calm@2", "--tenant", "acme", "--json"))
    moved = distances(run("reference", "compare", "calm@1", "worse", "--tenant", "acme", "--json"))
    assert same[("language", "psi")] < 0.01
    assert moved[("language", "psi")] > 0.2
    assert moved[("latency_ms", "psi")] < 0.05
    rules = tmp_path / "rules.yaml"
    rules.write_text(DRIFT_RULE)
    words = ("--rules", str(rules), "--from", WORSE, "--to", END, "--json")
    (told,) = json.loads(run("rules", "simulate", *words).out)["episodes"]
    assert (told["rule"], told["kind"]) == ("language-moved", "retrain")
    shown = run("reference", "show", "worse").out
    assert "language" in shown
    assert run("reference", "delete", "worse@1").out == "worse@1 is gone for 1 products\n"
    gone = run("reference", "compare", "calm", "worse", "--tenant", "acme", code=1).err
    assert "calm@1, calm@2" in gone


def distances(said: Said) -> dict[tuple[str, str], float]:
    return {(r["feature"], r["distance"]): r["value"] for r in json.loads(said.out)}


def test_rules_are_checked_and_tried_on_what_was_counted(run: Run, tmp_path: Path) -> None:
    quiet = run("rules", "simulate", "--from", CALM, "--to", WORSE, "--quiet").out
    assert "0 false alarms, 0 a week" in quiet
    words = ("--from", CALM, "--to", END, "--trouble", WORSE)
    assert "p2" in run("rules", "simulate", *words).out
    done = json.loads(run("rules", "simulate", *words, "--json").out)
    assert (done["products"], done["false_alarms"], done["missed"]) == (1, 0, 0)
    (told,) = [e for e in done["episodes"] if e["rule"] == "answers-got-worse"]
    assert told["key"]["prompt_version"] == "p2"
    assert 0 < told["delay_rated"] <= 10 * 24
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(DRIFT_RULE.replace("sample", "sampel"))
    refused = run("rules", "check", str(wrong), code=1).err
    assert ":6: sampel" in refused
    wrong.write_text(DRIFT_RULE)
    assert "language-moved" in run("rules", "check", str(wrong)).out


def test_what_can_not_be_done_says_what_to_do(run: Run) -> None:
    none = run(
        "reference", "create", "--name", "x", "--from", "2020-01-01", "--to", "2020-02-01", code=1
    )
    assert "take a longer period" in none.err
    assert "no windows in that time" in run("rules", "simulate", "--from", "1m").out
    back = run("rules", "simulate", "--from", WORSE, "--to", CALM, code=1).err
    assert "ends after it begins" in back
    when = run("rules", "simulate", "--from", "yesterday", code=1).err
    assert "--from yesterday" in when
