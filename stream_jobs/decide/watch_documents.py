"""The outlier rule in one product: a document whose answers are rated worse than the rest."""

import msgspec

from stream_jobs.act.episodes import Finding
from stream_jobs.act.evidence import Cause, rate_evidence, sampled
from stream_jobs.act.rules import Rule
from stream_jobs.detect.outliers import DocumentChart, DocumentCharts, OutlierParameters
from stream_jobs.window.record import OTHER
from stream_jobs.window.sums import Sums, pair_of


class DocumentWatch(msgspec.Struct, array_like=True):
    """State; `since_ms` and `examples` only of documents whose statistic isn't 0."""

    charts: DocumentCharts = msgspec.field(default_factory=DocumentCharts)
    since_ms: dict[str, int] = {}
    examples: dict[str, list[str]] = {}

    def feed(
        self,
        rule: Rule,
        scope: dict[str, str],
        window: tuple[int, int],
        sums: Sums,
        blamed: frozenset[str] = frozenset(),
        caution: int = 1,
    ) -> list[Finding]:
        """Take the product's window (start, end); return findings of documents.

        Ratings of answers that also used a document in `blamed` don't count for the others.
        """
        parameters = rule.condition
        assert isinstance(parameters, OutlierParameters)
        before = {doc for doc, chart in self.charts.charts.items() if chart.alarmed}
        rated, negative = _without(sums, blamed)
        self.charts.feed(sums.negative, sums.rated, negative, rated, parameters, caution)
        self._remember(window[0], sums)
        after = {doc for doc, chart in self.charts.charts.items() if chart.alarmed}
        if len(after - before) > 1:
            self.charts.single_out(after - before)
            after = {doc for doc, chart in self.charts.charts.items() if chart.alarmed}
        return [
            self._finding(doc, scope, window, active=doc in after) for doc in sorted(before | after)
        ]

    def forgive(self, doc_id: str) -> None:
        """Start all others from 0 when `doc_id` has been found out."""
        self.charts.forgive(doc_id)

    def _remember(self, start: int, sums: Sums) -> None:
        for doc in list(self.since_ms):
            if doc not in self.charts.charts or self.charts.charts[doc].n == 0:
                del self.since_ms[doc]
                self.examples.pop(doc, None)
        for doc, count in sorted(sums.doc_negatives.items()):
            chart = self.charts.charts.get(doc)
            if chart is None or chart.n == 0:
                continue
            self.since_ms.setdefault(doc, start)
            # Windows don't say which example used which document: take those of windows where
            # most negatives did.
            if 2 * count > sums.negative:
                kept = self.examples.get(doc, [])
                self.examples[doc] = sampled([*kept, *sums.examples])

    def _finding(
        self, doc: str, scope: dict[str, str], window: tuple[int, int], *, active: bool
    ) -> Finding:
        chart = self.charts.charts.get(doc, DocumentChart())
        rest_n = max(0, round(self.charts.recent_n - chart.recent_n))
        rest_k = max(0, round(self.charts.recent_k - chart.recent_k))
        baseline = rest_k / rest_n if rest_n else None
        evidence = rate_evidence("doc_negative_rate", chart.k, chart.n, baseline)
        evidence |= {
            "statistic": chart.statistic,
            "window_start": self.since_ms.get(doc, window[0]),
            "window_end": window[1],
            "contributions": [
                {
                    "dimension": "doc_id",
                    "value": doc,
                    "observed": evidence["observed"],
                    "baseline": baseline,
                    "n": evidence["n"],
                    "share": 1.0,
                }
            ],
        }
        return Finding(
            scope={**scope, "doc_id": doc},
            active=active,
            causes=[Cause("doc_id", doc)],
            evidence=evidence,
            examples=self.examples.get(doc, []),
        )


def _without(sums: Sums, blamed: frozenset[str]) -> tuple[dict[str, int], dict[str, int]]:
    """Return rated and negative counts by document, without answers that used a blamed one too."""
    rated = {doc: n for doc, n in sums.doc_rated.items() if doc != OTHER}
    negative = dict(sums.doc_negatives)
    for doc in rated:
        for other in sorted(blamed - {doc}):
            pair = pair_of(doc, other)
            rated[doc] -= sums.doc_pair_rated.get(pair, 0)
            negative[doc] = negative.get(doc, 0) - sums.doc_pair_negatives.get(pair, 0)
    return rated, negative
