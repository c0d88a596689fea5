"""The main job, told in a terminal: a stack, a product's traffic, what the loop makes of it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from clickhouse_connect.driver.client import Client
from rich.console import Console

from deploy.demo_look import accepted, look
from deploy.demo_truth import differences
from deploy.demo_view import Picture, View
from deploy.drain import drain
from deploy.flush import send_flush
from deploy.hot_store import ask, connect
from deploy.offsets import Offsets
from deploy.records import read
from producers.bulk import Bulk
from producers.envelope import seal
from producers.playback import paced
from producers.simulate import Traffic, simulate
from producers.world.scenarios import DEFAULT_EVENTS
from schemas.errors import ConfigError, FatalError
from schemas.settings import Settings
from schemas.topics import ACTIONS

SCENARIO: Final = "demo"
DRAIN_S: Final = 90.0
_LOOK_S: Final = 1.0
_TRAFFIC: Final = (
    "SELECT count(), countIf(join_status != 'orphan'), countIf(join_status = 'orphan') FROM signals"
)
_REDACTIONS: Final = "SELECT sum(arraySum(mapValues(redactions))) FROM metrics"
_PROMPTS: Final = (
    "SELECT tenant_id, segment, prompt_version, sum(rated) AS n, sum(negative) "
    "FROM signals_per_minute WHERE prompt_version != '' "
    "GROUP BY tenant_id, segment, prompt_version HAVING n > 0 ORDER BY 1, 2, 3"
)


@dataclass(frozen=True)
class Plan:
    """What to play. `seconds`: how long the traffic is spread over."""

    seed: int = 7
    events: int = DEFAULT_EVENTS
    seconds: float = 75.0


def play(settings: Settings, plan: Plan, console: Console) -> dict[str, Any]:
    """Play the demo on a running, empty stack; return the summary, with `truth_ok`.

    Raises ConfigError if the stack holds records already, FatalError if the stages don't get
    through.
    """
    if accepted(settings):
        raise ConfigError(
            "this stack has traffic of its own, which the demo could not tell from its own: "
            "give an empty folder by --data"
        )
    traffic = traffic_until(plan, time.time_ns() // 1_000_000)
    picture = Picture(plan.events)
    with _watched(settings, picture, View(console, picture)):
        _send(settings, traffic, plan, picture)
        console.print("all sent; deciding what still waits (drain --flush)")
        controls = send_flush(settings)
        drained = drain(Offsets(settings), DRAIN_S)
    if not drained.done:
        raise FatalError(drained.explain())
    found = look(settings, traffic.truth, controls, drained.waiting)
    wrong = differences(found, traffic.truth)
    for line in wrong:
        console.print(f"not as it should be: {line}", style="red", markup=False, soft_wrap=True)
    if not wrong:
        console.print("every figure agrees with what the simulator knows", style="green")
    return found.summary(wrong)


def traffic_until(plan: Plan, end_ms: int) -> Traffic:
    """Return the demo's traffic, its last event dated `end_ms`."""
    dry = simulate(SCENARIO, plan.seed, plan.events, 0)
    last_ms = max(int(event.fields["event_time"]) for event in dry)
    return simulate(SCENARIO, plan.seed, plan.events, end_ms - last_ms)


def _send(settings: Settings, traffic: Traffic, plan: Plan, picture: Picture) -> None:
    bulk = Bulk(settings)
    for event in paced(traffic, rate=plan.events / plan.seconds):
        now_ms = time.time_ns() // 1_000_000
        bulk.send(seal(event.kind, event.fields, settings.stage, now_ms))
        bulk.poll()
        picture.sent = bulk.delivered
    bulk.finish()
    picture.sent = bulk.delivered


@contextmanager
def _watched(settings: Settings, picture: Picture, view: View) -> Iterator[None]:
    """Keep the picture up to date, and shown, while the block runs."""
    over = threading.Event()
    failures: list[Exception] = []

    threads = [
        threading.Thread(target=_caught, args=(failures, _follow, settings, picture, over)),
        threading.Thread(target=_caught, args=(failures, _show, settings, picture, over, view)),
    ]
    with view:
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()
    if failures:
        raise failures[0]


def _follow(settings: Settings, picture: Picture, over: threading.Event) -> None:
    for action in read(settings, ACTIONS, follow=True, stop=over.is_set):
        picture.actions.append(action)


def _show(settings: Settings, picture: Picture, over: threading.Event, view: View) -> None:
    client = connect(settings)
    ended = False
    while not ended:
        ended = over.wait(_LOOK_S)
        _update(client, picture)
        view.refresh()


def _update(client: Client, picture: Picture) -> None:
    picture.stored, picture.joined, picture.orphans = ask(client, _TRAFFIC)[1][0]
    picture.redactions = ask(client, _REDACTIONS)[1][0][0] or 0
    picture.prompts = [(t, s, p, int(n), int(bad)) for t, s, p, n, bad in ask(client, _PROMPTS)[1]]


def _caught(failures: list[Exception], work: Callable[..., None], *arguments: Any) -> None:
    try:
        work(*arguments)
    except Exception as error:  # noqa: BLE001 - raised again in the main thread
        failures.append(error)
