"""Exact-span scores by type: a find counts if start, end and type are those of the truth."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Gold(NamedTuple):
    """A span: where it is and of which type."""

    start: int
    end: int
    type: str


@dataclass(frozen=True)
class Score:
    """Counts of one type; the figures follow from them. Without any truth or find they are 1."""

    true: int  # spans in the truth
    found: int
    right: int  # found, and in the truth

    @property
    def precision(self) -> float:
        """The share of finds that are right."""
        return self.right / self.found if self.found else float(not self.true)

    @property
    def recall(self) -> float:
        """The share of the truth that was found."""
        return self.right / self.true if self.true else float(not self.found)

    def f(self, beta: float = 1.0) -> float:
        """Return F-beta: recall weighs `beta` times as much as precision (van Rijsbergen 1979)."""
        weight = beta * beta
        below = weight * self.true + self.found
        return (1 + weight) * self.right / below if below else 1.0

    def __add__(self, other: "Score") -> "Score":
        return Score(self.true + other.true, self.found + other.found, self.right + other.right)


def by_type(truth: Iterable[Sequence[Gold]], found: Iterable[Sequence[Gold]]) -> dict[str, Score]:
    """Return the score of every type that is in either; both give one sequence a text."""
    true_counts: Counter[str] = Counter()
    found_counts: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for wanted, got in zip(truth, found, strict=True):
        true_counts.update(span.type for span in set(wanted))
        found_counts.update(span.type for span in set(got))
        right.update(span.type for span in set(wanted) & set(got))
    return {
        kind: Score(true_counts[kind], found_counts[kind], right[kind])
        for kind in sorted({*true_counts, *found_counts})
    }


def total(scores: Mapping[str, Score]) -> Score:
    """Return the score over all types (micro average)."""
    return sum(scores.values(), Score(0, 0, 0))


def touched(truth: Iterable[Sequence[Gold]], found: Iterable[Sequence[Gold]]) -> float:
    """Return leak recall: the share of true spans that any find, of any type, touches."""
    hits = count = 0
    for wanted, got in zip(truth, found, strict=True):
        for span in wanted:
            count += 1
            hits += any(one.start < span.end and span.start < one.end for one in got)
    return hits / count if count else 1.0
