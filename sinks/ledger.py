"""The account of what the cold store holds: one log per partition, one file per entry.

Invariants:
- Entries are numbered 0, 1, 2 … and made by os.link, which fails if the number is taken: of two
  owners that write the same number, one is told that it is fenced.
- A new owner first takes the next number for itself. From then on no older owner can add an
  entry, so what older owners have staged and not entered is garbage and may be deleted.
- A batch entry is made when its staged files are durable, and names where each belongs. A file is
  data from that moment; the rename comes after and is repeated by whoever finds it missing.
- So the last batch entry says which offset is next, and only its renames can be missing.
"""

import json
import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from schemas.errors import CorruptStateError, FencedError
from schemas.killpoint import reach
from sinks.intents import Source

VERSION: Final = 1
KEPT: Final = 10_000
"""Entries kept per partition: an owner frozen for longer than that many batches isn't fenced."""

ATTEMPTS: Final = 20


@dataclass(frozen=True)
class Move:
    """A staged file and where it belongs, both relative to the store."""

    staged: str
    final: str


class Ledger:
    """The log of one partition, in the hands of one owner. Every method may raise OSError."""

    def __init__(self, root: Path, source: Source) -> None:
        place = Path(source.topic_id) / str(source.partition)
        self._root, self._source = root, source
        self._entries = root / "_ledger" / place
        self._staging = root / "_staging" / place
        self.owner = uuid.uuid4().hex
        self.next_offset = 0
        self._number = 0

    @property
    def exists(self) -> bool:
        """Whether anyone has ever owned this log."""
        return self._entries.is_dir()

    @property
    def staging(self) -> Path:
        """The folder for files of this owner that no entry names yet."""
        return self._staging / self.owner

    def check_owned(self) -> None:
        """Raise FencedError if another owner has cleared our staging folder away."""
        if not self.staging.is_dir():
            raise FencedError(f"{self._source}: another owner has taken the ledger over")

    def take_over(self) -> None:
        """Become the owner: nobody before can write any more, all that was entered is in place.

        Raises CorruptStateError, FencedError if others go on writing all the while.
        """
        self._make()
        names = self._own()
        at, last = self._last_batch(names)
        if last is not None:
            self.next_offset = last["end"] + 1
            self.publish(Move(*files) for files in last["files"])
        self._clear_staging()
        for old in names[: max(0, min(at, len(names) - KEPT))]:
            old.unlink()

    def restart_at(self, offset: int) -> None:
        """Say that `offset` is next, whatever older entries say; the files of batches stay.

        A batch that is written again lies under the same names as before.
        """
        self._make()
        self._own()
        self.enter(offset, offset - 1, [])
        self._clear_staging()

    def look(self) -> int:
        """Return the next offset without becoming the owner. Raises CorruptStateError."""
        _, last = self._last_batch(sorted(self._entries.glob("*.json")))
        return 0 if last is None else int(last["end"]) + 1

    def _make(self) -> None:
        self._entries.mkdir(parents=True, exist_ok=True)
        self.staging.mkdir(parents=True)
        for folder in (*self._entries.parents, *self.staging.parents):
            if folder.is_relative_to(self._root):
                sync_folder(folder)

    def _own(self) -> list[Path]:
        """Enter ourselves as the owner; return all entries before."""
        for attempt in range(ATTEMPTS):
            names = sorted(self._entries.glob("*.json"))
            self._number = int(names[-1].stem) + 1 if names else 0
            try:
                self._add({"kind": "owner"})
            except FencedError:  # an older owner was faster: now its entry is among the names
                if attempt == ATTEMPTS - 1:
                    raise
            else:
                break
        return names

    def enter(self, start: int, end: int, moves: list[Move]) -> None:
        """Make [start, end] part of the store. Raises FencedError if we own it no more."""
        files = [[move.staged, move.final] for move in moves]
        self._add({"kind": "batch", "start": start, "end": end, "files": files})
        self.next_offset = end + 1

    def publish(self, moves: Iterable[Move]) -> None:
        """Rename what an entry names and isn't in place. Raises CorruptStateError."""
        folders: set[Path] = set()
        for move in moves:
            staged, final = self._root / move.staged, self._root / move.final
            final.parent.mkdir(parents=True, exist_ok=True)
            try:
                staged.rename(final)
            except FileNotFoundError:
                if not final.exists():
                    raise CorruptStateError(
                        f"{self._source}: the ledger names {final}, which is neither there nor "
                        f"staged at {staged}. Restore the folder from a backup"
                    ) from None
            folders.update(f for f in final.parents if f.is_relative_to(self._root))
            reach("ledger.between_renames")
        for folder in folders:
            sync_folder(folder)

    def _add(self, entry: dict[str, Any]) -> None:
        """Append the entry durably, or find that this very entry is there already."""
        body = json.dumps({"version": VERSION, "owner": self.owner, **entry}).encode()
        temporary = self.staging / "entry.tmp"
        temporary.unlink(missing_ok=True)  # it may be the file of the entry before: a new file
        with temporary.open("xb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        target = self._entries / f"{self._number:012d}.json"
        reach(f"ledger.{entry['kind']}.before_link")
        try:
            target.hardlink_to(temporary)
        except FileExistsError:
            if target.read_bytes() != body:
                raise FencedError(
                    f"{self._source}: entry {self._number} of the ledger is another owner's"
                ) from None
        sync_folder(self._entries)
        reach(f"ledger.{entry['kind']}.after_link")
        self._number += 1

    def _last_batch(self, names: list[Path]) -> tuple[int, dict[str, Any] | None]:
        """Return the place of the last batch among `names`, and it; 0 and None if there is none."""
        for at in range(len(names) - 1, -1, -1):
            entry = self._read(names[at])
            if entry["kind"] == "batch":
                return at, entry
        return 0, None

    def _read(self, name: Path) -> dict[str, Any]:
        try:
            entry: dict[str, Any] = json.loads(name.read_bytes())
            known = entry["version"] == VERSION and entry["kind"] in ("owner", "batch")
        except (ValueError, KeyError, TypeError):
            known = False
        if not known:
            raise CorruptStateError(
                f"{self._source}: {name} is no ledger entry of version {VERSION}. If a newer "
                "feedloop wrote it, run that one. If it is damaged: `feedloop recover parquet` "
                "goes on from what the group has committed; no offset was moved"
            )
        return entry

    def _clear_staging(self) -> None:
        for folder in self._staging.iterdir():
            if folder.name != self.owner:
                for file in folder.iterdir():
                    file.unlink(missing_ok=True)
                folder.rmdir()


def sync_folder(folder: Path) -> None:
    """Return when the names in `folder` are durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
