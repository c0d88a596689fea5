"""The open windows of one join partition: add events, close once, correct what came too late.

A window is tumbling: it starts at a multiple of `window_ms`. Its key is (tenant_id, model_version,
prompt_version, segment) of the *inference*; a signal counts in the window of its own event time.
An event for a window that has been closed goes into a *late delta*, which `drain_late` hands out:
whoever merges adds it to what the window had.

Delivery: what a call to `close`, `flush` or `drain_late` returned is no longer in the snapshot, so
records and snapshot must be committed together.
"""

import zlib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from schemas.errors import CorruptStateError
from stream_jobs.window.record import sums_to_record
from stream_jobs.window.sums import Sums

VERSION: Final = 1
LONG_AGO: Final = -(2**62)
"""Before any window: nothing has been closed yet."""
HEARTBEAT_MS: Final = 20_000
"""How often a partition of the join says that it is there, while nothing comes (wall clock)."""


class WindowKey(NamedTuple):
    """What a window is kept by; "" where the inference is unknown or says nothing."""

    tenant_id: str
    model_version: str = ""
    prompt_version: str = ""
    segment: str = ""


def key_of(head: Mapping[str, Any]) -> WindowKey:
    """Return the key of an inference, given its fields up to `segment`."""
    return WindowKey(
        head["tenant_id"], head["model_version"], head["prompt_version"], head["segment"] or ""
    )


class _State(msgspec.Struct, array_like=True):
    window_ms: int
    closed_until: int
    open: list[tuple[int, WindowKey, dict[str, Any]]]
    late: list[tuple[int, WindowKey, dict[str, Any]]]


class OpenWindows:
    """Windows of join partition number `partition` of `partitions`; times in ms of event time."""

    def __init__(self, window_ms: int, partition: int, partitions: int) -> None:
        self.window_ms = window_ms
        self.partition = partition
        self.partitions = partitions
        self.closed_until = LONG_AGO
        self._open: dict[int, dict[WindowKey, Sums]] = {}
        self._late: dict[int, dict[WindowKey, Sums]] = {}

    def inference(self, head: Mapping[str, Any]) -> None:
        """Count an inference, given its fields up to `retrieved`."""
        self.sums(head["event_time"], key_of(head)).add_inference(head)

    def signal(
        self,
        event_time: int,
        tenant_id: str,
        kind: str,
        *,
        inference_head: Mapping[str, Any] | None,
        **measures: Any,
    ) -> None:
        """Count a signal at its own event time; `measures` as `Sums.add_signal` takes them."""
        key = WindowKey(tenant_id) if inference_head is None else key_of(inference_head)
        self.sums(event_time, key).add_signal(kind, inference_head=inference_head, **measures)

    def sums(self, event_time: int, key: WindowKey) -> Sums:
        """Return the sums to add to, open or late, for counts that have no method here."""
        start = event_time - event_time % self.window_ms
        windows = self._open if start + self.window_ms > self.closed_until else self._late
        keys = windows.get(start)
        if keys is None:
            keys = windows[start] = {}
        sums = keys.get(key)
        if sums is None:
            sums = keys[key] = Sums()
        return sums

    def close(self, watermark: int) -> list[dict[str, Any]]:
        """Close windows that end at or before `watermark`; return their partial records in order.

        A watermark that moves back closes nothing.
        """
        ends = watermark - watermark % self.window_ms  # the last end at or before it
        if ends <= self.closed_until:
            return []
        before, self.closed_until = self.closed_until, ends
        done = sorted(start for start in self._open if start + self.window_ms <= ends)
        return [
            record
            for start in done
            for record in self._records(start, self._open.pop(start), before)
        ]

    def flush(self) -> list[dict[str, Any]]:
        """Close every open window, whatever the watermark, and hand out late deltas too."""
        late = self.drain_late()
        latest = max(self._open, default=LONG_AGO)
        return late + (self.close(latest + self.window_ms) if self._open else [])

    def drain_late(self) -> list[dict[str, Any]]:
        """Return the deltas of windows that had been closed, as partial records in order."""
        late, self._late = self._late, {}
        return [
            record
            for start in sorted(late)
            for record in self._records(start, late[start], self.closed_until)
        ]

    def marker(self, kind: str, watermark: int) -> dict[str, Any]:
        """Return the record that tells decide of this partition's progress.

        kind `closed`: windows that end at or before `watermark` are closed here; `flush`: all are.
        It belongs into every partition of the partials topic, after the records it speaks of.
        """
        return self._record(kind, 0, WindowKey(""), None, watermark)

    def snapshot(self) -> bytes:
        """Return everything as versioned bytes."""
        state = _State(self.window_ms, self.closed_until, _listed(self._open), _listed(self._late))
        return bytes([VERSION]) + zlib.compress(msgspec.msgpack.encode(state), 1)

    @classmethod
    def restore(cls, data: bytes, window_ms: int, partition: int, partitions: int) -> "OpenWindows":
        """Return the windows of `snapshot()`; raises CorruptStateError with the way out."""
        state = _decoded(data)
        if state.window_ms != window_ms:
            raise CorruptStateError(
                f"open windows of partition {partition} are {state.window_ms} ms long, the setting "
                f"window_ms says {window_ms}: set it back, drain with a flush, then change it"
            )
        windows = cls(window_ms, partition, partitions)
        windows.closed_until = state.closed_until
        for target, rows in ((windows._open, state.open), (windows._late, state.late)):
            for start, key, sums in rows:
                target.setdefault(start, {})[WindowKey(*key)] = Sums.from_state(sums)
        return windows

    def _records(
        self, start: int, keys: dict[WindowKey, Sums], closed_until: int
    ) -> list[dict[str, Any]]:
        """Return partial records; `closed_until`: as it was when they were counted."""
        return [
            self._record("sums", start, key, sums_to_record(keys[key]), max(0, closed_until))
            for key in sorted(keys)
        ]

    def _record(
        self, kind: str, start: int, key: WindowKey, sums: dict[str, Any] | None, watermark: int
    ) -> dict[str, Any]:
        return {
            "kind": kind,
            "partition": self.partition,
            "partitions": self.partitions,
            "watermark": watermark,
            "window_start": start,
            "window_ms": self.window_ms,
            **key._asdict(),
            "sums": sums,
        }


def _listed(
    windows: dict[int, dict[WindowKey, Sums]],
) -> list[tuple[int, WindowKey, dict[str, Any]]]:
    return [
        (start, key, sums.to_state())
        for start, keys in sorted(windows.items())
        for key, sums in sorted(keys.items())
    ]


def _decoded(data: bytes) -> _State:
    if not data or data[0] != VERSION:
        found = data[0] if data else "nothing"
        raise CorruptStateError(
            f"a snapshot of open windows has version {found}, this feedloop reads {VERSION}: "
            "start the version that wrote it, or reset the join's checkpoints and send again"
        )
    try:
        return msgspec.msgpack.decode(zlib.decompress(data[1:]), type=_State)
    except (zlib.error, msgspec.MsgspecError) as error:
        raise CorruptStateError(
            f"a snapshot of open windows is damaged ({error}): reset the join's checkpoints"
        ) from None
