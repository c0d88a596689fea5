"""Rules tried on windows of the past: what they would have said, and how well; pure.

The windows go through the same watches and episodes as in `Decide`, in order of time, each with all
its corrections: what came late then is in time here.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from stream_jobs.act.episodes import Episodes
from stream_jobs.act.rules import Rule
from stream_jobs.decide.watches import Watches
from stream_jobs.window.sums import Sums
from stream_jobs.window.windows import WindowKey

WEEK_MS = 7 * 86_400_000

Product = tuple[str, str]


class Told(msgspec.Struct, frozen=True):
    """One episode as the rules would have told it; times in ms."""

    rule: str
    kind: str
    tenant_id: str
    key: dict[str, str]
    opened_ms: int
    severity: str
    metric: str
    observed: float
    baseline: float | None
    n: int
    said: int = 1  # actions: opened, escalated, renewed, cleared
    cleared_ms: int | None = None
    delay_ms: int | None = None  # from the start of the trouble it belongs to
    delay_rated: int | None = None  # rated answers of the product meanwhile
    false: bool = False  # it belongs to no trouble that was named


class Rehearsal(msgspec.Struct, frozen=True):
    """What came of it. Without a word on what was quiet or not, nothing is called false."""

    windows: int
    since_ms: int
    until_ms: int
    products: int
    episodes: list[Told]
    false_alarms: int | None = None
    false_alarms_per_week: float | None = None  # of all products together
    missed: int | None = None  # troubles that nothing told


class Trouble(msgspec.Struct, frozen=True):
    """A time from which something was wrong, in one product or in any."""

    since_ms: int
    tenant_id: str | None = None
    segment: str | None = None

    def explains(self, told: Told) -> bool:
        """Whether the episode can be its doing."""
        return (
            told.opened_ms >= self.since_ms
            and self.tenant_id in (None, told.tenant_id)
            and self.segment in (None, told.key.get("segment", ""))
        )


def rehearse(
    rules: tuple[Rule, ...],
    windows: Iterable[tuple[int, dict[WindowKey, Sums]]],
    window_ms: int,
    references: Iterable[Mapping[str, Any]] = (),
    troubles: list[Trouble] | None = None,
) -> Rehearsal:
    """Return what `rules` would have told of `windows` (start, sums by key), in order of time.

    `troubles`: when something was wrong, [] if never, None if that isn't known.
    """
    watches, episodes = Watches(rules), Episodes()
    for record in references:
        watches.references.take(record)
    told: dict[str, Told] = {}
    rated: dict[Product, list[tuple[int, int]]] = {}
    count, since, until = 0, 0, 0
    for start, keys in windows:
        count, since, until = count + 1, since or start, start + window_ms
        for key, sums in keys.items():
            rated.setdefault((key.tenant_id, key.segment), []).append((start, sums.rated))
        for action in watches.pass_time(start, episodes) or []:
            _take(told, action)
        for action in watches.feed((start, until), keys, episodes):
            _take(told, action)
    found = [_judged(one, rated, troubles) for one in told.values()]
    return _summed(found, Rehearsal(count, since, until, len(rated), found), troubles)


def _take(told: dict[str, Told], action: Mapping[str, Any]) -> None:
    known, evidence = told.get(action["action_id"]), action["evidence"]
    if known is None:
        told[action["action_id"]] = Told(
            rule=action["rule"],
            kind=action["kind"],
            tenant_id=action["tenant_id"],
            key=dict(action["key"]),
            opened_ms=action["event_time"],
            severity=action["severity"],
            metric=evidence["metric"],
            observed=evidence["observed"],
            baseline=evidence["baseline"],
            n=evidence["n"],
        )
        return
    cleared = action["event_time"] if action["state"] == "cleared" else known.cleared_ms
    told[action["action_id"]] = msgspec.structs.replace(
        known, said=known.said + 1, severity=action["severity"], cleared_ms=cleared
    )


def _judged(
    told: Told, rated: Mapping[Product, list[tuple[int, int]]], troubles: list[Trouble] | None
) -> Told:
    if troubles is None:
        return told
    own = [trouble for trouble in troubles if trouble.explains(told)]
    if not own:
        return msgspec.structs.replace(told, false=True)
    since = max(trouble.since_ms for trouble in own)
    answers = sum(
        n
        for product, counts in rated.items()
        if product[0] == told.tenant_id and told.key.get("segment", product[1]) == product[1]
        for at, n in counts
        if since <= at < told.opened_ms
    )
    delay = told.opened_ms - since
    return msgspec.structs.replace(told, delay_ms=delay, delay_rated=answers)


def _summed(found: list[Told], done: Rehearsal, troubles: list[Trouble] | None) -> Rehearsal:
    if troubles is None:
        return done
    false = sum(told.false for told in found)
    weeks = (done.until_ms - done.since_ms) / WEEK_MS
    missed = [t for t in troubles if not any(t.explains(told) for told in found)]
    return msgspec.structs.replace(
        done,
        false_alarms=false,
        false_alarms_per_week=round(false / weeks, 4) if weeks else None,
        missed=len(missed),
    )
