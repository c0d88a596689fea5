"""A shift rule in one product: a quantile of latency or cost that has risen."""

from stream_jobs.act.episodes import Finding
from stream_jobs.act.evidence import DRIFT, Cause, rate_evidence
from stream_jobs.act.rules import Rule
from stream_jobs.decide.metrics import QUANTILES
from stream_jobs.decide.references import References
from stream_jobs.decide.sample import NUMBERS, Reference, Sample, numbers
from stream_jobs.decide.watch_drift import Comparing, grown
from stream_jobs.detect.shift import ShiftParameters, judge_shift
from stream_jobs.window.sums import BINS, Sums
from stream_jobs.window.windows import WindowKey

FEATURE = {bins: feature for feature, bins in NUMBERS.items()}


class ShiftWatch(Comparing, array_like=True):
    """State of one rule and product."""

    def feed(
        self,
        rule: Rule,
        scope: dict[str, str],
        window: tuple[int, int],
        versions: dict[WindowKey, Sums],
        known: References,
    ) -> Finding | None:
        """Take a window (start, end); return a finding when a sample is complete, if it says so."""
        feature = FEATURE[QUANTILES[rule.metric].bins]
        complete = self.gather(rule, scope, window[0], versions, (feature,), known)
        return None if complete is None else self._compare(rule, scope, window, *complete)

    def _compare(
        self,
        rule: Rule,
        scope: dict[str, str],
        window: tuple[int, int],
        sample: Sample,
        reference: Reference,
    ) -> Finding | None:
        parameters = rule.condition
        assert isinstance(parameters, ShiftParameters)
        quantile = QUANTILES[rule.metric]
        feature = FEATURE[quantile.bins]
        old, new = numbers(reference.sample, feature), numbers(sample, feature)
        edges, factor = BINS[quantile.bins], reference.factor(feature)
        found = judge_shift(edges, quantile.q, old, new, parameters, factor)
        if not self.alarm.take(bad=found is not None and found.risen) or found is None:
            return None
        # Cost follows what is asked; latency has causes of its own.
        moved = [Cause(DRIFT, "")] if feature == "cost" else []
        evidence = rate_evidence(rule.metric, 0, 0, found.before / quantile.unit) | {
            "observed": found.now / quantile.unit,
            "n": found.n,
            "interval_low": None,
            "interval_high": None,
            "statistic": found.z,
            "limit": found.needed,
            "window_start": sample.start_ms,
            "window_end": window[1],
        }
        return Finding(
            scope=scope,
            active=self.alarm.on,
            causes=grown(reference.sample.versions, sample.versions) or moved,
            evidence=evidence,
            parameters={"reference_version": reference.label},
        )
