"""Decide, for one partition of partials: merge, close, measure, watch, act. Pure.

Everything it knows is in its snapshot, so outputs, snapshot and offsets committed in one
transaction make each metric and action appear exactly once, and a restart changes nothing. Event
time comes from the records; the wall clock (`now_ms`) only decides which partitions are idle.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from schemas.errors import CorruptStateError
from schemas.topics import ACTIONS, METRICS
from stream_jobs.act.episodes import Episode, Episodes
from stream_jobs.act.maintenance import Maintenance, load_maintenance
from stream_jobs.act.mutes import Mute, Mutes
from stream_jobs.act.rules import Rule, load_rules, rules_text, shipped_rules
from stream_jobs.decide.effects import Effects, EffectsState
from stream_jobs.decide.late import LateState, LateWindows
from stream_jobs.decide.merge import Merge, MergeState
from stream_jobs.decide.metrics import effect_metric, metric_record
from stream_jobs.decide.pending import Pending, Waiting
from stream_jobs.decide.watches import Watches, WatchState
from stream_jobs.window.record import sums_from_record
from stream_jobs.window.sums import Sums
from stream_jobs.window.windows import WindowKey

Part = TypeVar("Part")
VERSION: Final = 3
REMEDY: Final = "start the version that wrote it, or reset the checkpoints of decide"


class Out(NamedTuple):
    """A record to write: topic (without prefix), key (tenant_id) and the record as a dict."""

    topic: str
    key: str
    record: dict[str, Any]


class _Closed(msgspec.Struct, array_like=True):
    """The part of a snapshot that only changes when a window closes or a result comes."""

    watches: WatchState
    episodes: list[Episode]
    cleared: list[Episode] = []
    mutes: list[Mute] = []
    effects: EffectsState = msgspec.field(default_factory=EffectsState)


class _State(msgspec.Struct, array_like=True):
    window_ms: int
    revision: int
    late: int
    merge: MergeState
    late_windows: LateState
    closed: bytes  # a compressed _Closed
    pending: list[Waiting] = []


@dataclass(frozen=True)
class DecideConfig:
    """Settings of `Decide`; `build` makes one from a snapshot, or from nothing."""

    window_ms: int = 60_000
    idle_timeout_ms: int = 60_000
    rules: tuple[Rule, ...] = ()
    contents_wait_ms: int = 0  # how long an action waits for a look-up; 0: nothing is looked up
    maintenance: tuple[Maintenance, ...] = ()

    @classmethod
    def load(
        cls,
        window_ms: int,
        idle_timeout_ms: int,
        rules_file: str = "",
        contents_wait_ms: int = 0,
    ) -> "DecideConfig":
        """Return the settings with the rules of a file, or the shipped ones; ConfigError if bad."""
        if not rules_file:
            return cls(window_ms, idle_timeout_ms, shipped_rules(), contents_wait_ms)
        text = rules_text(rules_file)
        rules, windows = load_rules(text, rules_file), load_maintenance(text, rules_file)
        return cls(window_ms, idle_timeout_ms, rules, contents_wait_ms, windows)

    def build(self, snapshot: bytes | None = None) -> "Decide":
        """Return the logic; raises CorruptStateError if the snapshot isn't one of ours."""
        return Decide(self, None if snapshot is None else _decoded(snapshot, self.window_ms))


class Decide:
    """The logic of one partition; see `DecideConfig.build`."""

    def __init__(self, config: DecideConfig, state: _State | None = None) -> None:
        self._config = config
        self._merge = Merge(config.window_ms, config.idle_timeout_ms)
        self._late = LateWindows(None if state is None else state.late_windows)
        self._revision = 0  # of the last correction: each gets a higher one
        self.late = 0  # partials that came after their window had closed
        if state is not None:
            self._merge.restore(state.merge)
            self._revision, self.late = state.revision, state.late
        closed = None if state is None else _unpacked(state.closed, _Closed)
        self._watches = Watches(config.rules, None if closed is None else closed.watches)
        mutes = Mutes(() if closed is None else closed.mutes, config.maintenance)
        self._episodes = Episodes(
            () if closed is None else closed.episodes,
            () if closed is None else closed.cleared,
            mutes,
        )
        self._effects = Effects(None if closed is None else closed.effects)
        self.pending = Pending(config.contents_wait_ms, () if state is None else state.pending)
        self._packed: bytes | None = None  # the compressed _Closed, until it changes

    @property
    def watermark(self) -> int:
        """Event time up to which all windows are closed."""
        return self._merge.closed_until

    @property
    def open_episodes(self) -> int:
        """How many problems are open."""
        return len(self._episodes.all())

    def on_partial(self, record: Mapping[str, Any], now_ms: int) -> list[Out]:
        """Take a Partial; return metrics and actions of the windows that close with it."""
        progress = self._merge.hear(record, now_ms)
        outs: list[Out] = []
        if record["kind"] == "sums":
            progress.flushed = False
            outs = self._sums(record, now_ms)
        elif record["kind"] == "flush":
            progress.flushed = True
        if record["kind"] in ("closed", "flush") and record["watermark"] > progress.watermark:
            progress.watermark = record["watermark"]
            progress.flushed = progress.flushed and record["kind"] == "flush"
        return outs + self.on_tick(now_ms)

    def on_result(self, record: Mapping[str, Any], now_ms: int) -> list[Out]:
        """Take an ActionResult; one for an episode that isn't known any more changes nothing."""
        if self._episodes.mutes.take(record):
            self._packed = None
            return self.on_tick(now_ms)
        watermark = self._merge.closed_until
        episode = self._episodes.result(record, watermark if watermark > 0 else None)
        if episode is not None:
            self._packed = None
            if record["state"] == "executed":
                self._effects.start(episode, record)
        return self.on_tick(now_ms)

    def on_reference(self, record: Mapping[str, Any]) -> None:
        """Take a Reference: it counts from the next sample on that begins after it."""
        self._watches.references.take(record)

    def on_tick(self, now_ms: int) -> list[Out]:
        """Close what time has closed; say what waits no longer."""
        outs: list[Out] = []
        for start, keys in self._merge.ready(now_ms):
            for window in self._late.due(start):
                outs += self._detect(*window, now_ms)
            self._pass_time(start, now_ms)
            outs += [self._metric(start, key, keys[key], 0) for key in sorted(keys)]
            outs += self._detect(start, keys, now_ms)
        until_ms = self._merge.quiet_until(now_ms)
        for window in self._late.due(until_ms):
            outs += self._detect(*window, now_ms)
        for window in self._late.settled(now_ms, flushed=self._merge.flushed):
            outs += self._detect(*window, now_ms)
        self._pass_time(until_ms, now_ms)
        said = self.pending.release(now_ms)
        return outs + [Out(ACTIONS.name, action["tenant_id"], action) for action in said]

    def snapshot(self) -> bytes:
        """Return everything as versioned bytes."""
        if self._packed is None:
            self._packed = _pack(
                _Closed(
                    self._watches.state(),
                    self._episodes.all(),
                    self._episodes.cleared(),
                    self._episodes.mutes.state(),
                    self._effects.state(),
                )
            )
        state = _State(
            self._config.window_ms,
            self._revision,
            self.late,
            self._merge.state(),
            self._late.state(),
            self._packed,
            self.pending.state(),
        )
        return bytes([VERSION]) + _pack(state)

    def _sums(self, record: Mapping[str, Any], now_ms: int) -> list[Out]:
        if record["window_ms"] != self._config.window_ms:
            raise CorruptStateError(
                f"a partial of a {record['window_ms']} ms window came, the setting window_ms says "
                f"{self._config.window_ms}: start join and decide with the same setting"
            )
        key = WindowKey(*(record[name] for name in WindowKey._fields))
        sums = sums_from_record(record["sums"])
        start = record["window_start"]
        # What was late for its partition is late here, however long another holds the window open.
        on_time = start + self._config.window_ms > record["watermark"]
        if on_time and self._merge.add(start, key, sums):
            return []
        self.late += 1
        self._revision += 1
        self._late.add(start, key, sums, self._merge.closed_until, now_ms)
        return [self._metric(start, key, sums, self._revision)]

    def _detect(self, start: int, keys: dict[WindowKey, Sums], now_ms: int) -> list[Out]:
        """Look at a window: actions wait for what they carry, measured effects don't."""
        self._packed = None
        window = (start, start + self._config.window_ms)
        self._episodes.mutes.expire(window[1])
        self.pending.add(self._watches.feed(window, keys, self._episodes), now_ms)
        self.pending.add(self._episodes.settle(self._config.rules, window[1]), now_ms)
        measured = self._effects.feed(window, keys, self._episodes)
        self.pending.add(measured, now_ms)
        return [Out(METRICS.name, one["tenant_id"], effect_metric(one)) for one in measured]

    def _pass_time(self, until_ms: int, now_ms: int) -> None:
        actions = self._watches.pass_time(until_ms, self._episodes)
        if actions is None:
            return
        self._packed = None
        self.pending.add(actions, now_ms)

    def _metric(self, start: int, key: WindowKey, sums: Sums, revision: int) -> Out:
        record = metric_record(start, self._config.window_ms, key, sums, revision)
        return Out(METRICS.name, key.tenant_id, record)


def _pack(state: msgspec.Struct) -> bytes:
    return zlib.compress(msgspec.msgpack.encode(state), 1)


def _unpacked(data: bytes, kind: type[Part]) -> Part:
    try:
        return msgspec.msgpack.decode(zlib.decompress(data), type=kind)
    except (zlib.error, msgspec.MsgspecError) as error:
        raise CorruptStateError(f"a snapshot of decide is damaged ({error}): {REMEDY}") from None


def _decoded(data: bytes, window_ms: int) -> _State:
    if not data or data[0] != VERSION:
        found = data[0] if data else "nothing"
        raise CorruptStateError(
            f"a snapshot of decide has version {found}, this feedloop reads {VERSION}: {REMEDY}"
        )
    state = _unpacked(data[1:], _State)
    if state.window_ms != window_ms:
        raise CorruptStateError(
            f"a snapshot of decide has windows of {state.window_ms} ms, the setting window_ms says "
            f"{window_ms}: set it back, drain with a flush, then change it"
        )
    return state
