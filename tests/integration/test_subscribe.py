"""The README's subscriber, as a user has it, receives the actions; so does `feedloop actions`."""

import inspect
import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from deploy.records import read
from deploy.topics import apply_topics
from examples.subscribe import show, subscribe
from schemas.settings import Settings, environ_of
from schemas.topics import ACTIONS
from tests.integration.producing import Stage, action, frames, one_partition, produce

pytestmark = pytest.mark.broker

README = Path(__file__).parents[2] / "README.md"
FEEDLOOP = Path(sys.executable).parent / "feedloop"


def received(settings: Settings, count: int) -> list[dict[str, Any]]:
    got: list[dict[str, Any]] = []

    def handle(found: dict[str, Any]) -> bool:
        got.append(found)
        return len(got) < count

    topic = ACTIONS.full(settings.kafka.topic_prefix)
    subscribe(settings.kafka.bootstrap, settings.registry.url, topic + ".test", handle, topic)
    return got


def test_the_readme_shows_the_example_as_it_is() -> None:
    assert inspect.getsource(subscribe) in README.read_text()


def test_the_example_gets_each_committed_action_once_and_goes_on_where_it_stopped(
    settings: Settings,
) -> None:
    one = one_partition(settings)
    decide = Stage(one, "decide")
    bodies = frames(one, ACTIONS, [action(n) for n in range(4)])
    decide.commit({}, {ACTIONS: bodies[:2]})
    decide.write({ACTIONS: bodies[3:]})
    decide.abort()
    decide.commit({}, {ACTIONS: bodies[2:3]})
    decide.close()

    assert [a["action_id"] for a in received(one, 2)] == ["a0", "a1"]
    assert [a["action_id"] for a in received(one, 1)] == ["a2"], "the aborted a3 is never seen"


def test_what_it_prints_says_what_to_do_where_and_why() -> None:
    said = io.StringIO()
    with redirect_stdout(said):
        assert show(action())
    for word in ("opened", "rollback", "acme", "0.310", "0.08", "640", "i1"):
        assert word in said.getvalue()


def test_the_command_shows_the_same_actions_as_lines_and_as_json(settings: Settings) -> None:
    one = one_partition(settings)
    produce(one, ACTIONS, frames(one, ACTIONS, [action(0), action(1, state="cleared")]))
    environ = {**os.environ, **environ_of(one)}

    lines = subprocess.run(
        [FEEDLOOP, "actions"], env=environ, capture_output=True, text=True, check=True, timeout=60
    ).stdout.splitlines()
    objects = subprocess.run(
        [FEEDLOOP, "actions", "--json"],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.splitlines()

    assert len(lines) == 2
    assert "negative_rate 31.0 %, was 8.0 %, n=640; 81 % from prompt_version p2" in lines[0]
    assert [json.loads(o)["state"] for o in objects] == ["opened", "cleared"]


def test_following_shows_what_comes_later_too(settings: Settings) -> None:
    one = one_partition(settings)
    produce(one, ACTIONS, frames(one, ACTIONS, [action(0)]))
    found = read(one, ACTIONS, follow=True)
    assert next(found)["action_id"] == "a0"
    produce(one, ACTIONS, frames(one, ACTIONS, [action(1)]))
    assert next(found)["action_id"] == "a1"
    found.close()


def test_reading_from_now_leaves_out_what_was(settings: Settings) -> None:
    apply_topics(settings)
    produce(settings, ACTIONS, frames(settings, ACTIONS, [action(0)]))
    assert list(read(settings, ACTIONS, from_beginning=False)) == []
    assert len(list(read(settings, ACTIONS))) == 1
