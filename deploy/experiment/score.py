"""How well each team's product did: accuracy by day, what was lost, how long repairs took; pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from deploy.experiment.people import Asked
from deploy.experiment.world import CHANGES, Change

BEFORE: Final = 28
"""Days that nothing changes: the accuracy that can be lost."""
MONTH: Final = 30
"""The last days: the accuracy that is left."""
REPAIRED: Final = 0.8
"""A subject is repaired when so many of its answers are right again, over a week."""
WEEK: Final = 7


@dataclass
class Score:
    """One team's days."""

    right: list[int] = field(default_factory=list)
    total: list[int] = field(default_factory=list)
    subjects: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, answers: Iterable[Asked]) -> None:
        """Add the next day."""
        counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for asked in answers:
            counts[asked.subject.name][0] += asked.right
            counts[asked.subject.name][1] += 1
        self.right.append(sum(right for right, _ in counts.values()))
        self.total.append(sum(total for _, total in counts.values()))
        for name in {change.subject for change in CHANGES}:
            right, total = counts.get(name, (0, 0))
            self.subjects[name].append((right, total))

    def accuracy(self, days: slice) -> float:
        """Return the share of right answers in these days."""
        return sum(self.right[days]) / max(sum(self.total[days]), 1)

    @property
    def start(self) -> float:
        """Return the accuracy before anything changed."""
        return self.accuracy(slice(0, BEFORE))

    @property
    def end(self) -> float:
        """Return the accuracy of the last month."""
        return self.accuracy(slice(-MONTH, None))

    @property
    def decay(self) -> float:
        """Return how many percent of the accuracy at the start were lost by the last month."""
        return 100 * (self.start - self.end) / self.start

    @property
    def mean_loss(self) -> float:
        """Return how many percent of the accuracy at the start were lost on average since then."""
        return 100 * (self.start - self.accuracy(slice(BEFORE, None))) / self.start

    def repair_days(self, change: Change) -> int | None:
        """Return after how many days the changed subject was answered well again; None if never.

        Judged by the week that begins on that day.
        """
        days = self.subjects[change.subject]
        for day in range(change.day, len(days)):
            week = days[day : day + WEEK]
            total = sum(count for _, count in week)
            if total and sum(right for right, _ in week) / total >= REPAIRED:
                return day - change.day
        return None


def repairs(score: Score, changes: Sequence[Change]) -> tuple[int, float]:
    """Return how many of `changes` were repaired, and the mean days it took.

    A change that was never repaired counts with the days until the end.
    """
    length = len(score.total)
    took = {c: score.repair_days(c) for c in changes if c.day < length}
    days = [length - c.day if found is None else found for c, found in took.items()]
    done = sum(found is not None for found in took.values())
    return done, sum(days) / max(len(days), 1)


def summary(
    scores: Mapping[str, Score], actions: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, object]]:
    """Return the figures of each team, ready for JSON. `actions`: {team: {kind: opened}}."""
    told = {}
    for name, score in scores.items():
        repaired, days = repairs(score, CHANGES)
        told[name] = {
            "decay": round(score.decay, 2),
            "mean_loss": round(score.mean_loss, 2),
            "start": round(score.start, 4),
            "end": round(score.end, 4),
            "repaired": repaired,
            "repair_days": round(days, 1),
            "actions": sum(actions.get(name, {}).values()),
            "actions_by_kind": dict(sorted(actions.get(name, {}).items())),
        }
    return told
