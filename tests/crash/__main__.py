"""python -m tests.crash: the loop under faults, for as long as you like (tests/crash/README.md)."""

import secrets
import shutil
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from tests.crash.faults import FAULTS, QUICK
from tests.crash.faults.fault import Fault
from tests.crash.loop import COPIES, end_when_told
from tests.crash.scenario import Outcome, Plan, play
from tests.crash.table import print_outcome

LONG_S = 1_800.0
SHORT_S = 20.0
RATE = 2_000.0
SHORT_RATE = 300.0
ROUND_S = 300.0
"""A round has a stack of its own, so that data doesn't pile up and a failure is small."""


def main(
    seed: Annotated[
        int | None, typer.Option(help="Of traffic and faults; drawn if not given.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=10, help="Of load, all rounds together.")
    ] = None,
    short: Annotated[bool, typer.Option("--short", help="The form that `make test` runs.")] = False,
    round_seconds: Annotated[float, typer.Option(min=10, help="Of load in a round.")] = ROUND_S,
    rate: Annotated[
        float | None,
        typer.Option(min=10, help=f"Events a second; {RATE:.0f}, short {SHORT_RATE:.0f}."),
    ] = None,
    faults: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES", help=f"Of {', '.join(FAULTS)}; or none. All; short: quick ones."
        ),
    ] = None,
    lanes: Annotated[int, typer.Option(min=1, help="Faults at the same time.")] = 2,
    copies: Annotated[int, typer.Option(min=1, help="How many of each worker.")] = COPIES,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the data of a failed round.")] = False,
    data: Annotated[Path | None, typer.Option(help="Where; else a folder under /tmp.")] = None,
) -> None:
    """Run the loop under faults; hold what is left against the truth: exit code 1 if it differs."""
    first = secrets.randbelow(1_000_000) if seed is None else seed
    total = seconds or (SHORT_S if short else LONG_S)
    rate = rate or (SHORT_RATE if short else RATE)
    names = faults or ",".join(fault.name for fault in (QUICK if short else FAULTS.values()))
    chosen = _chosen(names)
    rounds = max(1, round(total / round_seconds))
    print(
        f"seed {first}: {rounds} rounds of {total / rounds:.0f} s at {rate:,.0f} events/s, "
        f"faults {', '.join(fault.name for fault in chosen) or 'none'}"
    )
    end_when_told()
    root = data or Path(tempfile.mkdtemp(prefix="feedloop-crash-"))
    outcomes: list[Outcome] = []
    for number in range(rounds):
        plan = Plan(first + number, total / rounds, rate, chosen, lanes, copies)
        outcomes.append(_round(plan, root / f"round-{number + 1}", number + 1, keep=keep))
    if not any(root.iterdir()):
        root.rmdir()
    print_outcome(outcomes)
    print(
        f"\nagain: python -m tests.crash --seed {first} --seconds {total:.0f} --rate {rate:.0f} "
        f"--round-seconds {round_seconds:.0f} --lanes {lanes} --faults {names}"
    )
    raise typer.Exit(0 if all(outcome.good for outcome in outcomes) else 1)


def _round(plan: Plan, folder: Path, number: int, *, keep: bool) -> Outcome:
    begun = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - begun:6.1f}  {line}", flush=True)

    print(f"\nround {number}, seed {plan.seed}", flush=True)
    folder.mkdir(parents=True)
    good = False
    try:
        outcome = play(plan, folder, say)
        good = outcome.good
        say("every promise kept" if good else f"{len(outcome.broken)} facts differ, see below")
        return outcome
    finally:
        if good or not keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"its data stays in {folder}")


def _chosen(names: str) -> list[Fault]:
    wanted = [name.strip() for name in names.split(",") if name.strip() not in ("", "none")]
    unknown = [name for name in wanted if name not in FAULTS]
    if unknown:
        raise typer.BadParameter(f"no fault {unknown[0]!r}; there are {', '.join(FAULTS)}")
    return [FAULTS[name] for name in wanted]


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()
