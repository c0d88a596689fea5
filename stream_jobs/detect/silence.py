"""A product that falls silent: nothing came, where so much is usual that chance can't be why.

What is usual is learnt per hour of the day, for weekdays, Saturdays and Sundays apart (UTC): a
product that sleeps at night is expected to. An hour counts as busy only as far as the hours before
and after it are, so that neither a late start nor a changed clock is a fault. The silence is
measured in answers that should have come (the mean of a Poisson count: none comes with a chance of
e^-expected), and must also be a multiple of the longest silence that was none: traffic in bursts
has long ones. When an alarm is due follows from the last answer alone, not from when one looks.
"""

import re
from typing import Final

import msgspec

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
WEEK_MS: Final = 7 * DAY_MS
FADES_AT: Final = 10 * 60  # minutes known of an hour; then they count half
LEAST_KNOWN: Final = 30  # minutes seen of an hour before anything is expected in it
FARTHEST_MS: Final = 2 * WEEK_MS  # of a silence: nothing further ahead is worked out
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_GAP: Final = re.compile(
    r"(?:(mon|tue|wed|thu|fri|sat|sun))?\s*(?:(\d\d):(\d\d)-(\d\d):(\d\d))?$", re.IGNORECASE
)


class SilenceParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a silence is one too many."""

    expected: float = 20.0  # answers that should have come
    least_minutes: float = 30.0  # of silence
    times: float = 3.0  # the longest ordinary silence
    learn_hours: float = 24.0  # of a product before it is watched
    quiet: tuple[str, ...] = ()  # when silence is expected: "sat", "22:00-06:00"


class Quiet(msgspec.Struct, frozen=True):
    """A time of the week at which silence is expected; minutes of the day, UTC."""

    days: tuple[int, ...]
    start: int = 0
    end: int = 24 * 60

    def holds(self, at_ms: int) -> bool:
        """Whether event time `at_ms` lies in it; one that ends before it starts passes midnight."""
        day, minute = (at_ms // DAY_MS + 3) % 7, at_ms % DAY_MS // MINUTE_MS
        if self.start <= self.end:
            return day in self.days and self.start <= minute < self.end
        after, before = minute >= self.start, minute < self.end
        return (after and day in self.days) or (before and (day - 1) % 7 in self.days)


def quiet_of(text: str) -> Quiet | None:
    """Return the time that `text` names ("sat", "22:00-06:00", "fri 18:00-24:00"), or None."""
    found = _GAP.match(text.strip())
    if found is None or not text.strip():
        return None
    day, *clock = found.groups()
    days = tuple(range(7)) if day is None else (DAYS.index(day.lower()),)
    if clock[0] is None:
        return Quiet(days)
    hours, minutes = [int(clock[0]), int(clock[2])], [int(clock[1]), int(clock[3])]
    times = [60 * h + m for h, m in zip(hours, minutes, strict=True)]
    if max(times) > 24 * 60 or max(minutes) > 59 or times[0] == times[1]:
        return None
    return Quiet(days, *times)


class Hour(msgspec.Struct, array_like=True):
    """What is known of one hour of a kind of day."""

    minutes: float = 0.0
    answers: float = 0.0


class SilenceChart(msgspec.Struct, array_like=True):
    """State of one product; `hours` by kind of day × 24 + hour."""

    since_ms: int = 0  # event time of the first window
    last_ms: int = 0  # end of the last window with an answer
    hours: dict[int, Hour] = {}
    longest: float = 0.0  # ordinary silence, in expected answers
    alarmed_ms: int = 0  # when the alarm was due; 0: none
    due_ms: int = -1  # when one will be, if nothing comes; -1: not worked out

    def answers(self, count: int, start: int, end: int, parameters: SilenceParameters) -> bool:
        """Take a window with answers; whether it ends an alarm."""
        self.since_ms, self.last_ms = self.since_ms or start, self.last_ms or start
        was, self.alarmed_ms = self.alarmed_ms > 0, 0
        if start > self.last_ms:
            if not was:  # an ordinary silence is learnt from
                gone = self._expected(self.last_ms, start, parameters)
                self.longest = max(self.longest, gone)
                self._learn(self.last_ms, start, 0)
            self.last_ms = start
        if end > self.last_ms:
            self._learn(self.last_ms, end, 0)
            self.last_ms = end
        self._learn(start, start, count)
        self.due_ms = -1
        return was

    def due(self, now_ms: int, parameters: SilenceParameters) -> int | None:
        """Return when an alarm was due, once event time `now_ms` has passed that."""
        least_ms = round(parameters.least_minutes * MINUTE_MS)
        if self.alarmed_ms or not self.last_ms or now_ms - self.last_ms < least_ms:
            return None
        if self.due_ms < 0:
            self.due_ms = self._due(parameters)
        if not self.due_ms or self.due_ms > now_ms:
            return None
        self.alarmed_ms = self.due_ms
        return self.due_ms

    def expected(self, until_ms: int, parameters: SilenceParameters) -> float:
        """Return how many answers should have come since the last one."""
        return self._expected(self.last_ms, until_ms, parameters)

    def _due(self, parameters: SilenceParameters) -> int:
        """Return when the silence is too long; 0 if that isn't within FARTHEST_MS."""
        if self.last_ms - self.since_ms < parameters.learn_hours * HOUR_MS:
            return 0
        wanted = max(parameters.expected, parameters.times * self.longest)
        quiet = _quiet(parameters)
        total, at = 0.0, self.last_ms
        while at < self.last_ms + FARTHEST_MS:
            step = min(MINUTE_MS, HOUR_MS - at % HOUR_MS) if quiet else HOUR_MS - at % HOUR_MS
            rate = 0.0 if any(time.holds(at) for time in quiet) else self._rate(at)
            if rate > 0 and total + rate * step / MINUTE_MS >= wanted:
                due = at + round((wanted - total) / rate * MINUTE_MS)
                return max(due, self.last_ms + round(parameters.least_minutes * MINUTE_MS))
            total, at = total + rate * step / MINUTE_MS, at + step
        return 0

    def _expected(self, start: int, end: int, parameters: SilenceParameters) -> float:
        quiet = _quiet(parameters)
        total, at = 0.0, start
        while at < min(end, start + FARTHEST_MS):
            step = min(end - at, MINUTE_MS if quiet else HOUR_MS - at % HOUR_MS)
            if not any(time.holds(at) for time in quiet):
                total += self._rate(at) * step / MINUTE_MS
            at += step
        return total

    def _rate(self, at: int) -> float:
        """Return answers a minute: the least of this hour and those beside it."""
        rates = [self._known(at + hours * HOUR_MS) for hours in (-1, 0, 1)]
        return min(rates)

    def _known(self, at: int) -> float:
        hour = self.hours.get(_place(at))
        if hour is None or hour.minutes < LEAST_KNOWN:
            return 0.0
        return hour.answers / hour.minutes

    def _learn(self, start: int, end: int, count: int) -> None:
        """Learn that `count` answers came from `start` to `end`; all in the first hour."""
        hour = self.hours.setdefault(_place(start), Hour())
        hour.answers += count
        at = max(start, end - FARTHEST_MS)
        while at < end:
            step = min(end, (at // HOUR_MS + 1) * HOUR_MS) - at
            hour = self.hours.setdefault(_place(at), Hour())
            hour.minutes += step / MINUTE_MS
            if hour.minutes > FADES_AT:
                hour.minutes, hour.answers = hour.minutes / 2, hour.answers / 2
            at += step


def _place(at_ms: int) -> int:
    """Return the number of the hour: 24 of weekdays, 24 of Saturdays, 24 of Sundays."""
    day = (at_ms // DAY_MS + 3) % 7
    return max(0, day - 4) * 24 + at_ms % DAY_MS // HOUR_MS


def _quiet(parameters: SilenceParameters) -> list[Quiet]:
    return [time for text in parameters.quiet if (time := quiet_of(text)) is not None]
