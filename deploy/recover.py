"""Why a stage or sink can't go on from where it stopped, and how it can if a loss is accepted."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One partition that can't go on: why, what is given up by going on, and how that is done."""

    place: str
    why: str
    loss: str
    mend: Callable[[], None]  # raises FeedloopError; safe to repeat
