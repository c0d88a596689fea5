"""A redact worker that can't redact doesn't start: exit 1, the next step, and no word of a key."""

import base64
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SHORT = base64.b64encode(b"z" * 31).decode()
GOOD = "k1:" + base64.b64encode(b"a" * 32).decode()


@dataclass(frozen=True)
class Case:
    name: str
    says: str
    environ: dict[str, str] = field(default_factory=dict)
    file: str = ""  # content of `given` in the working folder


CASES = [
    Case("no key", "redaction has no key"),
    Case("short key", "'k1' has 31 bytes, it needs 32", {"KEYS": f"k1:{SHORT}"}),
    Case("short key in a file", "it needs 32", {"KEYS_FILE": "given"}, f"k1:{SHORT}"),
    Case("no such file", "can't be read", {"KEYS_FILE": "none"}),
    Case("secrets kept", "'keep' for SECRET", {"KEYS": GOOD, "TREATMENTS": "SECRET=keep"}),
    Case(
        "wrong rule",
        "given:2: SECRET: 'keep' for SECRET; expected one of pseudonym, label, drop",
        {"KEYS": GOOD, "RULES_FILE": "given"},
        "treatments:\n  SECRET: keep\n",
    ),
    Case("no such model", "does not load", {"KEYS": GOOD, "SPACY_MODEL": "no_such_pipeline"}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_worker_that_cannot_redact_does_not_start(case: Case, tmp_path: Path) -> None:
    (tmp_path / "given").write_text(case.file)
    clean = {k: v for k, v in os.environ.items() if not k.startswith("FEEDLOOP_")}
    given = {f"FEEDLOOP_REDACT_{name}": value for name, value in case.environ.items()}
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "worker", "redact"],
        env={**clean, **given, "FEEDLOOP_KAFKA_BOOTSTRAP": "127.0.0.1:1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert case.says in done.stderr
    assert done.stderr.startswith("feedloop: ")
    assert "Traceback" not in done.stderr
    assert SHORT[:12] not in done.stderr + done.stdout
