"""A rising rate, found by two Bernoulli CUSUMs that share a false-alarm budget.

One is built for the smallest rise worth an alarm, the other for a steep one, which it finds sooner.
The baseline is an upper Wilson bound of the answers so far: careful at first, sharper later. It is
learnt anew each time the sample has grown by a tenth (a new version of the baseline), as long as
nothing looks wrong. After an alarm the first chart runs downwards, from the rise back to the
baseline: when it reaches the limit, the trouble is over.
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
    steep_rise: float = 2.25  # the factor that the second chart is built for
    run_length: int = 80_000  # answers per false alarm
    settle_minutes: float = 0.0  # of a product that aren't counted: its first signals are due later
    new_version_alpha: float = 0.01  # chance that a new version as good as the old is accused


GROWTH: Final = 1.1
"""The baseline is learnt anew when the sample has grown by this factor."""
CAREFUL: Final = 2.0
"""Standard deviations that the first baseline lies above what was seen."""
SHARPENS: Final = 0.6
"""The power of the sample with which that number falls."""


class RateChart(msgspec.Struct, array_like=True):
    """State of one product; counts are whole, so order within a window is irrelevant."""

    n: int = 0  # answers learnt from, or seen since the start
    k: int = 0  # negatives among them
    version: int = 0  # of the baseline; 0: none yet
    p0: float = 0.0
    statistic: int = 0
    steep: int = 0  # the second chart's statistic
    alarmed: bool = False
    carry_n: int = 0  # answers not yet fed: corrections that would make a batch negative
    carry_k: int = 0
    touched_zero: bool = True  # during the last batch

    def design(self, parameters: RateParameters) -> Design:
        """Return the design of the first chart for the baseline of now."""
        return design(self.p0, parameters.rise, parameters.least_rise, 2 * parameters.run_length)

    def steep_design(self, parameters: RateParameters) -> Design:
        """Return the design of the second chart."""
        least = parameters.least_rise * parameters.steep_rise / parameters.rise
        return design(self.p0, parameters.steep_rise, least, 2 * parameters.run_length)

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
        done = 0
        for number in range(1, k + 1):
            place = -(-number * n // k)  # of the negative, counted from 1
            self._take(place - 1 - done, 1, parameters)
            done = place
        if done < n:
            self._take(n - done, 0, parameters)

    def _take(self, good: int, bad: int, parameters: RateParameters) -> None:
        """Take some good answers, then a bad one or none."""
        if self.version:
            self._move(good, bad, parameters)
        if not self.alarmed:
            self._learn(good, bad, parameters)

    def _move(self, good: int, bad: int, parameters: RateParameters) -> None:
        chart = self.design(parameters)
        if self.alarmed:
            self.statistic = max(0, self.statistic + good * chart.down)
            over = self.statistic >= chart.limit
            self.statistic = max(0, self.statistic - bad * chart.up)
            if over:
                self.alarmed, self.statistic, self.steep = False, 0, 0
            return
        steep = self.steep_design(parameters)
        low = max(0, self.statistic - good * chart.down)
        self.touched_zero = self.touched_zero or low == 0
        self.statistic = low + bad * chart.up
        self.steep = max(0, self.steep - good * steep.down) + bad * steep.up
        if self.statistic >= chart.limit or self.steep >= steep.limit:
            self.alarmed, self.statistic, self.steep = True, 0, 0
            self.touched_zero = False

    def _learn(self, good: int, bad: int, parameters: RateParameters) -> None:
        due = parameters.learn * GROWTH**self.version
        if due > parameters.learn_most:
            return
        self.n, self.k = self.n + good + bad, self.k + bad
        if self.n < due or not self._calm(parameters):
            return
        z = CAREFUL * (parameters.learn / self.n) ** SHARPENS
        old = (self.design(parameters), self.steep_design(parameters)) if self.version else ()
        self.p0 = wilson(self.k, self.n, z).high
        while parameters.learn * GROWTH**self.version <= self.n:
            self.version += 1
        if old:  # the same fraction of the way to the limit, in the new charts' steps
            new, steep = self.design(parameters), self.steep_design(parameters)
            self.statistic = self.statistic * new.limit // old[0].limit
            self.steep = self.steep * steep.limit // old[1].limit

    def _calm(self, parameters: RateParameters) -> bool:
        """Whether the charts are below half of their limits."""
        return not self.version or (
            2 * self.statistic < self.design(parameters).limit
            and 2 * self.steep < self.steep_design(parameters).limit
        )
