"""Presidio on the same texts, in an environment of its own that is made at the first use.

It lies in the cache beside the jars, is named after its lock file, and is never on our path: its
versions of spaCy and phonenumbers are its own.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from deploy.local.maven import default_cache

HERE: Final = Path(__file__).parent
LOCK: Final = HERE / "presidio.lock"
WORKER: Final = HERE / "presidio_worker.py"


class Found(NamedTuple):
    """One span that Presidio found, as it names it, with how sure it is."""

    start: int
    end: int
    type: str
    score: float


@dataclass(frozen=True)
class Run:
    """What Presidio made of some texts."""

    version: str
    seconds: float  # of CPU, for the analysis alone
    types: frozenset[str]
    spans: list[list[Found]]


def environment() -> Path:
    """Return the Python of Presidio's environment, which is made if it isn't there.

    Raises CalledProcessError if pip can't install it; half an environment is never left behind.
    """
    name = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    folder = default_cache() / f"presidio-{name}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        print(f"installing Presidio into {folder} (once)", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--require-hashes", "-r", str(LOCK)], check=True)
        (folder / "complete").touch()
    return python


def run(
    texts: Sequence[str], recognisers: Literal["default", "all"], pipeline: Path | None = None
) -> Run:
    """Return what Presidio finds in `texts`; `pipeline` is a spaCy pipeline on disk for names."""
    with tempfile.TemporaryDirectory(prefix="feedloop-presidio-") as folder:
        given, found = Path(folder) / "texts.jsonl", Path(folder) / "found.json"
        given.write_text("".join(json.dumps(text) + "\n" for text in texts))
        command = [str(environment()), str(WORKER), str(given), str(found), recognisers]
        subprocess.run([*command, *([str(pipeline)] if pipeline else [])], check=True)
        told: dict[str, Any] = json.loads(found.read_text())
    spans = [[Found(*one) for one in of_text] for of_text in told["spans"]]
    return Run(told["version"], told["seconds"], frozenset(told["types"]), spans)
