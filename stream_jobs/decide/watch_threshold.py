"""A threshold rule in one product: blocks of some minutes against a fixed limit."""

from typing import Any

import msgspec

from stream_jobs.act.episodes import Finding
from stream_jobs.act.evidence import rate_evidence
from stream_jobs.act.rules import Rule, ThresholdParameters
from stream_jobs.decide.metrics import FRACTIONS, QUANTILES
from stream_jobs.detect.wilson import wilson
from stream_jobs.window.sums import Sums

MINUTE_MS = 60_000


class ThresholdWatch(msgspec.Struct, array_like=True):
    """State of the block that is being filled."""

    start_ms: int = 0
    k: int = 0
    n: int = 0
    bins: dict[int, int] = {}
    alarmed: bool = False

    def feed(
        self, rule: Rule, scope: dict[str, str], window: tuple[int, int], sums: Sums
    ) -> Finding | None:
        """Take the product's window (start, end); return a finding when a block is complete."""
        parameters = rule.condition
        assert isinstance(parameters, ThresholdParameters)
        self._add(rule, window[0], sums)
        full = window[1] - self.start_ms >= parameters.over_minutes * MINUTE_MS
        if not full or self.n < parameters.sample:
            return None
        was = self.alarmed
        evidence = self._judge(rule, parameters, window)
        self.start_ms, self.k, self.n, self.bins = 0, 0, 0, {}
        if not (was or self.alarmed):
            return None
        return Finding(scope=scope, active=self.alarmed, evidence=evidence)

    def _add(self, rule: Rule, start: int, sums: Sums) -> None:
        self.start_ms = self.start_ms or start
        if rule.metric in QUANTILES:
            for index, count in getattr(sums, QUANTILES[rule.metric].bins).items():
                self.bins[index] = self.bins.get(index, 0) + count
            self.n += sums.inferences
            return
        k, n = FRACTIONS[rule.metric](sums)
        self.k, self.n = self.k + k, self.n + n

    def _judge(
        self, rule: Rule, parameters: ThresholdParameters, window: tuple[int, int]
    ) -> dict[str, Any]:
        if rule.metric in QUANTILES:
            observed = QUANTILES[rule.metric].of(self.bins) or 0.0
            surely = observed
            evidence = rate_evidence(rule.metric, 0, 0, None)
            evidence |= {"n": self.n, "interval_low": None, "interval_high": None}
        else:
            k = min(max(self.k, 0), self.n)
            observed, surely = k / self.n, wilson(k, self.n).low
            evidence = rate_evidence(rule.metric, k, self.n, None)
        self.alarmed = observed > parameters.clears if self.alarmed else surely > parameters.above
        return evidence | {
            "observed": observed,
            "statistic": surely,
            "limit": parameters.above,
            "window_start": self.start_ms,
            "window_end": window[1],
        }
