"""Where and until when nothing new is said: mutes by people, maintenance by the rules file; pure.

A mute says nothing of whether something is wrong: what still is when it ends, opens then.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from stream_jobs.act.maintenance import Maintenance

FOR_EVER: Final = 253_402_300_799_999  # the last ms of the year 9999


class Mute(msgspec.Struct, array_like=True, frozen=True):
    """One mute of a tenant: `rule` "" is every rule, `key` {} everywhere."""

    tenant_id: str
    rule: str
    key: dict[str, str]
    until_ms: int


class Mutes:
    """The mutes of one decide partition and the maintenance windows of the rules file."""

    def __init__(
        self, mutes: Iterable[Mute] = (), maintenance: tuple[Maintenance, ...] = ()
    ) -> None:
        self._mutes = list(mutes)
        self._maintenance = maintenance

    def take(self, record: Mapping[str, Any]) -> bool:
        """Take an ActionResult; return whether it was a `muted` or `unmuted`."""
        if record["state"] not in ("muted", "unmuted"):
            return False
        until = record["until"] or FOR_EVER
        new = Mute(record["tenant_id"], record["rule"] or "", dict(record["key"]), until)
        if record["state"] == "muted":
            self._mutes = [m for m in self._mutes if not _same(m, new)] + [new]
        else:
            self._mutes = [m for m in self._mutes if not _covered(m, new)]
        return True

    def silent(self, rule: str, scope: Mapping[str, str], now_ms: int) -> bool:
        """Return whether nothing new is to be said of a rule and scope at event time `now_ms`."""
        return any(
            mute.tenant_id == scope["tenant_id"]
            and mute.rule in ("", rule)
            and now_ms < mute.until_ms
            and mute.key.items() <= scope.items()
            for mute in self._mutes
        ) or any(window.covers(rule, scope, now_ms) for window in self._maintenance)

    def expire(self, now_ms: int) -> None:
        """Forget mutes that have ended."""
        self._mutes = [mute for mute in self._mutes if now_ms < mute.until_ms]

    def state(self) -> list[Mute]:
        """Return a snapshot."""
        return list(self._mutes)


def _same(one: Mute, other: Mute) -> bool:
    return (one.tenant_id, one.rule, one.key) == (other.tenant_id, other.rule, other.key)


def _covered(mute: Mute, by: Mute) -> bool:
    """Whether `by`, an unmute, means `mute` too: all rules mean each, everywhere means anywhere."""
    return (
        mute.tenant_id == by.tenant_id
        and by.rule in ("", mute.rule)
        and by.key.items() <= mute.key.items()
    )
