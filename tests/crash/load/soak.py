"""A steady load for a long time: nothing may grow once the join's window is full."""

from tests.crash.invariants import broken, summary
from tests.crash.load.sampler import Sampler, grows, trend
from tests.crash.loop import SERVERS, Loop
from tests.crash.reference import truth_of
from tests.crash.scenario import Say, look
from tests.crash.traffic import Sender, ending_now
from tests.crash.watch import Watch

WARM_SHARE = 0.5  # of the run: an hour of event time has passed by then, the window is full
DRAIN_S = 900.0
COLUMNS = ("part", "measure", "mean", "growth in 30 min", "±", "")
Row = tuple[object, ...]


def soak(loop: Loop, seed: int, seconds: float, rate: float, say: Say) -> tuple[list[Row], bool]:
    """Return the table and whether all was right: no growth, and every fact as it should be."""
    sender = Sender(ending_now(seed, seconds, rate), loop.settings)
    watch, sampler = Watch(loop), Sampler(loop)
    watch.start()
    sampler.start()
    sender.start()
    sender.finish()
    sampler.finish()
    say(f"sent {sender.sent:,} events at {sender.rate:,.0f}/s; draining")
    drained = loop.drain(flush=True, timeout_s=DRAIN_S)
    assert drained.done, drained.explain()
    watch.finish()
    differing = broken(truth_of(sender.load, loop.settings.redact), look(loop, watch))
    if differing:
        say(summary(differing))
    rows, grown = table(sampler, seconds * WARM_SHARE)
    return rows, not grown and not differing


def table(sampler: Sampler, warm_s: float) -> tuple[list[Row], bool]:
    """Return a row for each worker and measure, and whether anything grows."""
    rows: list[Row] = []
    grown = False
    for part, samples in sorted(sampler.samples.items()):
        late = [sample for sample in samples if sample.seconds >= warm_s]
        for measure in sampler.most[part]:
            found = trend([(s.seconds, s.values[measure]) for s in late if measure in s.values])
            if found is None:
                rows.append((part, measure, None, None, None, "too few samples"))
                continue
            bad = part not in SERVERS and grows(measure, found)
            grown = grown or bad
            figures = (f"{found.mean:.1f}", f"{found.growth:+.1f}", f"{found.doubt:.1f}")
            rows.append((part, measure, *figures, "GROWS" if bad else ""))
    return rows, grown
