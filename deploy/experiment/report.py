"""What the experiment found, for people: a table, a plot of accuracy over time, and the changes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from deploy.experiment.score import WEEK, Score
from deploy.experiment.world import CHANGES

_HEIGHT: Final = 14
_MARKS: Final = "·○●◆▲■"
_COLUMNS: Final = (
    ("decay", "decay %"),
    ("mean_loss", "mean loss %"),
    ("start", "accuracy at start"),
    ("end", "accuracy at end"),
    ("repaired", "repaired"),
    ("repair_days", "days to repair"),
    ("actions", "actions"),
)


def table(told: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return the figures of each team."""
    made = Table(title="what was lost; decay: from the first month to the last")
    made.add_column("team")
    for _, title in _COLUMNS:
        made.add_column(title, justify="right")
    for name, figures in told.items():
        made.add_row(name, *(str(figures[key]) for key, _ in _COLUMNS))
    return made


def repairs_table(scores: Mapping[str, Score]) -> Table:
    """Return, for each change of the world, after how many days each team had mended it."""
    made = Table(title="days until a changed subject was answered well again")
    for title in ("day", "change", "subject", *scores):
        made.add_column(title, justify="left" if title in ("change", "subject") else "right")
    length = max(len(score.total) for score in scores.values())
    for change in (change for change in CHANGES if change.day < length):
        took = [score.repair_days(change) for score in scores.values()]
        shown = ["never" if days is None else str(days) for days in took]
        made.add_row(str(change.day), change.kind, change.subject, *shown)
    return made


def plot(scores: Mapping[str, Score]) -> str:
    """Return accuracy by week as lines of text: one column a week, one mark a team."""
    weekly = {name: weeks(score) for name, score in scores.items()}
    low = min(min(values) for values in weekly.values())
    high = max(max(values) for values in weekly.values())
    step = max(high - low, 1e-9) / (_HEIGHT - 1)
    width = max(len(values) for values in weekly.values())
    grid = [[" "] * width for _ in range(_HEIGHT)]
    for mark, values in zip(_MARKS, weekly.values(), strict=False):
        for week, value in enumerate(values):
            grid[_HEIGHT - 1 - round((value - low) / step)][week] = mark
    lines = [f"{high - row * step:6.1%} │{' '.join(cells)}" for row, cells in enumerate(grid)]
    legend = "   ".join(f"{mark} {name}" for mark, name in zip(_MARKS, weekly, strict=False))
    return "\n".join([*lines, f"       └{'─' * (2 * width)} weeks", f"        {legend}"])


def weeks(score: Score) -> Sequence[float]:
    """Return the accuracy of each whole week."""
    days = len(score.total)
    return [score.accuracy(slice(d, d + WEEK)) for d in range(0, max(days - WEEK + 1, 1), WEEK)]


def csv(scores: Mapping[str, Score]) -> str:
    """Return accuracy by day and team as CSV."""
    lines = [",".join(("day", *scores))]
    length = max(len(score.total) for score in scores.values())
    for day in range(length):
        values = (f"{score.accuracy(slice(day, day + 1)):.4f}" for score in scores.values())
        lines.append(",".join((str(day), *values)))
    return "\n".join(lines) + "\n"


def show(
    console: Console, scores: Mapping[str, Score], told: Mapping[str, Mapping[str, Any]]
) -> None:
    """Print it all."""
    console.print(plot(scores), markup=False)
    console.print(repairs_table(scores))
    console.print(table(told))
