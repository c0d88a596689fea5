"""A drift rule in one product: samples of inferences against a frozen, versioned reference.

The reference is the product's first sample. Bins are frozen with it. When the mix of versions has
changed and settled, the next reference is taken: what moved with a version is that version's doing,
said once, and later moves are measured within the new version.
"""

from typing import Any, Final

import msgspec

from stream_jobs.act.episodes import Finding
from stream_jobs.act.evidence import DRIFT, GREW, Cause
from stream_jobs.act.rules import Rule
from stream_jobs.detect.binning import cuts, frequent, grouped, named
from stream_jobs.detect.drift import DriftParameters, Verdict, judge
from stream_jobs.window.sums import Sums
from stream_jobs.window.windows import WindowKey

BINS: Final = {
    "input_tokens": "input_bins",
    "output_tokens": "output_bins",
    "latency_ms": "latency_bins",
}
CALM: Final = 2
"""Samples without drift before the trouble counts as over."""


class Sample(msgspec.Struct, array_like=True):
    """Counts of one sample: inferences by version, and each feature's counts by bin or name."""

    n: int = 0
    versions: dict[str, int] = {}
    features: dict[str, dict[str, int]] = {}
    start_ms: int = 0

    def add(self, start: int, features: tuple[str, ...], versions: dict[WindowKey, Sums]) -> None:
        """Add a window."""
        self.start_ms = self.start_ms or start
        for key, sums in sorted(versions.items()):
            self.n += sums.inferences
            if sums.inferences:
                _add(
                    self.versions, {f"{key.model_version}\x1f{key.prompt_version}": sums.inferences}
                )
            for feature in features:
                _add(self.features.setdefault(feature, {}), _counts(feature, sums))


def _add(counts: dict[str, int], more: dict[str, int]) -> None:
    for name, count in more.items():
        counts[name] = counts.get(name, 0) + count


def _counts(feature: str, sums: Sums) -> dict[str, int]:
    if feature in BINS:
        bins: dict[int, int] = getattr(sums, BINS[feature])
        return {str(i): count for i, count in bins.items()}
    if feature == "status":
        bad = {"error": sums.errors, "refused": sums.refusals, "timeout": sums.timeouts}
        return {"ok": sums.inferences - sum(bad.values()), **bad}
    counts: dict[str, int] = sums.docs if feature == "docs" else sums.languages
    return counts


class DriftWatch(msgspec.Struct, array_like=True):
    """State of one rule and product; `version` counts the references."""

    reference: Sample | None = None
    current: Sample = msgspec.field(default_factory=Sample)
    mix: dict[str, int] = {}  # versions of the sample before
    version: int = 0
    alarmed: bool = False
    calm: int = 0

    def feed(
        self,
        rule: Rule,
        scope: dict[str, str],
        window: tuple[int, int],
        versions: dict[WindowKey, Sums],
    ) -> Finding | None:
        """Take a window (start, end); return a finding when a sample is complete, if it says so."""
        parameters = rule.condition
        assert isinstance(parameters, DriftParameters)
        self.current.add(window[0], rule.features, versions)
        if self.current.n < parameters.sample:
            return None
        sample, self.current = self.current, Sample()
        if self.reference is None:
            self._freeze(sample)
            return None
        finding = self._compare(rule, scope, window, sample, parameters)
        if _moved(self.reference.versions, sample.versions) and not _moved(
            self.mix, sample.versions
        ):
            self._freeze(sample)
        self.mix = sample.versions
        return finding

    def _freeze(self, sample: Sample) -> None:
        self.reference, self.mix, self.version = sample, sample.versions, self.version + 1

    def _compare(
        self,
        rule: Rule,
        scope: dict[str, str],
        window: tuple[int, int],
        sample: Sample,
        parameters: DriftParameters,
    ) -> Finding | None:
        assert self.reference is not None
        verdicts = {
            feature: _verdict(feature, self.reference, sample, parameters)
            for feature in rule.features
        }
        drifted = any(verdict.drifted for verdict in verdicts.values())
        was = self.alarmed
        self.calm = 0 if drifted else self.calm + 1
        self.alarmed = drifted or (was and self.calm < CALM)
        if not (was or self.alarmed):
            return None
        return Finding(
            scope=scope,
            active=self.alarmed,
            # Outputs follow inputs: without a version to blame, a product's drift is one cause.
            causes=_grown(self.reference.versions, sample.versions) or [Cause(DRIFT, "")],
            evidence=_evidence(verdicts, sample, window),
            parameters={"reference_version": str(self.version)},
        )


def _verdict(feature: str, old: Sample, new: Sample, parameters: DriftParameters) -> Verdict:
    before, now = old.features.get(feature, {}), new.features.get(feature, {})
    if feature in BINS:
        size = 1 + max(map(int, (*before, *now, "0")))
        wide = [before.get(str(i), 0) for i in range(size)]
        at = cuts(wide)
        grouped_now = grouped([now.get(str(i), 0) for i in range(size)], at)
        return judge(grouped(wide, at), grouped_now, parameters)
    names = frequent(before)
    reference, current = named(before, names), named(now, names)
    # Several documents of one inference are no independent sample: count inferences.
    return judge(_scaled(reference, old.n), _scaled(current, new.n), parameters)


def _scaled(counts: dict[str, int], n: int) -> dict[str, int]:
    total = sum(counts.values())
    if total <= n:
        return counts
    return {name: round(count * n / total) for name, count in counts.items()}


def _shares(versions: dict[str, int]) -> dict[str, float]:
    total = max(1, sum(versions.values()))
    return {version: count / total for version, count in versions.items()}


def _moved(old: dict[str, int], new: dict[str, int]) -> bool:
    """Whether more of the traffic than GREW went from some versions to others."""
    before, now = _shares(old), _shares(new)
    names = before.keys() | now.keys()
    return sum(abs(before.get(v, 0.0) - now.get(v, 0.0)) for v in sorted(names)) / 2 > GREW


def _grown(old: dict[str, int], new: dict[str, int]) -> list[Cause]:
    """Return the versions whose part of the traffic grew by more than GREW."""
    causes: list[Cause] = []
    for index, dimension in enumerate(("model_version", "prompt_version")):
        before, now = (_shares(_by(index, versions)) for versions in (old, new))
        grown = {v: share - before.get(v, 0.0) for v, share in now.items() if v}
        causes += [Cause(dimension, v) for v in sorted(grown) if grown[v] > GREW]
    return causes


def _by(index: int, versions: dict[str, int]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for version, count in versions.items():
        _add(counts, {version.split("\x1f")[index]: count})
    return counts


def _evidence(verdicts: dict[str, Verdict], new: Sample, window: tuple[int, int]) -> dict[str, Any]:
    worst = max(
        sorted(verdicts), key=lambda feature: verdicts[feature].psi - verdicts[feature].limit
    )
    total = sum(verdict.psi for verdict in verdicts.values())
    return {
        "metric": f"drift.{worst}",
        "observed": verdicts[worst].psi,
        "baseline": None,
        "n": new.n,
        "interval_low": None,
        "interval_high": None,
        "statistic": verdicts[worst].psi,
        "limit": verdicts[worst].limit,
        "window_start": new.start_ms,
        "window_end": window[1],
        "contributions": [
            {
                "dimension": feature,
                "value": "psi",
                "observed": verdict.psi,
                "baseline": verdict.limit,
                "n": new.n,
                "share": verdict.psi / total if total else 0.0,
            }
            for feature, verdict in sorted(verdicts.items(), key=lambda item: -item[1].psi)
        ],
    }
