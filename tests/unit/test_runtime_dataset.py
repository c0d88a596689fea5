"""Snapshots to train on: what the manifest says is what is there, and stays there."""

import hashlib
import json
import os
import time
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from schemas.errors import SinkDown
from stream_jobs.act.contents import Request
from stream_jobs.runtime.dataset import DAY_S, expire, snapshot

DAY = 86_400_000
SPAN = Request("a1", 0, ("dataset",), "acme", {}, (), 10 * DAY, 12 * DAY)


def store(root: Path) -> Path:
    for table, tenant, day, rows in (
        ("signals", "acme", "1970-01-10", 5),
        ("signals", "acme", "1970-01-11", 3),
        ("signals", "acme", "1970-01-13", 4),
        ("signals", "acme", "1970-01-14", 5),
        ("signals", "other", "1970-01-11", 9),
        ("inferences", "acme", "1970-01-12", 2),
    ):
        folder = root / table / f"tenant_id={tenant}" / f"date={day}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"n": list(range(rows))}), folder / "part.parquet")
    return root


def test_it_holds_the_tenants_days_and_a_few_lines_read_it(tmp_path: Path) -> None:
    said = snapshot(store(tmp_path), SPAN)
    manifest = tmp_path / said["manifest"]
    assert hashlib.sha256(manifest.read_bytes()).hexdigest() == said["sha256"]
    listed = json.loads(manifest.read_text())["files"]
    assert (said["rows"], said["files"]) == (7, 3)
    paths = [str(manifest.parent / file["path"]) for file in listed]
    assert ds.dataset(paths).count_rows() == sum(file["rows"] for file in listed) == 9
    for file, path in zip(listed, paths, strict=True):
        assert hashlib.sha256(Path(path).read_bytes()).hexdigest() == file["sha256"]


def test_a_compaction_changes_nothing_and_asking_again_gives_the_same(tmp_path: Path) -> None:
    said = snapshot(store(tmp_path), SPAN)
    for path in (tmp_path / "signals").rglob("*.parquet"):
        path.unlink()
    assert snapshot(tmp_path, SPAN) == said
    listed = json.loads((tmp_path / said["manifest"]).read_text())["files"]
    for file in listed:
        body = ((tmp_path / said["manifest"]).parent / file["path"]).read_bytes()
        assert hashlib.sha256(body).hexdigest() == file["sha256"]


def test_one_that_was_cut_off_is_made_whole(tmp_path: Path) -> None:
    whole = snapshot(store(tmp_path), SPAN)
    (tmp_path / whole["manifest"]).unlink()  # killed after the links, before the manifest
    assert snapshot(tmp_path, SPAN) == whole


@pytest.mark.parametrize("tenant", ["nobody", "../acme"])
def test_nothing_there_is_said_and_leaves_no_manifest(tmp_path: Path, tenant: str) -> None:
    request = Request("a1", 0, ("dataset",), tenant, {}, (), 10 * DAY, 12 * DAY)
    with pytest.raises(SinkDown, match="no signals"):
        snapshot(store(tmp_path), request)
    assert list(tmp_path.rglob("manifest.json")) == []


def test_a_worker_without_the_cold_store_says_so(tmp_path: Path) -> None:
    with pytest.raises(SinkDown, match="can't be reached from this worker"):
        snapshot(tmp_path / "none", SPAN)


def test_old_ones_expire_and_their_files_stay_in_the_store(tmp_path: Path) -> None:
    root, now_s = store(tmp_path), time.time()
    said = [snapshot(root, msgspec.structs.replace(SPAN, sequence=n)) for n in range(3)]
    manifests = [root / one["manifest"] for one in said]
    os.utime(manifests[0], (now_s - 91 * DAY_S,) * 2)
    os.utime(manifests[1], (now_s - 89 * DAY_S,) * 2)
    manifests[2].unlink()  # cut off, 95 days ago
    os.utime(manifests[2].parent, (now_s - 95 * DAY_S,) * 2)
    assert expire(root, 0) == []
    assert expire(root, 90) == ["a1-0", "a1-2"]
    assert expire(root, 90) == []
    assert [manifest.parent.exists() for manifest in manifests] == [False, True, False]
    assert len(list((root / "signals").rglob("*.parquet"))) == 5
    assert expire(root / "none", 90) == []


def test_one_that_can_not_be_deleted_stays_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = store(tmp_path)
    (root / "_snapshots").mkdir()
    (root / "_snapshots" / "a-file").touch()
    assert expire(root, 1, time.time() + 2 * DAY_S) == []
    assert "a-file can't be deleted" in caplog.text
