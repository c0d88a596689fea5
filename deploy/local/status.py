"""What a stack is doing: its state file, checked against the processes and asked of the broker."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from deploy.lag import dead_letters, lags
from deploy.local import state
from deploy.local.part import health
from deploy.local.ports import accepts
from deploy.local.process import alive
from deploy.local.stack import SERVERS, worker_of
from deploy.local.state import PartState, StackState
from schemas.errors import ConfigError, RetriableError
from schemas.settings import Settings, load_settings
from schemas.topics import WORKERS

ORDER: Final = (*SERVERS, *WORKERS)
Answer = TypeVar("Answer")
_UNSEEN: Final = ("running", "starting")  # states that a dead process can't be in


def require(data: Path) -> StackState:
    """Return the state of the stack in `data`; raises ConfigError if there is none."""
    stack = state.read(data)
    if stack is None or not stack.overrides:
        raise ConfigError(
            f"no stack in {data}: start one with `feedloop up --detach --data {data}`"
            + (f" (the last start said: {stack.message})" if stack and stack.message else "")
        )
    return stack


def status(stack: StackState) -> dict[str, Any]:
    """Return addresses, parts, lags and dead letters; what nobody answers is None."""
    settings = load_settings({}, overrides=stack.overrides)
    with ThreadPoolExecutor(len(stack.parts) + 2) as pool:
        lag = pool.submit(_lags, stack, settings)
        letters = pool.submit(_dead_letters, stack, settings)
        parts = list(pool.map(_part, sorted(stack.parts, key=_place)))
        found = lag.result()
        return {
            "kafka": {"bootstrap": settings.kafka.bootstrap},
            "registry": {"url": settings.registry.url},
            "clickhouse": {"host": settings.clickhouse.host, "port": settings.clickhouse.port},
            "parquet": {"path": settings.parquet.path},
            "parts": [{**part, "lag": found.get(worker_of(part["name"]) or "")} for part in parts],
            "dead_letters": letters.result(),
        }


def _place(part: PartState) -> tuple[int, str]:
    name = worker_of(part.name) or part.name
    return ORDER.index(name) if name in ORDER else len(ORDER), part.name


def supervised(stack: StackState) -> bool:
    """Whether something starts the parts again when they die."""
    return alive(stack.supervisor)


def _lags(stack: StackState, settings: Settings) -> Mapping[str, int]:
    running = {worker_of(part.name) for part in stack.parts}
    workers = [name for name in WORKERS if name in running]
    return _ask(stack, lambda: lags(settings, workers)) or {}


def _dead_letters(stack: StackState, settings: Settings) -> int | None:
    return _ask(stack, lambda: dead_letters(settings))


def _ask(stack: StackState, question: Callable[[], Answer]) -> Answer | None:
    if not accepts(stack.ports["kafka"]):
        return None
    try:
        return question()
    except RetriableError:  # it went away meanwhile
        return None


def _part(part: PartState) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "name": part.name,
        "pid": part.process.pid if part.process else None,
        "state": part.state,
        "restarts": part.restarts,
        "commit_age_s": None,
        "message": part.message,
    }
    if part.state in _UNSEEN and not alive(part.process):
        shown.update(state="stopped", pid=None)
    elif part.health_port and part.state in _UNSEEN:
        shown.update(_told(part.state, health(part.health_port)))
    return shown


def _told(state: str, report: dict[str, Any] | None) -> dict[str, Any]:
    """Return what a worker's health adds: its own state, or `stuck` or `silent` if it is unwell."""
    if report is None:
        silent = {"state": "silent", "message": "doesn't answer /health"}
        return silent if state == "running" else {}
    if state == "starting" and report["state"] != "waiting":
        return {}
    age, detail = report["commit_age_s"], str(report.get("detail") or "")
    told = {"state": report["state"], "commit_age_s": age, "message": detail}
    if report["state"] in ("running", "waiting") and not report["healthy"]:
        told["state"] = "stuck"
        told["message"] = (
            f"lives, but {report['lag']} records wait and the last commit was {age:.0f} s "
            f"ago. {detail}"
        ).strip()
    if "redactions" in report:  # by type, since the process started
        told["redactions"] = report["redactions"]
    return told
