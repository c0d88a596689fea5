"""One CUSUM rule in one product: the chart, and the tallies that say who carries a rise."""

from typing import Any

import msgspec

from stream_jobs.act.episodes import Finding
from stream_jobs.act.evidence import Tally, blame, rate_evidence
from stream_jobs.act.rules import Rule
from stream_jobs.decide.metrics import FRACTIONS
from stream_jobs.decide.newcomer import Newcomer
from stream_jobs.detect.rates import RateChart, RateParameters
from stream_jobs.detect.wilson import wilson
from stream_jobs.window.sums import Sums
from stream_jobs.window.windows import WindowKey

MINUTE_MS = 60_000
Versions = dict[WindowKey, Sums]


class RateWatch(msgspec.Struct, array_like=True):
    """State; `since` holds what came after the statistic last was 0."""

    chart: RateChart = msgspec.field(default_factory=RateChart)
    before: Tally = msgspec.field(default_factory=Tally)
    since: Tally = msgspec.field(default_factory=Tally)
    since_ms: int = 0
    newcomer: Newcomer = msgspec.field(default_factory=Newcomer)
    started_ms: int = 0  # the product's first window

    def feed(
        self,
        rule: Rule,
        scope: dict[str, str],
        window: tuple[int, int],
        versions: Versions,
        excluded: frozenset[str],
    ) -> Finding | None:
        """Take a window (start, end); `excluded` documents' ratings are left out.

        Returns a finding while there is an alarm, or when it ends.
        """
        parameters = rule.condition
        assert isinstance(parameters, RateParameters)
        self.started_ms = self.started_ms or window[0]
        if window[0] - self.started_ms < parameters.settle_minutes * MINUTE_MS:
            return None
        was, tally = self.chart.alarmed, self._tally(rule, versions, excluded)
        learnt = self.chart.version > 0
        self.chart.feed(tally.k, tally.n, parameters)
        self._remember(tally, window[0], was=was)
        self.newcomer.feed(tally, window[0], self.before, self.since, learnt=learnt)
        if learnt and not (was or self.chart.alarmed):
            self._accuse(parameters)
        if not (was or self.chart.alarmed):
            return None
        return self._finding(rule, scope, window, parameters)

    def _accuse(self, parameters: RateParameters) -> None:
        """Raise the alarm if the newest version is worse than those before it."""
        if self.newcomer.worse(parameters):
            self.chart.alarmed, self.chart.statistic, self.chart.steep = True, 0, 0
            self.before, self.since = self.newcomer.before, self.newcomer.since
            self.since_ms = self.newcomer.start_ms
            self.newcomer.dismiss()

    def forgive(self) -> None:
        """Start from 0 again: what had piled up has found its own explanation."""
        if not self.chart.alarmed:
            self.chart.statistic = self.chart.steep = 0
            self.since = Tally()
            self.newcomer.dismiss()

    def _tally(self, rule: Rule, versions: Versions, excluded: frozenset[str]) -> Tally:
        tally, rated = Tally(), rule.metric == "negative_rate"
        for key, sums in sorted(versions.items()):
            k, n = FRACTIONS[rule.metric](sums)
            if rated:
                k -= sum(sums.doc_negatives.get(doc, 0) for doc in excluded)
                n -= sum(sums.doc_rated.get(doc, 0) for doc in excluded)
            tally.add_window(key.model_version, key.prompt_version, k, n, sums if rated else None)
        return tally

    def _remember(self, tally: Tally, start: int, *, was: bool) -> None:
        if self.chart.alarmed:
            self._since(tally, start)
            self.newcomer.dismiss()
        elif was or self.chart.touched_zero or self.chart.version == 0:
            if not was:
                self.before.merge(self.since)
                self.before.merge(tally)
            self.since, self.since_ms = Tally(), 0
        else:
            self._since(tally, start)

    def _since(self, tally: Tally, start: int) -> None:
        self.since_ms = self.since_ms or start
        self.since.merge(tally)
        self.since.take_examples(tally)

    def _finding(
        self, rule: Rule, scope: dict[str, str], window: tuple[int, int], parameters: RateParameters
    ) -> Finding:
        chart = self.chart
        if not chart.alarmed:
            return Finding(scope=scope, active=False)
        accused = blame(self.before, self.since, chart.p0)
        since, before = self.since, self.before
        baseline = before.k / before.n if before.n > 0 else chart.p0
        evidence: dict[str, Any] = {
            **rate_evidence(rule.metric, since.k, since.n, baseline),
            "statistic": float(chart.statistic),
            "limit": float(chart.design(parameters).limit),
            "window_start": self.since_ms,
            "window_end": window[1],
            "contributions": accused.contributions,
        }
        low = wilson(min(max(since.k, 0), max(since.n, 0)), max(since.n, 0)).low
        return Finding(
            scope=scope,
            active=True,
            severity="critical" if low > rule.escalate_at * baseline else "warning",
            causes=accused.causes,
            evidence=evidence,
            examples=since.telling(accused.causes),
            parameters={**accused.comparison, "baseline_version": str(chart.version)},
        )
