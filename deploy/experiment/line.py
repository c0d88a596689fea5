"""The pipeline between two days: until the stages are through and the handlers have answered."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from deploy.drain import behind_by
from deploy.offsets import Offsets
from producers.handler import Handler, Retry
from producers.handlers import run_handlers
from schemas.errors import FatalError, RetriableError
from schemas.settings import Settings
from schemas.topics import ACTIONS, INPUTS

GROUP: Final = "experiment"
STAGES: Final = ("redact", "join", "decide")
HANDLERS: Final = "the handlers"
STILL_S: Final = 300.0
"""How long a day may stand still; it takes a few seconds in all on a quiet machine."""
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

        Raises FatalError that says where it stands still, and what ended the handlers, if so.
        """
        for stage in (*STAGES, HANDLERS):
            before, moved_s = 0, time.monotonic()
            while left := self._left(stage, before or 1):
                if self._failure is not None:
                    raise FatalError(f"{when}: the handlers ended: {self._failure}")
                if left != before:
                    before, moved_s = left, time.monotonic()
                elif time.monotonic() - moved_s > STILL_S:
                    raise FatalError(
                        f"{when}: {stage} stood still for {STILL_S:.0f} s with {left} offsets "
                        "left; run it again with --keep DIR and look at DIR/logs"
                    )
                time.sleep(POLL_S)

    def _left(self, stage: str, otherwise: int) -> int:
        """Return how many offsets `stage` has to go; `otherwise` while the broker doesn't say."""
        try:
            if stage == HANDLERS:
                committed = self._offsets.committed_by(GROUP, [ACTIONS])
                return sum(behind_by(self._offsets.extents([ACTIONS]), committed).values())
            extents, committed = (
                self._offsets.extents(INPUTS[stage]),
                self._offsets.committed(stage),
            )
        except RetriableError:  # settle gives up when this lasts
            return otherwise
        return sum(behind_by(extents, committed).values())

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
