"""Looks at the running loop once a second: watermarks, positions, restarts, memory."""

import json
import threading
import time
from collections import defaultdict
from typing import Final

import psutil

from schemas.topics import INPUTS
from tests.crash.facts import Mark
from tests.crash.loop import STAGES, Loop

EVERY_S: Final = 1.0


class Watch:
    """Samples in a thread of its own, from `start` to `finish`."""

    def __init__(self, loop: Loop) -> None:
        self.marks: defaultdict[str, list[Mark]] = defaultdict(list)
        self.rss_mb: dict[str, float] = {}
        """The largest resident memory of each part so far, in MiB."""
        self._loop = loop
        self._begun = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def finish(self) -> None:
        """Look once more, then stop."""
        self._stop.set()
        self._thread.join()
        self._look()

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            self._look()

    def _look(self) -> None:
        seconds = time.monotonic() - self._begun
        for worker in INPUTS:
            for (topic, number), (offset, note) in self._loop.commit_notes(worker).items():
                place = f"{worker}, {topic}[{number}]"
                self.marks[f"offset of {place}"].append(Mark(seconds, offset))
                if worker in STAGES and note:
                    watermark = json.loads(note).get("watermark")
                    if watermark is not None:
                        self.marks[f"watermark of {place}"].append(Mark(seconds, watermark))
        for part in self._loop.parts():
            self._weigh(part.name, None if part.process is None else part.process.pid)

    def _weigh(self, name: str, pid: int | None) -> None:
        if pid is None:
            return
        try:
            rss_mb = psutil.Process(pid).memory_info().rss / 2**20
        except psutil.NoSuchProcess:
            return
        self.rss_mb[name] = max(self.rss_mb.get(name, 0.0), rss_mb)
