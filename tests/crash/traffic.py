"""Sends simulated traffic of known truth at a steady rate, whatever happens to the loop."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from producers.bulk import Bulk
from producers.envelope import seal
from producers.playback import paced
from producers.simulate import Traffic, simulate
from producers.world.session import Timed
from schemas.settings import Settings

OUTAGE_S: Final = 300.0  # so long a broker may be away
SCENARIO: Final = "demo"  # all three problems: late, early, doubled, lost, taken back, corrected
MINUTE_MS: Final = 60_000


@dataclass(frozen=True)
class Load:
    """Which traffic: the same for the loop and for the reference."""

    seed: int
    events: int
    rate: float
    start_ms: int

    def traffic(self) -> Traffic:
        """Return the traffic, from its beginning."""
        return simulate(SCENARIO, self.seed, self.events, self.start_ms)


def ending_now(seed: int, seconds: float, rate: float) -> Load:
    """Return a load of that length whose last event is dated now, from a full minute on."""
    events = max(1_000, int(seconds * rate))
    now_ms = time.time_ns() // MINUTE_MS // 1_000_000
    return Load(seed, events, rate, (now_ms - 250) * MINUTE_MS)  # 150 min and their tail


class Sender:
    """Sends a load in a thread of its own; `finish` returns its truth."""

    def __init__(
        self,
        load: Load,
        settings: Settings,
        change: Callable[[int, Timed], Timed] = lambda _, event: event,
    ) -> None:
        self.load = load
        self.sent = 0
        self.seconds = 0.0
        self.traffic = load.traffic()
        self._settings = settings
        self._change = change
        self._bulk = Bulk(settings, OUTAGE_S)
        self._error: Exception | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def going(self) -> bool:
        """Whether it still sends."""
        return self._thread.is_alive() and not self._stop.is_set()

    def stop(self) -> None:
        """Send no more: the round is given up."""
        self._stop.set()

    @property
    def rate(self) -> float:
        """Events a second that it really sent."""
        return self.sent / self.seconds if self.seconds else 0.0

    def finish(self) -> Traffic:
        """Wait until all is delivered; return the traffic with its complete truth."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        assert self.sent == self.load.events
        return self.traffic

    def _run(self) -> None:
        begun = time.monotonic()
        try:
            for number, event in enumerate(paced(self.traffic, rate=self.load.rate)):
                if self._stop.is_set():
                    return
                self._put(self._change(number, event))
            self.seconds = time.monotonic() - begun
            self._bulk.finish()
        except Exception as error:  # noqa: BLE001 - given to who waits in `finish`
            self._error = error

    def _put(self, event: Timed) -> None:
        now_ms = time.time_ns() // 1_000_000
        fields: dict[str, Any] = event.fields
        self._bulk.send(seal(event.kind, fields, self._settings.stage, now_ms))
        self.sent += 1
        self.seconds = 0.0
