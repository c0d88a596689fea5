"""A rising rate, found by a Bernoulli CUSUM with a false-alarm budget.

The baseline is the Wilson upper bound of the first `learn` answers. It is frozen, and learnt anew
each time the sample has doubled (a new version of the baseline), as long as nothing looks wrong:
early on it is careful, later it is sharp. After an alarm the same chart runs downwards, from the
rise back to the baseline: when that one reaches the limit, the trouble is over.
"""

from typing import Final

import msgspec

from stream_jobs.detect.cusum import Design, design
from stream_jobs.detect.wilson import wilson


class RateParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a chart learns and how sensitive it is."""

    learn: int = 200  # rated answers of the first baseline
    learn_most: int = 6_400  # the baseline isn't learnt anew beyond this many
    rise: float = 1.5  # the smallest rise worth an alarm, as a factor
    least_rise: float = 0.02  # and as a difference of rates
    run_length: int = 60_000  # answers per false alarm
    new_version_alpha: float = 0.001  # chance that a new version as good as the old is accused


CAREFUL: Final = 1.6448536269514722
"""One-sided 95 %: the baseline of a small sample."""
SHARP: Final = 1.0
"""One-sided 84 %, from SHARP_FROM times the first sample on."""
SHARP_FROM: Final = 8


class RateChart(msgspec.Struct, array_like=True):
    """State of one chart; all counts are whole numbers, so order within a window is irrelevant."""

    n: int = 0  # answers learnt from, or seen since the start
    k: int = 0  # negatives among them
    version: int = 0  # of the baseline; 0: none yet
    p0: float = 0.0
    statistic: int = 0
    alarmed: bool = False
    carry_n: int = 0  # answers not yet fed: corrections that would make a batch negative
    carry_k: int = 0
    touched_zero: bool = True  # during the last batch

    def design(self, parameters: RateParameters) -> Design:
        """Return the design for the baseline of now."""
        return design(self.p0, parameters.rise, parameters.least_rise, parameters.run_length)

    def feed(self, k: int, n: int, parameters: RateParameters) -> None:
        """Take a window's `n` answers, `k` of them negative, evenly interleaved.

        Counts may be negative (corrections): they wait until later answers make up for them.
        """
        self.touched_zero = False
        k, n = k + self.carry_k, n + self.carry_n
        self.carry_k = self.carry_n = 0
        if not 0 <= k <= n:
            whole = min(max(k, 0), max(n, 0))
            self.carry_k, self.carry_n = k - whole, min(n, 0)
            k, n = whole, max(n, 0)
        for position in range(n):
            self._answer((position + 1) * k // n > position * k // n, parameters)

    def _answer(self, negative: bool, parameters: RateParameters) -> None:
        if self.version == 0:
            self._learn(negative, parameters)
            return
        chart = self.design(parameters)
        up = chart.up if negative else -chart.down
        self.statistic = max(0, self.statistic + (-up if self.alarmed else up))
        if self.statistic == 0:
            self.touched_zero = True
        if self.statistic >= chart.limit:
            self.alarmed, self.statistic = not self.alarmed, 0
            self.touched_zero = not self.alarmed
        if not self.alarmed:
            self._learn(negative, parameters, 2 * self.statistic < chart.limit)

    def _learn(self, negative: bool, parameters: RateParameters, quiet: bool = True) -> None:
        due = parameters.learn << self.version
        if due > parameters.learn_most:
            return
        self.n += 1
        self.k += negative
        if self.n >= due and quiet:
            z = SHARP if self.n >= SHARP_FROM * parameters.learn else CAREFUL
            old = self.design(parameters).limit if self.version else 1
            self.p0 = wilson(self.k, self.n, z).high
            self.version += 1
            # The same fraction of the way to the limit, in the new chart's steps.
            self.statistic = self.statistic * self.design(parameters).limit // old
