"""The feedloop redact command, run as its users run it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

KEY = "k1:" + "QUFB" * 11
ROOT = Path(__file__).resolve().parents[2]


ENVIRON = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
QUICK = {"FEEDLOOP_REDACT_SPACY_MODEL": "none"}  # it takes seconds to load


def run(
    *args: str, given: bytes = b"", key: str = KEY, folder: Path = ROOT, names: bool = False
) -> subprocess.CompletedProcess[bytes]:
    environment = {**ENVIRON, **({} if names else QUICK), "FEEDLOOP_REDACT_KEYS": key}
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


def test_names_are_found_unless_a_setting_says_otherwise(tmp_path: Path) -> None:
    given = b'"Please call Jennifer Miller back."'
    done = run("--json", given=given, folder=tmp_path, names=True)
    span = {"start": 12, "end": 27, "type": "PERSON", "layer": "names"}
    assert json.loads(done.stdout)["spans"] == [span]
    assert json.loads(run("--json", given=given, folder=tmp_path).stdout)["spans"] == []


def test_bad_lines_are_answered_in_their_place_and_not_quoted(tmp_path: Path) -> None:
    given = b'a@b.com\n"fine"\n7\n"\xff"\n'
    done = run("--json", given=given, folder=tmp_path)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert ["error" in answer for answer in answers] == [True, False, True, True]
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert told == [answer for answer in answers if "error" in answer]
    assert [answer["line"] for answer in told] == [1, 3, 4]
    assert b"a@b.com" not in done.stdout + done.stderr
    assert done.returncode == 1


def test_each_line_is_answered_at_once(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.cli", "redact", "--json", "--data", str(tmp_path / "none")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**ENVIRON, **QUICK, "FEEDLOOP_REDACT_KEYS": KEY},
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


def test_lines_longer_and_shorter_than_what_is_read_at_once_keep_their_order(
    tmp_path: Path,
) -> None:
    lengths = [0, 5, 65_535, 300_000, 1, 65_536, 7, 131_072, 3] * 3
    given = b"".join(json.dumps("x" * length).encode() + b"\n" for length in lengths)
    done = run("--json", given=given, folder=tmp_path)
    answers = [json.loads(line)["text"] for line in done.stdout.splitlines()]
    expected = ["<UNSCANNED:too_long>" if n > 200_000 else "x" * n for n in lengths]
    assert answers == expected


def test_a_reader_that_leaves_ends_it_quietly(tmp_path: Path) -> None:
    lines = b'"415-555-2671"\n' * 20_000
    (tmp_path / "lines").write_bytes(lines)
    command = f"{sys.executable} -m deploy.cli redact --json --data none < lines | head -n 1"
    done = subprocess.run(
        ["bash", "-c", command],
        env={**ENVIRON, **QUICK, "FEEDLOOP_REDACT_KEYS": KEY},
        cwd=tmp_path,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == b""


EXPLAINED = "jane@example.com, 4111 1111 1111 1112"


def test_explain_says_which_check_took_or_refused_what(tmp_path: Path) -> None:
    done = run("--explain", EXPLAINED, folder=tmp_path)
    shown = [line.split() for line in done.stdout.decode().splitlines()]
    assert ["taken", "0", "16", "EMAIL_ADDRESS", "email"] in [words[:5] for words in shown]
    assert ["refused", "18", "37", "CREDIT_CARD", "card"] in [words[:5] for words in shown]
    assert b"check digit" in done.stdout
    as_json = run("--explain", "--json", given=json.dumps(EXPLAINED).encode(), folder=tmp_path)
    told = json.loads(as_json.stdout)["explain"]
    assert {(one["check"], one["accepted"]) for one in told} >= {("email", True), ("card", False)}
    assert {"start", "end", "type", "layer", "check", "accepted", "reason"} == set(told[0])


def test_rules_from_a_file(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("patterns:\n  - {type: EMPLOYEE_ID, pattern: 'E-[0-9]{6}'}\n")
    done = run("--rules", str(rules), "I am E-123456", folder=tmp_path)
    assert b"I am <EMPLOYEE_ID:k1:" in done.stdout
    rules.write_text("patterns:\n  - {type: EMPLOYEE_ID, pattern: '('}\n")
    done = run("--rules", str(rules), "I am E-123456", folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"feedloop: {rules}:2: ".encode())


def test_bytes_that_are_no_text_are_shown_as_such(tmp_path: Path) -> None:
    done = run("-", given=b"\xff a@b.com", folder=tmp_path)
    assert done.returncode == 0
    assert "\ufffd <EMAIL_ADDRESS:k1:".encode() in done.stdout


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
