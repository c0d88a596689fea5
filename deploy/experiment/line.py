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
from schemas.errors import FatalError
from schemas.settings import Settings
from schemas.topics import ACTIONS, INPUTS

GROUP: Final = "experiment"
STAGES: Final = ("redact", "join", "decide")
HANDLERS: Final = "the handlers"
DAY_LIMIT_S: Final = 120.0
"""How long a day may stand still anywhere; it takes a few seconds in all."""
POLL_S: Final = 0.05


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
            limit = time.monotonic() + DAY_LIMIT_S
            while left := self._left(stage):
                if self._failure is not None:
                    raise FatalError(f"{when}: the handlers ended: {self._failure}")
                if time.monotonic() > limit:
                    raise FatalError(
                        f"{when}: {stage} didn't get through within {DAY_LIMIT_S:.0f} s, {left} "
                        "offsets are left; run it again with --keep DIR and look at DIR/logs"
                    )
                time.sleep(POLL_S)

    def _left(self, stage: str) -> int:
        if stage == HANDLERS:
            topics, committed = [ACTIONS], self._offsets.committed_by(GROUP, [ACTIONS])
        else:
            topics, committed = [*INPUTS[stage]], self._offsets.committed(stage)
        return sum(behind_by(self._offsets.extents(topics), committed).values())

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
