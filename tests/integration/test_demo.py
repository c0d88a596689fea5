"""The demo as a newcomer runs it: true to its last line, nothing left behind however it ends."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(420)]

FEEDLOOP = Path(sys.executable).parent / "feedloop"


def demo(folder: Path, *options: str) -> "subprocess.Popen[str]":
    """Start the demo with `folder` as the place of temporary folders."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("FEEDLOOP_")}
    return subprocess.Popen(
        [FEEDLOOP, "demo", *options],
        cwd=folder,
        env={**environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def left_behind(folder: Path) -> list[str]:
    """Return the command lines that name a folder under `folder`."""
    lines = [" ".join(p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"])]
    return [line for line in lines if str(folder) in line]


@pytest.fixture
def folder() -> Path:
    # Not tmp_path: its name is the test's, which other command lines hold too.
    return Path(tempfile.mkdtemp(prefix="demo-of-test-"))


def test_every_figure_is_true_and_nothing_is_left_behind(folder: Path) -> None:
    process = demo(folder, "--seconds", "30")
    out, err = process.communicate(timeout=400)

    assert process.returncode == 0, out[-3000:] + err[-3000:]
    summary = json.loads(out.splitlines()[-1])
    assert summary["truth_ok"] is True
    assert summary["enriched"] == sum(
        summary[name] for name in ("matched", "late", "orphans", "abandonments")
    )
    assert len(summary["actions"]) >= 3
    assert left_behind(folder) == []
    assert list(folder.iterdir()) == []
    folder.rmdir()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda s: s.name)
def test_an_interrupted_demo_cleans_up(number: signal.Signals, folder: Path) -> None:
    process = demo(folder)
    assert process.stderr is not None
    for line in process.stderr:
        if "starting" in line:
            break
    process.send_signal(number)
    process.communicate(timeout=120)

    assert process.returncode == 130
    assert left_behind(folder) == []
    assert list(folder.iterdir()) == []
    folder.rmdir()
