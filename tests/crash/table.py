"""The table at the end of a run."""

from collections import Counter
from collections.abc import Sequence

from deploy.tables import print_table
from tests.crash.invariants import summary
from tests.crash.scenario import Outcome

COLUMNS = ("fault", "times", "result")
PARTS = ("part", "restarts", "most memory, MiB")


def print_outcome(outcomes: Sequence[Outcome]) -> None:
    """Print faults, checks, restarts and memory over all rounds, and what was broken."""
    injected: Counter[str] = Counter()
    failed: dict[str, list[str]] = {}
    for outcome in outcomes:
        injected.update(outcome.injected)
        for name, lines in outcome.failed.items():
            failed.setdefault(name, []).extend(lines)
    rows = [
        (name, times, f"{len(failed[name])} failed" if name in failed else "survived")
        for name, times in sorted(injected.items())
    ]
    print()
    print_table(COLUMNS, [*rows, ("all", sum(injected.values()), _result(outcomes))], whole=COLUMNS)
    print()
    print_table(PARTS, _parts(outcomes), whole=PARTS)
    print()
    for name, value in _figures(outcomes):
        print(f"{name}: {value}")
    for name, lines in failed.items():
        for line in lines:
            print(f"\n{name}: {line}")
    for number, outcome in enumerate(outcomes, 1):
        if outcome.broken:
            print(f"\nround {number}, seed {outcome.plan.seed}:\n{summary(outcome.broken)}")


def _result(outcomes: Sequence[Outcome]) -> str:
    count = sum(len(outcome.broken) for outcome in outcomes)
    return f"{count} facts differ" if count else "every promise kept"


def _parts(outcomes: Sequence[Outcome]) -> list[tuple[object, ...]]:
    restarts: Counter[str] = Counter()
    rss: dict[str, float] = {}
    for outcome in outcomes:
        restarts.update(outcome.restarts)
        for name, mb in outcome.rss_mb.items():
            rss[name] = max(rss.get(name, 0.0), mb)
    return [(name, restarts[name], f"{mb:.0f}") for name, mb in sorted(rss.items())]


def _figures(outcomes: Sequence[Outcome]) -> list[tuple[str, str]]:
    rates = ", ".join(f"{outcome.rate:,.0f}" for outcome in outcomes)
    return [
        ("seeds", ", ".join(str(outcome.plan.seed) for outcome in outcomes)),
        ("events sent", f"{sum(outcome.sent for outcome in outcomes):,}"),
        ("events/s, by round", rates),
        ("drained in, longest", f"{max(outcome.drain_s for outcome in outcomes):.0f} s"),
        ("facts compared", f"{sum(outcome.checks for outcome in outcomes):,}"),
    ]
