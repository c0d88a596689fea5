"""The newest version of a product, compared with those before it since its first rating."""

import copy
import math

import msgspec

from stream_jobs.act.evidence import VERSIONS, Cause, Tally
from stream_jobs.detect.rates import RateParameters
from stream_jobs.detect.succession import log_evidence

MOST_KNOWN = 64
"""Versions remembered, so that one that comes back isn't new."""


class Newcomer(msgspec.Struct, array_like=True):
    """State; without `causes` there is no newcomer."""

    known: list[Cause] = []
    causes: list[Cause] = []  # the versions that appeared together
    before: Tally = msgspec.field(default_factory=Tally)
    since: Tally = msgspec.field(default_factory=Tally)
    start_ms: int = 0

    def feed(self, tally: Tally, start: int, before: Tally, since: Tally, *, learnt: bool) -> None:
        """Take a window's tally; versions seen while the baseline was learnt aren't new."""
        fresh = [
            Cause(dimension, value)
            for dimension in VERSIONS
            for value, (_, n) in sorted(tally.by.get(dimension, {}).items())
            if n > 0 and value and Cause(dimension, value) not in self.known
        ]
        self.known = [*self.known, *fresh][-MOST_KNOWN:]
        if fresh and learnt:
            self._start(fresh, tally, start, before, since)
        elif self.causes:
            self.since.merge(tally)
            self.since.take_examples(tally)

    def _start(
        self, fresh: list[Cause], tally: Tally, start: int, before: Tally, since: Tally
    ) -> None:
        self.causes, self.start_ms = fresh, start
        # `before` and `since` hold this window already; it belongs to what comes after.
        self.before = copy.deepcopy(before)
        self.before.merge(since)
        self.before.subtract(tally)
        self.since = Tally()
        self.since.merge(tally)
        self.since.take_examples(tally)

    def worse(self, parameters: RateParameters) -> bool:
        """Whether the newcomer's ratings are worse than all others', beyond doubt."""
        if not self.causes or self.since.n > parameters.learn_most:
            return False
        dimension, value = self.causes[0]
        k, n = self.since.by.get(dimension, {}).get(value, [0, 0])
        k_old = self.before.k + self.since.k - k
        n_old = self.before.n + self.since.n - n
        if not (0 < k <= n and 0 <= k_old <= n_old and n_old > 0):
            return False
        base = k_old / n_old
        if k / n < max(base * (1 + parameters.rise) / 2, base + parameters.least_rise):
            return False
        known = (max(0, self.before.k) + 0.5) / (max(0, self.before.n) + 1)
        evidence = log_evidence(k, n, k_old, n_old, min(known, 1.0))
        return evidence >= -math.log(parameters.new_version_alpha)

    def dismiss(self) -> None:
        """Stop comparing: it has been accused, or something else explains the rise."""
        self.causes, self.before, self.since, self.start_ms = [], Tally(), Tally(), 0
