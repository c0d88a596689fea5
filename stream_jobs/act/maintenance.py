"""Maintenance windows: times, known beforehand, at which nothing new is said; pure.

maintenance:
  - name: nightly-release
    days: [mon, tue, wed, thu, fri]     # default: every day
    from: "22:00"                       # UTC; a window may pass midnight
    to: "00:30"
    rules: [answers-got-worse]          # default: all
    scope: {tenant_id: acme}            # default: everywhere
  - name: migration
    from: "2026-12-24T00:00:00Z"
    to: "2026-12-26T00:00:00Z"
"""

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Final

import msgspec

from stream_jobs.yaml_lines import Located, Problems

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTE_MS: Final = 60_000
DAY_MS: Final = 1440 * MINUTE_MS
EXPECTED: Final = 'a time of day like "22:00", or a moment like "2026-12-24T00:00:00Z", both alike'


class Maintenance(msgspec.Struct, frozen=True, kw_only=True):
    """One window: daily if `days` names any (from and to in ms of the day), else once (in ms)."""

    name: str
    days: tuple[int, ...]
    from_ms: int
    to_ms: int
    rules: tuple[str, ...] = ()
    scope: dict[str, str] = {}

    def covers(self, rule: str, scope: Mapping[str, str], now_ms: int) -> bool:
        """Return whether the window is on for a rule and scope at event time `now_ms`."""
        wanted = not self.rules or rule in self.rules
        return wanted and self.scope.items() <= scope.items() and self._on(now_ms)

    def _on(self, now_ms: int) -> bool:
        if not self.days:
            return self.from_ms <= now_ms < self.to_ms
        day, at = divmod(now_ms, DAY_MS)
        weekday = (day + 3) % 7  # 1970-01-01 was a Thursday
        if self.from_ms < self.to_ms:
            return weekday in self.days and self.from_ms <= at < self.to_ms
        today = weekday in self.days and at >= self.from_ms
        return today or ((weekday - 1) % 7 in self.days and at < self.to_ms)


def load_maintenance(text: str, name: str = "rules") -> tuple[Maintenance, ...]:
    """Return the maintenance windows of a rules file; raises ConfigError with all mistakes."""
    problems = Problems(name)
    root = problems.parse(text, "`rules:` and `maintenance:`")
    found: list[Maintenance] = []
    if root is not None and "maintenance" in root:
        found = [one for one in map(_window, root.items("maintenance")) if one is not None]
    problems.raise_if_any()
    return tuple(found)


def _window(item: Located) -> Maintenance | None:
    before = item.problems.count
    item.only({"name", "days", "from", "to", "rules", "scope"})
    name = item.text("name")
    days = item.choices("days", DAYS, ())
    start, end = _moment(item, "from"), _moment(item, "to")
    if start is not None and end is not None:
        if start[0] != end[0]:
            item.wrong("to", "not of the kind that `from` is", EXPECTED)
        elif not start[0] and (days or start[1] >= end[1]):
            found = "moments have no days" if days else "not after `from`"
            item.wrong("to", found, EXPECTED)
    rules = item.data.get("rules", [])
    if not isinstance(rules, list) or not all(isinstance(one, str) for one in rules):
        item.wrong("rules", "no list of names", "names of rules")
        rules = []
    scope = item.strings("scope")
    if item.problems.count > before or start is None or end is None:
        return None
    daily = tuple(DAYS.index(day) for day in (days or DAYS)) if start[0] else ()
    return Maintenance(
        name=name,
        days=daily,
        from_ms=start[1],
        to_ms=end[1],
        rules=tuple(map(str, rules)),
        scope=scope,
    )


def _moment(item: Located, key: str) -> tuple[bool, int] | None:
    """Return whether the value is a time of day, and it in ms; None (and a mistake) if neither."""
    text = str(item.data.get(key, ""))
    try:
        at = time.fromisoformat(text)
        if at.tzinfo is None:
            return True, (at.hour * 60 + at.minute) * MINUTE_MS
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        item.wrong(key, f"{text!r}", EXPECTED)
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return False, int(moment.timestamp() * 1000)
