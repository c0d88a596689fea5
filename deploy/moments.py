"""Times as people read and write them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from schemas.errors import ConfigError

_AGE: Final = re.compile(r"(\d+)(s|m|h|d)")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def moment(at_ms: int) -> str:
    """Return an event time in UTC, to the minute."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def time_of(option: str, text: str, now_ms: int) -> int:
    """Return the time (ms) that an age (`30m`) or an ISO 8601 time means.

    Raises ConfigError that names the `option` it was given to.
    """
    age = _AGE.fullmatch(text)
    if age:
        back = timedelta(**{_UNITS[age[2]]: int(age[1])})
        return now_ms - int(back.total_seconds() * 1000)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{option} {text}: expected 30s, 15m, 2h, 7d or a time such as 2026-01-31T08:00"
        ) from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def period_of(since: str, until: str, now_ms: int) -> tuple[int, int]:
    """Return what `--from` and `--to` mean (ms). Raises ConfigError if it ends before it begins."""
    from_ms, to_ms = time_of("--from", since, now_ms), time_of("--to", until, now_ms)
    if from_ms >= to_ms:
        raise ConfigError(
            f"--from {since} --to {until}: expected a period that ends after it begins"
        )
    return from_ms, to_ms
