"""How often to do what costs the same for one record as for thousands: a commit, an insert.

Done at a fixed interval, such work takes the larger share the busier the machine is, and a backlog
never ends. So it keeps to a share of the time: what takes long is done less often.
"""

from typing import Final

SHARE: Final = 10  # at most one part in so many of the time
LONGEST_S: Final = 2.0


class Pace:
    """The interval from the end of one piece of work to the start of the next, in seconds."""

    def __init__(self, least_s: float, share: int = SHARE) -> None:
        self._least_s, self._share = least_s, share
        self.interval_s = least_s

    def took(self, seconds: float) -> None:
        """Note how long the last one took."""
        self.interval_s = max(self._least_s, min(seconds * self._share, LONGEST_S))
