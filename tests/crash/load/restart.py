"""How long a killed worker is away: until it works again, and until rows come in time again."""

import signal
import threading
import time
from bisect import insort
from typing import Any, Final

import clickhouse_connect

from deploy.offsets import Offsets
from producers.bulk import Bulk
from producers.envelope import seal
from schemas.settings import StageSettings
from schemas.topics import FEEDBACK_REDACTED, INFERENCE_REDACTED, INPUTS, REDACTED
from tests.crash.loop import Loop
from tests.crash.scenario import Say

TENANT: Final = "probe"
BODY: Final = "An answer of the usual length. " * 32
WITHIN_S: Final = 10.0  # a killed join works again
BACK_S: Final = 30.0  # rows come in time again
P99_S: Final = 2.0
Row = tuple[object, ...]


def answer(number: int) -> dict[str, Any]:
    """Return inference `number`, dated now, of about 1.1 KB."""
    return {
        "inference_id": f"probe-i{number}",
        "session_id": f"probe-s{number // 3}",
        "tenant_id": TENANT,
        "event_time": now_ms(),
        "model_version": "m1",
        "prompt_version": "p1",
        "segment": "web",
        "latency_ms": 500,
        "input_tokens": 50,
        "output_tokens": 200,
        "response": BODY,
    }


def thumb(number: int, about: int) -> dict[str, Any]:
    """Return feedback `number` on inference `about`, dated now."""
    return {
        "event_id": f"probe-f{number}",
        "inference_id": f"probe-i{about}",
        "session_id": f"probe-s{about // 3}",
        "tenant_id": TENANT,
        "event_time": now_ms(),
        "kind": "thumbs",
        "value": 1.0,
    }


def now_ms() -> int:
    """Return the wall clock in ms."""
    return time.time_ns() // 1_000_000


def restart(loop: Loop, inferences: int, times: int, say: Say) -> tuple[list[Row], bool]:
    """Kill the only join `times` times with that many inferences in its memory; table, verdict."""
    settings = loop.settings
    bulk, prefix = Bulk(settings), settings.kafka.topic_prefix
    for number in range(inferences):  # redacted ones: the stage before is not what is measured
        sealed = seal("inference", answer(number), StageSettings(), now_ms())
        framed = sealed.framed(bulk._ids)
        bulk.send_raw(INFERENCE_REDACTED.full(prefix), framed, key=sealed.key)
    bulk.finish()
    offsets = Offsets(settings)

    def through() -> bool:
        done = offsets.committed("join")
        return all(
            place in done and done[place].offset >= extent.end
            for place, extent in offsets.extents(REDACTED).items()
            if extent.end > extent.start
        )

    loop.until(through, "the join has read all", 300.0)
    say(f"{inferences:,} inferences are in the join's memory")
    rows: list[Row] = []
    for number in range(times):
        name = signal.SIGKILL if number % 2 == 0 else signal.SIGTERM
        begun = time.monotonic()
        process = loop.send("join", name)
        for about in range(0, inferences, inferences // 64):  # some in every partition
            sealed = seal(
                "feedback", thumb(number * inferences + about, about), StageSettings(), now_ms()
            )
            framed = sealed.framed(bulk._ids)
            bulk.send_raw(FEEDBACK_REDACTED.full(prefix), framed, key=sealed.key)
        bulk.finish()
        loop.until(lambda p=process: loop.process("join") != p, "it is dead")
        started = time.monotonic()
        loop.until(lambda: loop.process("join") is not None, "it is started again")
        fresh = time.monotonic()
        loop.until(through, "it works again", 120.0)
        took = time.monotonic() - begun
        say(f"{name.name}: works again after {took:.1f} s")
        rows.append((name.name, f"{started - begun:.1f}", f"{fresh - begun:.1f}", f"{took:.1f}"))
    return rows, all(float(str(row[3])) < WITHIN_S for row in rows if row[0] == "SIGKILL")


class Probes:
    """A thumb every `every_s`, and when each could be queried."""

    def __init__(self, loop: Loop, every_s: float = 0.1) -> None:
        self._loop, self._every_s = loop, every_s
        self.sent: dict[str, float] = {}
        self.seen: dict[str, float] = {}
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=t, daemon=True) for t in (self._send, self._look)]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Stop."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _send(self) -> None:
        bulk, number = Bulk(self._loop.settings), 0
        while not self._stop.wait(self._every_s):
            bulk.send(seal("inference", answer(number), StageSettings(), now_ms()))
            sealed = seal("feedback", thumb(number, number), StageSettings(), now_ms())
            self.sent[sealed.event_id] = time.monotonic()
            bulk.send(sealed)
            bulk.poll()
            number += 1
        bulk.finish()

    def _look(self) -> None:
        store = self._loop.settings.clickhouse
        client = clickhouse_connect.get_client(host=store.host, port=store.port)
        sql = f"SELECT event_id FROM signals WHERE tenant_id = '{TENANT}' AND kind = 'thumbs'"
        while not self._stop.wait(0.1):
            now = time.monotonic()
            for (event_id,) in client.query(sql).result_rows:
                self.seen.setdefault(event_id, now)

    def p99(self, from_s: float, until_s: float) -> float:
        """Return the 99th percentile of the delay of what was sent in that time."""
        now = time.monotonic()
        delays: list[float] = []
        for event_id, at in list(self.sent.items()):
            if from_s <= at < until_s:
                insort(delays, self.seen.get(event_id, now) - at)
        return delays[int(len(delays) * 0.99)] if delays else float("inf")


SPAN_S: Final = 5.0  # of sending, whose p99 is taken


def recover(loop: Loop, say: Say) -> tuple[list[Row], bool]:
    """Kill one worker of each kind in turn; table of the delay before, at worst, and after."""
    probes = Probes(loop)
    probes.start()
    loop.until(lambda: bool(probes.seen), "the first row")
    _pass(2 * SPAN_S)
    rows: list[Row] = []
    for worker in INPUTS:
        before = probes.p99(time.monotonic() - SPAN_S - P99_S, time.monotonic() - P99_S)
        begun = time.monotonic()
        loop.kill(worker)
        back = _back(probes, begun)
        worst = probes.p99(begun - P99_S, begun + SPAN_S)
        loop.until(lambda w=worker: loop.running(w), f"{worker} runs")
        say(f"{worker} killed: in time again after {back:.0f} s (before {before:.1f} s)")
        rows.append((worker, f"{before:.2f}", f"{worst:.1f}", f"{back:.0f}"))
    probes.finish()
    return rows, all(float(str(row[3])) <= BACK_S for row in rows)


def _back(probes: Probes, begun: float) -> float:
    """Return after how many seconds what is sent can be queried in time again."""
    limit = begun + 4 * BACK_S
    while time.monotonic() < limit:
        _pass(1.0)
        now = time.monotonic()
        start = now - SPAN_S - P99_S
        if start > begun and probes.p99(start, now - P99_S) <= P99_S:
            return start - begun
    return limit - begun


def _pass(seconds: float) -> None:
    threading.Event().wait(seconds)
