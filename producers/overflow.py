"""What happens to an event that finds the client's queue full."""

from typing import Protocol

from producers.envelope import Envelope


class Overflow(Protocol):
    """Takes what can't be queued, e.g. to a spool on disk; called in the caller's thread."""

    def take(self, envelope: Envelope) -> bool:
        """Return whether `envelope` was kept; must return within microseconds, never raise."""


class Drop:
    """The default: nothing is kept, the client counts the event as refused."""

    def take(self, envelope: Envelope) -> bool:  # noqa: ARG002
        """Return False."""
        return False
