"""feedloop up: start the local stack and wait until every part answers."""

import signal
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from deploy.context import DEFAULT_DATA, DataDir
from deploy.local import state
from deploy.local.java import find_java
from deploy.local.launch import Plan, halt, start
from deploy.local.layout import Layout
from deploy.local.maven import fetch_jars
from deploy.local.narrate import Narrator
from deploy.local.stack import cache_of, copies_of
from deploy.local.status import require, status
from deploy.local.status_table import print_status
from schemas.errors import ConfigError
from schemas.settings import load_settings
from schemas.topics import INPUTS, WORKERS

_LOOK_S: Final = 0.5

EVERY: Final = ",".join(INPUTS)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("up")(run)


def run(
    data: DataDir = DEFAULT_DATA,
    detach: Annotated[
        bool, typer.Option("--detach", help="Leave it running in the background.")
    ] = False,
    kafka_port: Annotated[int | None, typer.Option(min=1, max=65535)] = None,
    registry_port: Annotated[int | None, typer.Option(min=1, max=65535)] = None,
    clickhouse_port: Annotated[int | None, typer.Option(min=1, max=65535)] = None,
    workers: Annotated[
        str, typer.Option(help="Stages and sinks to run, or none: redact,join,…", metavar="NAMES")
    ] = EVERY,
    copies: Annotated[
        int, typer.Option(min=1, max=32, help="How many of each worker; they share the partitions.")
    ] = 1,
) -> None:
    """Start Kafka, the schema registry, ClickHouse and every stage and sink on this machine.

    Waits until each really answers. Ports are free ones at the first start and the same again
    later. What dies is started again. Run it on a running stack: it says so and retries what has
    failed. Without --detach it stays, shows what happens, and stops everything at Ctrl-C.
    """
    given = {"kafka": kafka_port, "registry": registry_port, "clickhouse": clickhouse_port}
    plan = Plan(
        ports={name: port for name, port in given.items() if port},
        workers=[part for name in _names(workers) for part in copies_of(name, copies)],
        follow_parent=not detach,
    )
    layout = Layout(data.absolute())
    narrator = Narrator()
    layout.prepare()
    find_java()
    fetch_jars(cache_of(load_settings()), narrator.say)
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))  # ends as Ctrl-C does
    try:
        fresh = start(layout, plan, narrator.watch)
        _show(data, narrator, fresh)
        if fresh and not detach:
            _stay(layout, narrator)
    except KeyboardInterrupt:
        narrator.say("stopping")
        halt(layout)
        narrator.say("stopped")
        raise


def _names(workers: str) -> tuple[str, ...]:
    chosen = [name.strip() for name in workers.split(",") if name.strip() not in ("", "none")]
    unknown = [name for name in chosen if name not in WORKERS]
    if unknown:
        raise ConfigError(f"no worker {unknown[0]!r}; there are {', '.join(WORKERS)}, or none")
    if workers == EVERY and load_settings().webhook.url:
        chosen.append("webhook")
    return tuple(name for name in WORKERS if name in chosen)


def _show(data: Path, narrator: Narrator, fresh: bool) -> None:
    told: dict[str, Any] = status(require(data))
    narrator.say("the stack is up" if fresh else f"the stack in {data} is up already")
    print_status(told)


def _stay(layout: Layout, narrator: Narrator) -> None:
    narrator.say("Ctrl-C stops everything")
    while True:
        stack = state.read(layout.data)
        if stack is None or stack.phase == "stopped":
            narrator.say("stopped by another command")
            return
        narrator.watch(stack)
        time.sleep(_LOOK_S)
