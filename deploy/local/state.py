"""What `DIR/stack.json` says: where each part is and how it is; written by the supervisor only."""

import os
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from msgspec import structs

from schemas.errors import CorruptStateError

FILE_NAME: Final = "stack.json"

Phase = Literal["starting", "running", "failed", "stopping", "stopped"]
PartPhase = Literal["waiting", "starting", "running", "backoff", "crash-loop", "failed", "stopped"]


class ProcessId(msgspec.Struct, frozen=True):
    """A process, beyond doubt: a pid is used again, a pid with its start time is not."""

    pid: int
    started: float  # seconds since the epoch, as psutil gives it


class PartState(msgspec.Struct, frozen=True, kw_only=True):
    """One part: a server or a worker."""

    name: str
    state: PartPhase = "waiting"
    process: ProcessId | None = None
    restarts: int = 0  # since the last `up`
    health_port: int = 0  # of a worker, 0 for a server
    log: str = ""
    message: str = ""  # why it is down: its error, or the last lines of its log


class StackState(msgspec.Struct, frozen=True, kw_only=True):
    """The whole stack. `overrides` is {section: {setting: value}} for its clients."""

    phase: Phase
    message: str = ""  # of phase failed: what to do
    supervisor: ProcessId | None = None
    ports: dict[str, int] = msgspec.field(default_factory=dict)
    overrides: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    parts: list[PartState] = msgspec.field(default_factory=list)


def read(data: Path) -> StackState | None:
    """Return what the folder `data` says of its stack, or None if there never was one.

    Raises CorruptStateError if the file can't be understood.
    """
    path = data / FILE_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=StackState)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except msgspec.DecodeError as error:
        raise CorruptStateError(
            f"{path} can't be read ({error}); stop what runs there and remove this file"
        ) from None


def write(data: Path, stack: StackState) -> None:
    """Replace the file at once: a reader sees the old or the new state, never a half."""
    fresh = data / f"{FILE_NAME}.{os.getpid()}"
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(stack), indent=1))
    fresh.replace(data / FILE_NAME)


def stopped(stack: StackState) -> StackState:
    """Return `stack` with nothing running; its addresses stay."""
    parts = [structs.replace(p, state="stopped", process=None) for p in stack.parts]
    return structs.replace(stack, phase="stopped", message="", supervisor=None, parts=parts)
