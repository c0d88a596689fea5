"""The account of what the cold store holds: one log per partition, one file per entry.

Invariants:
- Entries are numbered 0, 1, 2 … and made by os.link, which fails if the number is taken: of two
  owners that write the same number, one is told that it is fenced.
- A new owner first takes the next number for itself. From then on no older owner can add an
  entry, so what older owners have staged and not entered is garbage and may be deleted. Folders
  of staged files bear their owner's number: one that slept while it took over deletes none of
  its successors'.
- A staged name is used once. It bears the number of the entry that is to name it; otherwise the
  renames of one batch, made up by a new owner, could take what was staged for the next.
- A batch entry is made when its staged files are durable, and names where each belongs. A file is
  data from that moment; the rename comes after and is repeated by whoever finds it missing.
- So the last batch entry says which offset is next, and only its renames can be missing.
"""

import json
import os
import uuid
from collections.abc import Iterable
from contextlib import suppress
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
        self._owner = uuid.uuid4().hex
        self._number = 0
        self.staging = self._staging  # the folder for this owner's files that no entry names yet
        self.next_offset = 0

    @property
    def exists(self) -> bool:
        """Whether anyone has ever owned this log."""
        return self._entries.is_dir()

    def staged(self, number: int) -> Path:
        """Return where to write file `number` of the next batch to `enter`, as often as needed."""
        return self.staging / f"{self._number:012d}-{number:06d}.parquet"

    def check_owned(self) -> None:
        """Raise FencedError if another owner has cleared our staging folder away."""
        if not self.staging.is_dir():
            raise FencedError(f"{self._source}: another owner has taken the ledger over")

    def take_over(self) -> None:
        """Become the owner: nobody before can write any more, all that was entered is in place.

        Raises CorruptStateError, FencedError if others go on writing all the while.
        """
        first = self._own()
        at, last = self._last_batch(first)
        if last is not None:
            self.next_offset = last["end"] + 1
            self.publish(Move(*files) for files in last["files"])
        self._clear_staging(first)
        if first > KEPT:
            self._prune(min(at, first - KEPT))

    def restart_at(self, offset: int) -> None:
        """Say that `offset` is next, whatever older entries say; the files of batches stay.

        A batch that is written again lies under the same names as before.
        """
        first = self._own()
        self.enter(offset, offset - 1, [])
        self._clear_staging(first)

    def look(self) -> int:
        """Return the next offset without becoming the owner. Raises CorruptStateError."""
        _, last = self._last_batch(self._next_number())
        return 0 if last is None else int(last["end"]) + 1

    def _prune(self, before: int) -> None:
        for name in self._names():
            if int(name.stem) < before:
                name.unlink(missing_ok=True)

    def _names(self) -> list[Path]:
        return sorted(self._entries.glob("*.json"))

    def _next_number(self) -> int:
        names = self._names()
        return int(names[-1].stem) + 1 if names else 0

    def _own(self) -> int:
        """Enter ourselves as the owner; return the number of that entry."""
        for folder in (self._entries, self._staging):
            folder.mkdir(parents=True, exist_ok=True)
            for made in folder.parents:
                if made.is_relative_to(self._root):
                    sync_folder(made)
        for _ in range(ATTEMPTS - 1):
            # An older owner may be faster: then its entry is among the names.
            with suppress(FencedError):
                return self._try_to_own()
        return self._try_to_own()

    def _try_to_own(self) -> int:
        number = self._number = self._next_number()
        self.staging = self._staging / f"{number:012d}-{self._owner}"
        self.staging.mkdir()
        sync_folder(self._staging)
        self._add({"kind": "owner"})
        return number

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
        body = json.dumps({"version": VERSION, "owner": self._owner, **entry}).encode()
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

    def _last_batch(self, before: int) -> tuple[int, dict[str, Any] | None]:
        """Return number and content of the last batch entry `before` that number; 0, None if none.

        It goes by number: a listing can miss an entry that is made while it is read.
        """
        for number in range(before - 1, -1, -1):
            name = self._entries / f"{number:012d}.json"
            if not name.exists():
                break
            entry = self._read(name)
            if entry["kind"] == "batch":
                return number, entry
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

    def _clear_staging(self, before: int) -> None:
        """Delete what owners whose number is less than `before` have left there."""
        for folder in self._staging.iterdir():
            if int(folder.name.partition("-")[0]) < before:
                for file in folder.iterdir():
                    file.unlink(missing_ok=True)
                with suppress(FileNotFoundError):  # another new owner was faster
                    folder.rmdir()


def sync_folder(folder: Path) -> None:
    """Return when the names in `folder` are durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
