"""A document that stands out: its answers are rated worse than the rest of the product's.

One log-likelihood CUSUM per document (Page 1954) against the rate of the answers *without* it, as
it is now: what makes the whole product worse accuses no document. A chart that adds the log of
a likelihood ratio needs at least exp(limit) answers, on average, for a false alarm (Lorden 1971),
whatever the rates are, so the limit is the log of the budget.
"""

import math
from collections.abc import Mapping

import msgspec

from stream_jobs.detect.wilson import wilson


class OutlierParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a document stands out."""

    rise: float = 2.5  # its negative rate over that of the rest
    least_rise: float = 0.15  # and as a difference of rates
    run_length: int = 100_000  # rated answers of a document per false alarm
    memory: int = 400  # rated answers the rest's rate is taken from, about
    sample: int = 8  # rated answers of a document before it can be named


class DocumentChart(msgspec.Struct, array_like=True):
    """State of one document; k of n since its statistic last was 0."""

    statistic: float = 0.0
    n: int = 0
    k: int = 0
    recent_n: float = 0.0  # faded
    recent_k: float = 0.0
    alarmed: bool = False
    crossed: float = 0.0  # the statistic when it last crossed the limit


class DocumentCharts(msgspec.Struct, array_like=True):
    """The documents of one product."""

    recent_n: float = 0.0  # rated answers of the product, faded
    recent_k: float = 0.0
    charts: dict[str, DocumentChart] = {}

    def feed(
        self,
        k: int,
        n: int,
        doc_k: Mapping[str, int],
        doc_n: Mapping[str, int],
        parameters: OutlierParameters,
        caution: int = 1,
    ) -> None:
        """Take a window: `n` rated answers, `k` negative, and the same per document.

        `caution`: factor of the limit, above 1 while something else makes answers worse.
        """
        for doc_id in sorted(doc_n):
            chart = self.charts.get(doc_id)
            if chart is None:
                chart = self.charts[doc_id] = DocumentChart()
            self._score(chart, doc_k.get(doc_id, 0), doc_n[doc_id], parameters, caution)
        self._fade(k, n, doc_k, doc_n, parameters)

    def _score(
        self, chart: DocumentChart, k: int, n: int, parameters: OutlierParameters, caution: int
    ) -> None:
        k = min(max(k, 0), max(n, 0))
        rest_n = max(0, round(self.recent_n - chart.recent_n))
        rest_k = min(rest_n, max(0, round(self.recent_k - chart.recent_k)))
        if rest_n < parameters.memory // 4 or n <= 0:
            return
        p0 = wilson(rest_k, rest_n, 1.0).high
        p1 = min(max(p0 * parameters.rise, p0 + parameters.least_rise), (1 + p0) / 2)
        gain = k * math.log(p1 / p0) + (n - k) * math.log((1 - p1) / (1 - p0))
        limit = math.log(parameters.run_length) * (1 if chart.alarmed else caution)
        if chart.alarmed:
            gain = -gain
        chart.statistic += gain
        chart.n, chart.k = chart.n + n, chart.k + k
        if chart.statistic <= 0:
            chart.statistic, chart.n, chart.k = 0.0, 0, 0
        elif chart.statistic >= limit and chart.n >= parameters.sample:
            chart.crossed = chart.statistic
            chart.alarmed, chart.statistic = not chart.alarmed, 0.0

    def single_out(self, doc_ids: set[str]) -> None:
        """Of documents that crossed together keep the one with the most evidence against it.

        They were used by the same answers: the others start again, and are judged without it.
        """
        guilty = max(sorted(doc_ids), key=lambda doc_id: self.charts[doc_id].crossed)
        for doc_id in doc_ids - {guilty}:
            self.charts[doc_id].alarmed = False
            self.charts[doc_id].n = self.charts[doc_id].k = 0

    def forgive(self, doc_id: str) -> None:
        """Start all but `doc_id` from 0: what piled up may be its doing."""
        for other, chart in self.charts.items():
            if other != doc_id and not chart.alarmed:
                chart.statistic, chart.n, chart.k = 0.0, 0, 0

    def _fade(
        self,
        k: int,
        n: int,
        doc_k: Mapping[str, int],
        doc_n: Mapping[str, int],
        parameters: OutlierParameters,
    ) -> None:
        keep = math.exp(-max(0, n) / parameters.memory)
        self.recent_n, self.recent_k = self.recent_n * keep + n, self.recent_k * keep + k
        for doc_id, chart in list(self.charts.items()):
            chart.recent_n = chart.recent_n * keep + doc_n.get(doc_id, 0)
            chart.recent_k = chart.recent_k * keep + doc_k.get(doc_id, 0)
            if not chart.alarmed and chart.statistic <= 0 and abs(chart.recent_n) < 0.5:
                del self.charts[doc_id]
