"""By how much counts vary more than independent answers would.

Answers of one session have one language and one subject; hours differ. So samples lie further apart
than chance alone puts them, and a limit for independent answers is too low. Blocks of answers that
follow each other tell: Pearson's χ² between two of them is on average its degrees of freedom
(times N / (N − 1), exactly, however few counts there are) if answers are independent, and this
factor more if not (Wedderburn 1974, quasi-likelihood).
"""

import math
from collections.abc import Mapping
from typing import Final

import msgspec

CAREFUL: Final = 1.6448536269514722
ENOUGH: Final = 8.0
"""Degrees of freedom before the factor is believed."""

Counts = Mapping[str, int]


class Dispersion(msgspec.Struct, array_like=True):
    """State of one feature."""

    statistic: float = 0.0
    freedom: float = 0.0

    @property
    def factor(self) -> float:
        """How many times the variance of independent answers, at most; at least 1.

        Few blocks tell it badly, so it is an upper bound (one-sided 95 %).
        """
        if self.freedom < ENOUGH:
            return 1.0
        bound = 1 + CAREFUL * math.sqrt(2 / self.freedom)
        return max(1.0, self.statistic / self.freedom * bound)

    def feed(self, one: Counts, other: Counts) -> None:
        """Take two blocks that follow each other."""
        pairs = [
            (max(0, one.get(k, 0)), max(0, other.get(k, 0))) for k in one.keys() | other.keys()
        ]
        pairs = [pair for pair in sorted(pairs) if sum(pair)]
        m, n = (sum(pair[side] for pair in pairs) for side in (0, 1))
        if len(pairs) < 2 or not m or not n:
            return
        statistic = sum((b * m - a * n) ** 2 / (a + b) for a, b in pairs) / (n * m)
        self.statistic += statistic * (m + n - 1) / (m + n)
        self.freedom += len(pairs) - 1
