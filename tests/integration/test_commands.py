"""query, drain and replay as a user calls them, on the real parts: output, messages, exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.topics import apply_topics
from schemas.settings import Settings, environ_of
from schemas.topics import DEAD_LETTERS, FEEDBACK, INFERENCE
from tests.integration.producing import NOW_MS, frames, produce

pytestmark = pytest.mark.broker

FEEDLOOP = Path(sys.executable).parent / "feedloop"
SQL = "SELECT number AS n, if(n = 1, NULL, 'a,b') AS t FROM numbers(2)"


def feedloop(settings: Settings, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environ = {**os.environ, **environ_of(settings)}
    command = [FEEDLOOP, *arguments]
    return subprocess.run(
        command, env=environ, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("json", '[{"n":0,"t":"a,b"},{"n":1,"t":null}]\n'),
        ("jsonl", '{"n":0,"t":"a,b"}\n{"n":1,"t":null}\n'),
        ("csv", 'n,t\n0,"a,b"\n1,\n'),
    ],
)
def test_query_prints_rows_for_programs(settings: Settings, form: str, expected: str) -> None:
    assert feedloop(settings, "query", SQL, "--format", form).stdout == expected


def test_a_query_that_is_wrong_is_explained_in_clickhouses_words(settings: Settings) -> None:
    done = feedloop(settings, "query", "SELECT nothing FROM nowhere")
    assert done.returncode == 1
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr


def test_drain_without_topics_says_what_to_do(settings: Settings) -> None:
    done = feedloop(settings, "drain")
    assert done.returncode == 1
    assert "feedloop topics apply" in done.stderr


def test_drain_that_is_stuck_names_the_stage_and_exits_1(settings: Settings) -> None:
    apply_topics(settings)
    produce(settings, INFERENCE, [b"x"])
    done = feedloop(settings, "drain", "--timeout", "1", "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["drained"] is False
    assert found["stuck"] == {"redact": {f"{settings.kafka.topic_prefix}inference[0]": 1}}
    assert "redact has 1 offsets left" in done.stderr


def letter(settings: Settings, offset: int) -> dict:
    return {
        "dead_letter_id": f"d{offset}",
        "stage": "redact",
        "reason": "unknown_schema",
        "detail": "",
        "topic": FEEDBACK.full(settings.kafka.topic_prefix),
        "partition": 0,
        "offset": offset,
        "schema_id": 99,
        "event_time": NOW_MS,
    }


def test_replay_sends_what_is_there_and_names_what_is_gone(settings: Settings) -> None:
    apply_topics(settings)
    produce(settings, FEEDBACK, [b"first", b"second"])
    letters = [letter(settings, 1), letter(settings, 7)]
    produce(settings, DEAD_LETTERS, frames(settings, DEAD_LETTERS, letters))

    dry = feedloop(settings, "replay", "--dry-run")
    assert "1 of 2 could be sent again" in dry.stdout
    done = feedloop(settings, "replay", "--json", "--stage", "redact")

    assert done.returncode == 1, "something is gone"
    gone = f"{FEEDBACK.full(settings.kafka.topic_prefix)}[0] 7"
    assert json.loads(done.stdout) == {"selected": 2, "replayed": 1, "gone": [gone]}


def test_replay_of_an_unknown_stage_lists_the_known_ones(settings: Settings) -> None:
    done = feedloop(settings, "replay", "--stage", "reduct")
    assert done.returncode == 1
    assert "redact, join, decide" in done.stderr
