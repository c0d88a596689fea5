"""The pipeline between two days: until the stages are through and the handlers have answered."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from deploy.drain import STEPS, behind_by, drain
from deploy.offsets import Offsets
from producers.handler import Handler, Retry
from producers.handlers import run_handlers
from schemas.errors import FatalError, RetriableError
from schemas.settings import Settings
from schemas.topics import ACTIONS

GROUP: Final = "experiment"
STAGES: Final = STEPS[:-1]
"""All that comes before the stores: nobody waits for those between two days."""
DAY_LIMIT_S: Final = 900.0
"""How long a day may take anywhere; it takes a few seconds in all on a quiet machine."""
POLL_S: Final = 0.1


class Line:
    """What a day goes through: the stages, then the handlers, which run beside in a thread."""

    def __init__(
        self, handlers: Sequence[Handler], settings: Settings, clock: Callable[[], int]
    ) -> None:
        self._offsets = Offsets(settings)
        self._handlers, self._settings, self._clock = handlers, settings, clock
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._answer, name="handlers", daemon=True)

    def start(self) -> None:
        """Let the handlers answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End the handlers and wait for them."""
        self._stop.set()
        self._thread.join()

    def settle(self, when: str) -> None:
        """Wait until all that was sent is decided and answered.

        Raises FatalError that says where it stands still, or what ended the handlers.
        """
        done = drain(self._offsets, DAY_LIMIT_S, self._look, pause=_pause, steps=STAGES)
        if not done.done:
            raise FatalError(f"{when}: {done.explain()}")
        limit = time.monotonic() + DAY_LIMIT_S
        while left := self._unanswered():
            if time.monotonic() > limit:
                raise FatalError(
                    f"{when}: the handlers didn't get through within {DAY_LIMIT_S:.0f} s, {left} "
                    "offsets are left"
                )
            self._look()
            time.sleep(POLL_S)
        self._look()

    def _look(self, *_: object) -> None:
        """Raise what ended the handlers, if anything has."""
        if self._failure is not None:
            raise FatalError(f"the handlers ended: {self._failure}")

    def _unanswered(self) -> int:
        """Return how many offsets of actions nobody has answered; 1 while the broker is away."""
        try:
            committed = self._offsets.committed_by(GROUP, [ACTIONS])
            return sum(behind_by(self._offsets.extents([ACTIONS]), committed).values())
        except RetriableError:
            return 1

    def _answer(self) -> None:
        try:
            run_handlers(
                self._handlers,
                group=GROUP,
                settings=self._settings,
                stop=self._stop,
                retry=Retry(attempts=1),
                clock=self._clock,
            )
        except Exception as error:  # noqa: BLE001 - `settle` raises it in the main thread
            self._failure = error


def _pause(_: float) -> None:
    time.sleep(POLL_S)


@contextmanager
def answering(
    handlers: Sequence[Handler], settings: Settings, clock: Callable[[], int]
) -> Iterator[Line]:
    """Give the line while its handlers run; end them however the block ends."""
    line = Line(handlers, settings, clock)
    line.start()
    try:
        yield line
    finally:
        line.stop()
