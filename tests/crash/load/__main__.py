"""python -m tests.crash.load WHAT: soak, pressure, restart or recover (tests/crash/README.md)."""

import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from deploy.tables import print_table
from tests.crash.load import pressure as _pressure
from tests.crash.load import restart as _restart
from tests.crash.load import soak as _soak
from tests.crash.loop import ENVIRON, Loop, end_when_told

Table = tuple[Sequence[tuple[object, ...]], bool]
LIVE: Final[Mapping[str, str]] = {}
"""What is sent is dated now, so all settings are the defaults."""
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
Seed = Annotated[int | None, typer.Option(help="Of the traffic; drawn if not given.")]
Seconds = Annotated[float, typer.Option(min=10, help="Of load.")]
Rate = Annotated[float, typer.Option(min=10, help="Events a second.")]


@app.command()
def soak(seconds: Seconds = 1_800, rate: Rate = 1_000, seed: Seed = None, copies: int = 1) -> None:
    """Steady load: nothing grows."""
    chosen = _seed(seed)
    _run(_soak.COLUMNS, copies, lambda loop, say: _soak.soak(loop, chosen, seconds, rate, say))


@app.command()
def pressure(seconds: Seconds = 120, rate: Rate = 20_000, seed: Seed = None) -> None:
    """More than the stages can do: memory stays bounded, nothing is lost, the lag drains."""
    chosen = _seed(seed)
    _run(
        _pressure.COLUMNS, 1, lambda loop, say: _pressure.pressure(loop, chosen, seconds, rate, say)
    )


@app.command()
def restart(inferences: int = 200_000, times: int = 4) -> None:
    """The join is killed with a full buffer: how long until it works again."""
    columns = ("signal", "dead, s", "started, s", "works again, s")
    _run(columns, 1, lambda loop, say: _restart.restart(loop, inferences, times, say), LIVE)


@app.command()
def recover() -> None:
    """Each worker is killed: how long until rows can be queried in time again."""
    columns = ("killed", "p99 before, s", "p99 at the kill, s", "in time again after, s")
    _run(columns, 1, _restart.recover, LIVE)


def _seed(seed: int | None) -> int:
    chosen = secrets.randbelow(1_000_000) if seed is None else seed
    print(f"seed {chosen}")
    return chosen


def _run(
    columns: Sequence[str],
    copies: int,
    measure: Callable[[Loop, Callable[[str], None]], Table],
    environ: Mapping[str, str] = ENVIRON,
) -> None:
    begun = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - begun:6.1f}  {line}", flush=True)

    end_when_told()
    data = Path(tempfile.mkdtemp(prefix="feedloop-load-"))
    loop = Loop(data, environ)
    try:
        loop.start(copies, say)
        rows, good = measure(loop, say)
    finally:
        loop.stop()
        shutil.rmtree(data, ignore_errors=True)
    print()
    print_table(columns, rows, whole=columns)
    raise typer.Exit(0 if good else 1)


if __name__ == "__main__":
    app()
