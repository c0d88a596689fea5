"""What the samples of one rule and product are compared with: three kinds of reference.

- Its own: the product's first sample. When the mix of versions has changed and settled, the next
  one is taken: what moved with a version is that version's doing, said once, and later moves are
  measured within the new version.
- A named one (`reference: march`): as it was taken, until another is named or made. A new version
  of it counts from the next sample on.
- A sliding one (`reference: {sliding_days: 7}`): the samples of the days before.
"""

from typing import Final

import msgspec

from stream_jobs.act.evidence import GREW
from stream_jobs.act.rules import Rule
from stream_jobs.decide.references import References, merged
from stream_jobs.decide.sample import Counts, Reference, Sample
from stream_jobs.detect.dispersion import Dispersion

DAY_MS: Final = 86_400_000
BLOCKS: Final = 10
"""A sample is at least so many windows, and a reference is measured in so many blocks."""


class Baseline(msgspec.Struct, array_like=True):
    """State."""

    own: Reference | None = None
    mix: Counts = {}  # versions of the sample before
    version: int = 0  # of the own reference
    days: list[Sample] = []  # of the sliding one, oldest first
    named: str = ""  # the version that the current sample will be compared with
    block: Sample = msgspec.field(default_factory=Sample)
    before: Sample = msgspec.field(default_factory=Sample)  # the block before
    dispersion: dict[str, Dispersion] = {}

    def begin(self, rule: Rule, scope: dict[str, str], known: References) -> None:
        """Choose the version of a named reference when a sample begins."""
        if rule.reference:
            self.named = known.newest(rule.reference, scope)

    def of(
        self, rule: Rule, scope: dict[str, str], known: References, start_ms: int, sample: int
    ) -> Reference | None:
        """Return the reference of the sample that began at `start_ms`; None if there is none."""
        if rule.reference:
            return known.find(self.named, scope)
        if not rule.sliding_days:
            return self.own
        span_ms = round(rule.sliding_days * DAY_MS)
        self.days = [day for day in self.days if day.start_ms >= start_ms - span_ms]
        total = merged([Reference(day) for day in self.days], f"{rule.sliding_days:g} days")
        total.dispersion = self.dispersion
        return total if total.sample.n >= sample else None

    def keep(self, rule: Rule, sample: Sample) -> None:
        """Remember a sample that has been judged, or that is the first."""
        if rule.reference:
            return
        if rule.sliding_days:
            self._slide(sample)
        elif self.own is None or (
            moved(self.own.sample.versions, sample.versions)
            and not moved(self.mix, sample.versions)
        ):
            self.version += 1
            self.own = Reference(sample, self.dispersion, str(self.version))
        self.mix = sample.versions

    def _slide(self, sample: Sample) -> None:
        """Add a sample to its day, so that there are few to keep."""
        if self.days and self.days[-1].start_ms // DAY_MS == sample.start_ms // DAY_MS:
            self.days[-1].merge(sample)
        else:
            self.days = [*self.days, sample]

    def pace(self, rule: Rule, part: Sample, sample: int) -> None:
        """Take a window: while the first reference is learnt, measure how much blocks vary."""
        if rule.reference or self.own is not None or self.days:
            self.block = self.before = Sample()
            return
        self.block.merge(part)
        if self.block.n * BLOCKS < sample:
            return
        if self.before.n:
            for feature, counts in self.block.features.items():
                self.dispersion.setdefault(feature, Dispersion()).feed(
                    self.before.features.get(feature, {}), counts
                )
        self.before, self.block = self.block, Sample()


def shares(versions: Counts) -> dict[str, float]:
    """Return each version's part of the traffic."""
    total = max(1, sum(versions.values()))
    return {version: count / total for version, count in versions.items()}


def moved(old: Counts, new: Counts) -> bool:
    """Whether more of the traffic than GREW went from some versions to others."""
    before, now = shares(old), shares(new)
    names = before.keys() | now.keys()
    return sum(abs(before.get(v, 0.0) - now.get(v, 0.0)) for v in sorted(names)) / 2 > GREW
