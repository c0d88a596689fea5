"""A snapshot of the cold store for a training set: named files that nothing changes any more.

`<path>/_snapshots/<id>/` holds hard links to the Parquet files of one tenant and span of days, in
the same Hive folders, and `manifest.json` with each file's rows, bytes and SHA-256. A file that is
later compacted away stays in the snapshot; no byte is copied. The manifest appears last, whole,
and never changes: the same id gives the same snapshot, whoever asks and however often, until it
expires. The manifest goes first then, so that no snapshot is ever seen in part.
"""

import hashlib
import json
import logging
import os
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from schemas.errors import SinkDown
from stream_jobs.act.contents import Request

FOLDER: Final = "_snapshots"
TABLES: Final = ("signals", "inferences")
VERSION: Final = 1
BLOCK: Final = 1 << 20
DAY_S: Final = 86_400

log = logging.getLogger("feedloop.dataset")


def snapshot(root: Path, request: Request) -> dict[str, Any]:
    """Return the ActionDataset of a request, making its snapshot if there is none.

    Raises SinkDown if the cold store can't be reached from here, or has nothing of the tenant.
    """
    if not root.is_dir():
        raise SinkDown(f"the cold store {root} can't be reached from this worker")
    folder = root / FOLDER / f"{quote(request.action_id, safe='')}-{request.sequence}"
    manifest = folder / "manifest.json"
    try:
        if not manifest.exists():
            _make(root, folder, request)
        body = manifest.read_bytes()
    except OSError as error:
        raise SinkDown(f"cold store {root}: {error.strerror or type(error).__name__}") from None
    said = json.loads(body)
    return {
        "manifest": str(manifest.relative_to(root)),
        "sha256": hashlib.sha256(body).hexdigest(),
        "rows": said["rows"]["signals"],
        "files": len(said["files"]),
        "from_time": request.from_ms,
        "to_time": request.to_ms,
    }


def expire(root: Path, days: int, now_s: float | None = None) -> list[str]:
    """Delete the snapshots older than `days` (0: none) and return their names.

    What can't be deleted is told in the log and tried again the next time.
    """
    if not days:
        return []
    before_s = (time.time() if now_s is None else now_s) - days * DAY_S
    gone = []
    for folder in sorted((root / FOLDER).glob("*")):
        try:
            if _made_s(folder) < before_s:
                (folder / "manifest.json").unlink(missing_ok=True)
                shutil.rmtree(folder)
                gone.append(folder.name)
        except FileNotFoundError:
            pass  # another worker deletes it
        except OSError as error:
            log.warning("snapshot %s can't be deleted: %s", folder, error.strerror)
    return gone


def _made_s(folder: Path) -> float:
    """Return when a snapshot was made; of one that was cut off, when it was begun or deleted."""
    manifest = folder / "manifest.json"
    return (manifest if manifest.exists() else folder).stat().st_mtime


def _make(root: Path, folder: Path, request: Request) -> None:
    files = [
        _taken(root, folder, table, path)
        for table in TABLES
        for path in _files(root / table, request)
    ]
    if not any(file["path"].startswith("signals/") for file in files):
        raise SinkDown(f"the cold store {root} has no signals of these days yet")
    rows = {
        table: sum(f["rows"] for f in files if f["path"].startswith(f"{table}/"))
        for table in TABLES
    }
    body = {
        "version": VERSION,
        "action_id": request.action_id,
        "tenant_id": request.tenant_id,
        "from": _day(request.from_ms),
        "to": _day(request.to_ms),
        "rows": rows,
        "files": files,
    }
    staged = folder / f"manifest.{os.getpid()}.tmp"
    with staged.open("w", encoding="utf-8") as file:
        json.dump(body, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    try:
        (folder / "manifest.json").hardlink_to(staged)  # never over one that is there
    except FileExistsError:
        pass  # another worker was faster: its snapshot is the one
    finally:
        staged.unlink()


def _files(table: Path, request: Request) -> list[Path]:
    first, last = _day(request.from_ms), _day(request.to_ms)
    tenant = table / f"tenant_id={quote(request.tenant_id, safe='')}"
    days = [d for d in sorted(tenant.glob("date=*")) if first <= d.name[len("date=") :] <= last]
    return [path for day in days for path in sorted(day.glob("*.parquet"))]


def _taken(root: Path, folder: Path, table: str, path: Path) -> dict[str, Any]:
    """Link a file into the snapshot; return its line of the manifest."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - only where snapshots are made

    name = path.relative_to(root)
    mine = folder / name
    mine.parent.mkdir(parents=True, exist_ok=True)
    if not mine.exists():
        mine.hardlink_to(path)
    assert str(name).startswith(table)
    digest = hashlib.sha256()
    with mine.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return {
        "path": str(name),
        "rows": pq.read_metadata(mine).num_rows,
        "bytes": mine.stat().st_size,
        "sha256": digest.hexdigest(),
    }


def _day(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).date().isoformat()
