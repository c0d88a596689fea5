"""The jars of Kafka and the registry: fetched once by Maven into a cache outside the tree.

Promises: a cache entry is complete or absent (it is made beside and renamed); two processes
that want it at once make it once; an entry is named after the content of pom.xml.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.disk import require_free
from schemas.errors import ConfigError, RetriableError

POM: Final = Path(__file__).parent / "pom.xml"
NEEDS_BYTES: Final = 700 << 20  # archives in Maven's own folder, the copies, the unpacked registry

Say = Callable[[str], None]
"""Takes one line of progress for the user."""

_DOWNLOADED: Final = re.compile(r"Downloaded from \S+: \S+/([^/\s]+\.(?:jar|tar\.gz)) \(([^)]*)\)")
_FAILURE: Final = re.compile(r"^\[ERROR\] +(.*)", re.MULTILINE)


@dataclass(frozen=True)
class Jars:
    """A complete cache entry."""

    folder: Path

    @property
    def kafka(self) -> str:
        """The Java class path of Kafka."""
        return str(self.folder / "kafka" / "*")

    @property
    def registry(self) -> str:
        """The Java class path of the registry."""
        return f"{self.folder}/registry/*:{self.folder}/registry/lib/*"


def default_cache() -> Path:
    """Return the cache of this user: `$XDG_CACHE_HOME/feedloop` or `~/.cache/feedloop`."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "feedloop"


def fetch_jars(cache: Path, say: Say, pom: Path = POM) -> Jars:
    """Return the jars, downloading them into `cache` first if they aren't there.

    Raises ConfigError if Maven is missing or there is no room, RetriableError if the download
    failed.
    """
    name = "jars-" + hashlib.sha256(pom.read_bytes()).hexdigest()[:12]
    entry = cache / name
    if entry.is_dir():
        return Jars(entry)
    _make_folder(cache)
    with _only_one(cache / f"{name}.lock", say):
        if not entry.is_dir():
            _make(entry, pom, say)
    return Jars(entry)


def _make_folder(cache: Path) -> None:
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"can't make the cache folder {cache} ({error.strerror}); "
            "set FEEDLOOP_LOCAL_CACHE_DIR to a folder you may write to"
        ) from None


@contextmanager
def _only_one(lock: Path, say: Say) -> Iterator[None]:
    # The system drops the lock when its holder dies, so no lock can be stale.
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another process that downloads the same jars")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _make(entry: Path, pom: Path, say: Say) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise ConfigError(
            "no Maven (mvn) on PATH; the first `feedloop up` fetches Kafka and the registry "
            "with it: install it, e.g. `apt install maven`"
        )
    require_free(entry.parent, NEEDS_BYTES, "the jars of Kafka and the registry")
    partial = entry.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)  # of a download that was cut off
    try:
        _download(maven, pom, partial, say)
        _unpack_registry(partial, say)
        partial.replace(entry)
    except OSError as error:
        raise ConfigError(
            f"can't write the jars to {entry.parent} ({error.strerror}): make room "
            f"({NEEDS_BYTES >> 20} MB are needed) or set FEEDLOOP_LOCAL_CACHE_DIR"
        ) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _download(maven: str, pom: Path, folder: Path, say: Say) -> None:
    say("fetching Kafka and the schema registry with Maven (once, about 190 MB)")
    command = [maven, "--batch-mode", "-f", str(pom), "dependency:copy-dependencies"]
    command += [f"-DoutputDirectory={folder / 'kafka'}", "-DincludeScope=runtime"]
    lines: list[str] = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            _tell(line, say)
    if process.returncode != 0:
        raise RetriableError(_why("".join(lines), process.returncode), retry_after_s=60)


def _tell(line: str, say: Say) -> None:
    match = _DOWNLOADED.search(line)
    if match:
        say(f"fetched {match.group(1)} ({match.group(2)})")


def _why(output: str, code: int) -> str:
    errors = _FAILURE.findall(output)
    cause = errors[0] if errors else output.strip()[-400:]
    return (
        f"Maven could not fetch the jars (exit code {code}): {cause} "
        "Check the network and Maven's settings, then run the same command again; "
        "what was fetched is kept"
    )


def _unpack_registry(folder: Path, say: Say) -> None:
    archives = list((folder / "kafka").glob("apicurio-registry-app-*.tar.gz"))
    if len(archives) != 1:
        raise RetriableError(f"Maven left {len(archives)} registry archives in {folder}, not one")
    say("unpacking the schema registry")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder / "registry", filter="data")
    archives[0].unlink()
