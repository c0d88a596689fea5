"""A silence rule in one product: nothing comes where something should."""

from typing import Any

import msgspec

from stream_jobs.act.episodes import Finding
from stream_jobs.act.rules import Rule
from stream_jobs.detect.silence import SilenceChart, SilenceParameters
from stream_jobs.window.sums import Sums
from stream_jobs.window.windows import WindowKey


class SilenceWatch(msgspec.Struct, array_like=True):
    """State of one rule and product."""

    chart: SilenceChart = msgspec.field(default_factory=SilenceChart)
    said_ms: int = 0  # when the last finding was

    def feed(
        self,
        rule: Rule,
        scope: dict[str, str],
        window: tuple[int, int],
        versions: dict[WindowKey, Sums],
    ) -> Finding | None:
        """Take a window (start, end); return a finding when it ends a silence."""
        parameters = rule.condition
        assert isinstance(parameters, SilenceParameters)
        answers = sum(sums.inferences for sums in versions.values())
        if answers > 0 and self.chart.answers(answers, *window, parameters):
            return Finding(scope=scope, active=False)
        return None

    def pass_time(
        self, rule: Rule, scope: dict[str, str], until_ms: int
    ) -> list[tuple[int, Finding]]:
        """Let event time reach `until_ms`; return when the silence was too long, and the findings.

        One when it became so, and one each time the cooldown has passed since.
        """
        parameters = rule.condition
        assert isinstance(parameters, SilenceParameters)
        found = []
        if (due := self.chart.due(until_ms, parameters)) is not None:
            self.said_ms = due
            found.append((due, self._finding(scope, due, parameters)))
        while self.chart.alarmed_ms and until_ms - self.said_ms >= rule.cooldown_ms:
            self.said_ms += rule.cooldown_ms
            found.append((self.said_ms, self._finding(scope, self.said_ms, parameters)))
        return found

    def _finding(
        self, scope: dict[str, str], until_ms: int, parameters: SilenceParameters
    ) -> Finding:
        chart = self.chart
        expected = chart.expected(until_ms, parameters)
        evidence: dict[str, Any] = {
            "metric": "inferences",
            "observed": 0.0,
            "baseline": expected,
            "n": 0,
            "interval_low": None,
            "interval_high": None,
            "statistic": expected,
            "limit": max(parameters.expected, parameters.times * chart.longest),
            "window_start": chart.last_ms,
            "window_end": until_ms,
            "contributions": [],
        }
        return Finding(scope=scope, active=True, severity="critical", evidence=evidence)
