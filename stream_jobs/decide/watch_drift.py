"""A drift rule in one product: samples of inferences against a reference (see `Baseline`)."""

from typing import Any, Final

import msgspec

from stream_jobs.act.episodes import Finding
from stream_jobs.act.evidence import DRIFT, GREW, Cause
from stream_jobs.act.rules import Rule
from stream_jobs.decide.baseline import BLOCKS, Baseline, shares
from stream_jobs.decide.references import References
from stream_jobs.decide.sample import Counts, Reference, Sample, add, bins
from stream_jobs.detect.drift import DriftParameters, Verdict, judge
from stream_jobs.detect.shift import ShiftParameters
from stream_jobs.window.sums import Sums
from stream_jobs.window.windows import WindowKey

CALM: Final = 2
"""Samples without drift before the trouble counts as over."""


class Alarm(msgspec.Struct, array_like=True):
    """Whether samples look bad, and for how many they haven't."""

    on: bool = False
    calm: int = 0

    def take(self, *, bad: bool) -> bool:
        """Take a sample's verdict; whether there is anything to say."""
        was = self.on
        self.calm = 0 if bad else self.calm + 1
        self.on = bad or (was and self.calm < CALM)
        return was or self.on


class Comparing(msgspec.Struct, array_like=True):
    """What every watch that compares samples is made of."""

    baseline: Baseline = msgspec.field(default_factory=Baseline)
    current: Sample = msgspec.field(default_factory=Sample)
    alarm: Alarm = msgspec.field(default_factory=Alarm)

    def gather(
        self,
        rule: Rule,
        scope: dict[str, str],
        start: int,
        versions: dict[WindowKey, Sums],
        features: tuple[str, ...],
        known: References,
    ) -> tuple[Sample, Reference] | None:
        """Add a window; return the sample and its reference once it is complete and has one."""
        assert isinstance(rule.condition, DriftParameters | ShiftParameters)
        part, size = Sample(), rule.condition.sample
        part.add(start, features, versions)
        if not self.current.windows:
            self.baseline.begin(rule, scope, known)
        self.baseline.pace(rule, part, size)
        self.current.merge(part)
        if self.current.n < size or self.current.windows < BLOCKS:
            return None
        sample, self.current = self.current, Sample()
        reference = self.baseline.of(rule, scope, known, sample.start_ms, size)
        self.baseline.keep(rule, sample)
        return None if reference is None else (sample, reference)


class DriftWatch(Comparing, array_like=True):
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
        complete = self.gather(rule, scope, window[0], versions, rule.features, known)
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
        assert isinstance(parameters, DriftParameters)
        verdicts = {
            feature: judge(
                bins(feature, reference.sample, sample), parameters, reference.factor(feature)
            )
            for feature in rule.features
        }
        if not self.alarm.take(bad=any(verdict.drifted for verdict in verdicts.values())):
            return None
        return Finding(
            scope=scope,
            active=self.alarm.on,
            # Outputs follow inputs: without a version to blame, a product's drift is one cause.
            causes=grown(reference.sample.versions, sample.versions) or [Cause(DRIFT, "")],
            evidence=_evidence(verdicts, parameters.distance, sample, window),
            parameters={"reference_version": reference.label},
        )


def grown(old: Counts, new: Counts) -> list[Cause]:
    """Return the versions whose part of the traffic grew by more than GREW."""
    causes: list[Cause] = []
    for index, dimension in enumerate(("model_version", "prompt_version")):
        before, now = (shares(_by(index, versions)) for versions in (old, new))
        risen = {v: share - before.get(v, 0.0) for v, share in now.items() if v}
        causes += [Cause(dimension, v) for v in sorted(risen) if risen[v] > GREW]
    return causes


def _by(index: int, versions: Counts) -> Counts:
    counts: Counts = {}
    for version, count in versions.items():
        add(counts, {version.split("\x1f")[index]: count})
    return counts


def _evidence(
    verdicts: dict[str, Verdict], distance: str, new: Sample, window: tuple[int, int]
) -> dict[str, Any]:
    # Of what drifted the furthest past its limit; if nothing did, of all.
    drifted = [feature for feature in sorted(verdicts) if verdicts[feature].drifted]
    worst = max(
        drifted or sorted(verdicts),
        key=lambda feature: verdicts[feature].value - verdicts[feature].limit,
    )
    found = verdicts[worst]
    total = sum(verdict.value for verdict in verdicts.values())
    return {
        "metric": f"drift.{worst}",
        "observed": found.value,
        "baseline": None,
        "n": new.n,
        "interval_low": found.low,
        "interval_high": found.high,
        "statistic": found.value,
        "limit": found.limit,
        "window_start": new.start_ms,
        "window_end": window[1],
        "contributions": [
            {
                "dimension": feature,
                "value": distance,
                "observed": verdict.value,
                "baseline": verdict.limit,
                "n": verdict.n,
                "share": verdict.value / total if total else 0.0,
            }
            for feature, verdict in sorted(verdicts.items(), key=lambda item: -item[1].value)
        ],
    }
