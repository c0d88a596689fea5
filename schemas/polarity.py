"""Whether a signal speaks for (+1) or against (−1) its answer, or neither (0); pure.

The one rule that the join, the sums and the simulator share. *Rated* signals are the explicit ones
that carry a judgement: the negative rate is negative rated / all rated.
"""

from typing import Final

BY_VALUE: Final = frozenset(("thumbs", "rating", "label", "comment"))
"""Explicit kinds whose polarity is the sign of their value."""

FIXED: Final = {
    "correction": -1,
    "regenerate": -1,
    "abandonment": -1,
    "copy": 1,
    "click": 1,
    "retract": 0,
    "edit": 0,
    "impression": 0,
    "dwell": 0,
    "session_end": 0,
}
"""Polarity of the kinds for which the value says nothing."""

ALWAYS_RATED: Final = frozenset(("thumbs", "rating", "correction"))


def polarity(kind: str, value: float | None) -> int:
    """Return −1, 0 or 1 for a signal of `kind` with `value` (−1…1); 0 for an unknown kind."""
    if kind in BY_VALUE:
        return 0 if value is None else (value > 0) - (value < 0)
    return FIXED.get(kind, 0)


def is_rated(kind: str, value: float | None) -> bool:
    """Return whether a signal counts as a rating: thumbs, rating, correction, or a valued text."""
    return kind in ALWAYS_RATED or (kind in BY_VALUE and value is not None)
