"""The feedloop redact command, run as its users run it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

KEY = "k1:" + "QUFB" * 11
ROOT = Path(__file__).resolve().parents[2]


def run(
    *args: str, given: bytes = b"", key: str = KEY, folder: Path = ROOT
) -> subprocess.CompletedProcess[bytes]:
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "FEEDLOOP_REDACT_KEYS": key}
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli", "redact", "--data", str(folder / "none"), *args],
        input=given,
        capture_output=True,
        env=environment,
        cwd=folder,
        timeout=120,
        check=False,
    )


def test_lines_of_json(tmp_path: Path) -> None:
    given = '"mail a@b.com"\n"😀 415-555-2671"\n"nothing"'.encode()
    done = run("--json", given=given, folder=tmp_path)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert answers[0]["text"].startswith("mail <EMAIL_ADDRESS:k1:")
    assert answers[1]["spans"] == [
        {"start": 2, "end": 14, "type": "PHONE_NUMBER", "layer": "patterns"}
    ]
    assert answers[2] == {"text": "nothing", "spans": []}
    assert done.stderr == b""


def test_bad_lines_are_answered_in_their_place_and_not_quoted(tmp_path: Path) -> None:
    given = b'a@b.com\n"fine"\n7\n"\xff"\n'
    done = run("--json", given=given, folder=tmp_path)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert ["error" in answer for answer in answers] == [True, False, True, True]
    assert b"a@b.com" not in done.stdout + done.stderr
    assert done.returncode == 1


def test_each_line_is_answered_at_once(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.cli", "redact", "--json", "--data", str(tmp_path / "none")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "FEEDLOOP_REDACT_KEYS": KEY},
        cwd=tmp_path,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for text in ("one", "two"):
        process.stdin.write(json.dumps(text).encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["text"] == text
    process.stdin.close()
    assert process.wait(timeout=60) == 0
    process.stdout.close()


@pytest.mark.parametrize("args", [("jane@example.com",), ("-",)], ids=["argument", "input"])
def test_for_people(args: tuple[str], tmp_path: Path) -> None:
    done = run(*args, given=b"jane@example.com", folder=tmp_path)
    shown = done.stdout.decode()
    assert done.returncode == 0
    assert "<EMAIL_ADDRESS:k1:" in shown
    assert "patterns" in shown


def test_without_a_key_it_says_so(tmp_path: Path) -> None:
    done = run("a@b.com", key="", folder=tmp_path)
    assert done.returncode == 0
    assert b"<EMAIL_ADDRESS:run:" in done.stdout
    assert b"FEEDLOOP_REDACT_KEYS" in done.stderr


def test_a_short_key_is_an_error(tmp_path: Path) -> None:
    done = run("a@b.com", key="k1:QUFB", folder=tmp_path)
    assert done.returncode == 1
    assert b"it needs 32" in done.stderr


def test_no_text_is_wrong_usage(tmp_path: Path) -> None:
    assert run(folder=tmp_path).returncode == 2
