"""The part of the join's state that reading again can't bring back, as versioned bytes; pure.

The buffers aren't in it: on a restart the redacted topics are read again from the rewind offsets.
Offsets of waiting signals are run-length coded: an outage of one side makes many in a row.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from schemas.errors import CorruptStateError
from stream_jobs.join.watermark import NEVER

VERSION: Final = 1


class JoinState(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One partition's clocks, what still waits, and the sums of open windows."""

    version: int = VERSION
    watermark_ms: int = NEVER
    largest_ms: int = NEVER
    arrival_ms: int = NEVER
    inference_event_ms: int = NEVER
    inference_arrival_ms: int = NEVER
    marked_ms: int = NEVER  # windows up to here were said to be closed
    session_floor: int = 0
    waiting: dict[str, list[tuple[int, int]]] = {}  # topic → (first offset, how many)
    flushes: dict[str, list[str]] = {}  # id of a control record → topics that brought it
    flushed: dict[str, int] = {}  # topic → waiting signals before it are to be decided now
    windows: bytes = b""
    broken: list[int] | None = None  # inferences that can't be read, of those read again; None: ?


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(JoinState)


def to_bytes(state: JoinState) -> bytes:
    """Return `state` as bytes."""
    return _ENCODER.encode(state)


def from_bytes(data: bytes | None) -> JoinState:
    """Return the state in `data`; None is the state before the first record.

    Raises CorruptStateError if it is of another version or damaged.
    """
    if data is None:
        return JoinState()
    try:
        state = _DECODER.decode(data)
    except msgspec.DecodeError as error:
        raise CorruptStateError(f"the join's state can't be read: {error}") from None
    if state.version != VERSION:
        raise CorruptStateError(
            f"the join's state has version {state.version}, this feedloop reads {VERSION}: "
            "run the version that wrote it, or upgrade this one"
        )
    return state


def without_lost(data: bytes, starts: Mapping[str, int]) -> tuple[bytes, int]:
    """Return the state without waiting signals below `starts` {topic: offset}, and how many."""
    state = from_bytes(data)
    kept, lost = {}, 0
    for topic, coded in state.waiting.items():
        offsets = list(expand(coded))
        kept[topic] = runs(o for o in offsets if o >= starts.get(topic, 0))
        lost += sum(o < starts.get(topic, 0) for o in offsets)
    return to_bytes(msgspec.structs.replace(state, waiting=kept)), lost


def runs(offsets: Iterable[int]) -> list[tuple[int, int]]:
    """Return ascending `offsets` as (first, how many) runs."""
    found: list[tuple[int, int]] = []
    first, count = 0, 0
    for offset in offsets:
        if count and offset == first + count:
            count += 1
            continue
        if count:
            found.append((first, count))
        first, count = offset, 1
    if count:
        found.append((first, count))
    return found


def expand(coded: Iterable[tuple[int, int]]) -> Iterator[int]:
    """Return the offsets of `runs`."""
    for first, count in coded:
        yield from range(first, first + count)
