"""The team that reads: once a week a sample of conversations, then they mend what they found; pure.

They are given more than the loop: they see at once whether an answer is right, and what must be
mended. What they don't have is time: they read SAMPLE conversations a week.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from deploy.experiment.people import Asked
from deploy.experiment.product import LEAST_EXAMPLES, Product
from deploy.experiment.world import Subject, World, fact

SAMPLE: Final = 30
SUSPICIOUS: Final = 2
"""So many wrong answers about one thing within three weeks' samples, and they look into it."""
MENDING_DAYS: Final = 7
WEEKS: Final = 3


@dataclass
class Humans:
    """The reviewers of one product."""

    world: World
    findings: list[Counter[str]] = field(default_factory=list)
    planned: list[tuple[int, Subject]] = field(default_factory=list)

    def review(self, sample: Sequence[Asked], day: int) -> None:
        """Read `sample`; plan to mend what was wrong more than once."""
        wrong = [asked.subject for asked in sample if not asked.right]
        self.findings = [*self.findings, Counter(s.name for s in wrong)][-WEEKS:]
        total = sum(self.findings, Counter[str]())
        for subject in {s.name: s for s in wrong}.values():
            if total[subject.name] >= SUSPICIOUS:
                self.planned.append((day + MENDING_DAYS, subject))
                for counts in self.findings:
                    del counts[subject.name]

    def mend(self, product: Product, day: int) -> Product:
        """Return the product with what was planned until `day`."""
        due = [subject for at, subject in self.planned if at <= day]
        self.planned = [(at, subject) for at, subject in self.planned if at > day]
        for subject in due:
            product = _mended(product, subject, self.world, day)
        return product


def sample_of(answers: Iterable[Asked], seed: str) -> list[Asked]:
    """Return SAMPLE conversations drawn at random."""
    known = list(answers)
    return Random(seed).sample(known, min(SAMPLE, len(known)))


def _mended(product: Product, subject: Subject, world: World, day: int) -> Product:
    match subject.source:
        case "document":
            return product.indexed([subject.doc_id], world, day)
        case "prompt":
            return product.told([f"Mind: {fact(subject, world.edition(subject, day))}."])
        case "model":
            return product.trained_on([subject.things[0]] * LEAST_EXAMPLES)
