"""`feedloop worker NAME`: one stage or sink in this process, until SIGTERM."""

import os
import signal
import sys
import threading
import traceback
from typing import Annotated, Final

import typer

from schemas.errors import ConfigError, FatalError, FeedloopError
from schemas.health import Health
from schemas.settings import Settings, load_settings
from schemas.topics import WORKERS

SINKS: Final = ("clickhouse", "parquet", "webhook")
CRASHED: Final = 2  # exit code for: start me again; 1 is for what a person must mend


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("worker", help=f"Run one of {', '.join(WORKERS)} in this process.")(worker)


def worker(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(WORKERS)}.")],
    health_port: Annotated[
        int | None,
        typer.Option(envvar="FEEDLOOP_HEALTH_PORT", help="Serve GET /health on this port."),
    ] = None,
) -> None:
    """Run one stage or sink in this process, until SIGTERM.

    Addresses come from the environment (FEEDLOOP_KAFKA_BOOTSTRAP, …) or feedloop.toml. Any number
    of the same worker may run; they share the partitions. Exit code 0 after SIGTERM, 1 if a person
    must act, 2 after a crash or when another member took over: then start it again.
    """
    if name not in WORKERS:
        raise ConfigError(f"there is no worker {name!r}; known: {', '.join(WORKERS)}")
    health = Health(name)
    if health_port is not None:
        health.serve(health_port, os.environ.get("FEEDLOOP_HEALTH_HOST", "127.0.0.1"))
    settings = load_settings()
    if name in SINKS:
        _run_sink(name, settings, health)
    else:
        from stream_jobs.app import run_stage  # noqa: PLC0415 - Faust only where it is needed

        run_stage(name, settings, health)


def _run_sink(name: str, settings: Settings, health: Health) -> None:
    from sinks.run import run_sink  # noqa: PLC0415 - stores only where they are needed

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        run_sink(name, settings, health, stop)
    except FatalError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, a new process goes on from Kafka
        if isinstance(error, FeedloopError):
            print(f"feedloop: {type(error).__name__}: {error}", file=sys.stderr)
        else:
            traceback.print_exception(error)
        sys.exit(CRASHED)
