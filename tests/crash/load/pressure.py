"""More than the stages can do: memory stays bounded, nothing is lost, the lag drains."""

import time
from typing import Final

from deploy.lag import lags
from producers.bulk import Bulk
from producers.envelope import Envelope, seal
from schemas.topics import INPUTS
from tests.crash.invariants import broken, summary
from tests.crash.load.sampler import Sampler
from tests.crash.loop import Loop
from tests.crash.reference import truth_of
from tests.crash.scenario import Say, look
from tests.crash.traffic import Load, ending_now
from tests.crash.watch import Watch

DRAIN_S: Final = 3_600.0
COLUMNS: Final = ("part", "most memory, MiB", "handles", "threads", "checkpoint, KiB")
BOUND_MIB: Final = 1_500.0  # of any worker: its buffers, queues and an hour of what it remembers
Row = tuple[object, ...]


def pressure(
    loop: Loop, seed: int, seconds: float, rate: float, say: Say
) -> tuple[list[Row], bool]:
    """Send at `rate` events a second for so long; return the table and whether all was right."""
    load = ending_now(seed, seconds, rate)
    envelopes = sealed(loop, load)
    say(f"{len(envelopes):,} events are ready")
    watch, sampler = Watch(loop), Sampler(loop)
    watch.start()
    sampler.start()
    took_s = pump(loop, envelopes, rate)
    behind = sum(lags(loop.settings, list(INPUTS)).values())
    say(f"sent at {len(envelopes) / took_s:,.0f}/s; {behind:,} offsets behind")
    drained = loop.drain(flush=True, timeout_s=DRAIN_S)
    assert drained.done, drained.explain()
    times = (took_s + drained.seconds) / took_s
    say(f"drained in {drained.seconds:.0f} s: the input was {times:.1f} times what the loop does")
    sampler.finish()
    watch.finish()
    differing = broken(truth_of(load, loop.settings.redact), look(loop, watch))
    if differing:
        say(summary(differing))
    rows = [(part, *(_figure(most, name) for name in _NAMES)) for part, most in _parts(sampler)]
    bounded = all(sampler.most[name]["memory, MiB"] < BOUND_MIB for name in loop.workers())
    return rows, bounded and not differing


_NAMES: Final = ("memory, MiB", "handles", "threads", "checkpoint, KiB")


def _parts(sampler: Sampler) -> list[tuple[str, dict[str, float]]]:
    return sorted(sampler.most.items())


def _figure(most: dict[str, float], name: str) -> str:
    return f"{most[name]:.0f}" if name in most else ""


def sealed(loop: Loop, load: Load) -> list[Envelope]:
    """Return all events of `load`, encoded: the sender has nothing else to do then."""
    now_ms = time.time_ns() // 1_000_000
    return [seal(e.kind, e.fields, loop.settings.stage, now_ms) for e in load.traffic()]


def pump(loop: Loop, envelopes: list[Envelope], rate: float) -> float:
    """Send `envelopes` at `rate`; return how many seconds it took."""
    bulk = Bulk(loop.settings, DRAIN_S)
    begun = time.monotonic()
    for number, envelope in enumerate(envelopes):
        ahead_s = begun + number / rate - time.monotonic()
        if ahead_s > 0.01:
            time.sleep(ahead_s)
        bulk.send(envelope)
    bulk.finish()
    return time.monotonic() - begun
