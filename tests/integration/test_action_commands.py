"""feedloop actions show, ack, mute, unmute: what they print and what they write."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.records import read
from schemas.settings import Settings, environ_of
from schemas.topics import ACTION_RESULTS, ACTIONS
from tests.integration.producing import action, frames, one_partition, produce

pytestmark = pytest.mark.broker
FEEDLOOP = Path(sys.executable).parent / "feedloop"


def test_people_speak_by_the_command_and_decide_gets_records(settings: Settings) -> None:
    one = one_partition(settings)
    opened = action(0, action_id="4f3a9b1c-0")
    produce(one, ACTIONS, frames(one, ACTIONS, [opened]))
    frames(one, ACTION_RESULTS, [])

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [FEEDLOOP, "actions", *words],
            env={**os.environ, **environ_of(one)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    assert "acknowledged 4f3a9b1c-0" in run("ack", "4f3a9b", "--detail", "mine").stdout
    assert run("mute", "4f3a9b", "--for", "2h").stdout == (
        "muted: negative-rate of acme, segment web\n"
    )
    assert run("unmute", "--tenant", "acme").stdout == "unmuted: every rule of acme\n"
    said = list(read(one, ACTION_RESULTS))
    assert [(r["state"], r["tenant_id"], r["rule"], r["key"]) for r in said] == [
        ("acknowledged", "acme", None, {}),
        ("muted", "acme", "negative-rate", {"segment": "web"}),
        ("unmuted", "acme", None, {}),
    ]
    assert said[1]["until"] - said[1]["event_time"] == pytest.approx(7_200_000, abs=60_000)
    shown = run("show", "4f3a9b").stdout
    assert "opened" in shown
    assert "acknowledged by" in shown
    wrong = run("mute")
    assert (wrong.returncode, "--tenant" in wrong.stderr) == (1, True)
