"""How often detection is wrong and how long it takes: false alarms, and answers until a rise shows.

Run `python -m tests.benchmarks.bench_detect`. Everything is seeded. The first line: 200 products
without any change over two simulated weeks (150 rated answers a day each); the aim is at most 2
alarms. The others: rated answers from the change to the alarm, over 100 products; "old" had that
many rated answers before. `new version` says whether the change came with one, which helps.
"""

import random
import statistics
import time

from stream_jobs.act.episodes import Finding
from stream_jobs.act.rules import Rule, shipped_rules
from stream_jobs.decide.watch_rate import RateWatch
from stream_jobs.window.sums import Sums
from stream_jobs.window.windows import WindowKey

RULE = next(rule for rule in shipped_rules() if rule.name == "answers-got-worse")
SCOPE = {"tenant_id": "t", "segment": "s"}
BATCH = 10


def batch(rng: random.Random, rate: float) -> Sums:
    """Return the sums of BATCH ratings."""
    sums = Sums()
    sums.negative = sum(rng.random() < rate for _ in range(BATCH))
    sums.positive = BATCH - sums.negative
    return sums


def first_alarm(
    rng: random.Random, phases: list[tuple[int, float, str]], rule: Rule = RULE
) -> tuple[int, Finding] | None:
    """Return the ratings until the alarm and the finding; phases are (ratings, rate, version)."""
    watch, seen = RateWatch(), 0
    for ratings, rate, version in phases:
        for _ in range(ratings // BATCH):
            window = (seen * 1000, (seen + BATCH) * 1000)
            key = WindowKey("t", version, "p", "s")
            seen += BATCH
            found = watch.feed(rule, SCOPE, window, {key: batch(rng, rate)}, frozenset())
            if found is not None:
                return seen, found
    return None


def null_alarms(products: int = 200, ratings: int = 14 * 150) -> int:
    """Return how many products without a change raised an alarm."""
    alarms = 0
    for seed in range(products):
        rate = (0.03, 0.05, 0.08, 0.12, 0.2)[seed % 5]
        alarms += first_alarm(random.Random(seed), [(ratings, rate, "m1")]) is not None
    return alarms


def delays(old: int, before: float, after: float, version: str, products: int = 100) -> list[int]:
    """Return the delays in ratings of those that alarmed within 5,000 after the change."""
    found = []
    for seed in range(products):
        phases = [(old, before, "m1"), (5_000, after, version)]
        alarm = first_alarm(random.Random(1_000 + seed), phases)
        found.append(10**6 if alarm is None or alarm[0] <= old else alarm[0] - old)
    return found


def main() -> None:
    """Print the table."""
    began = time.perf_counter()
    print(f"false alarms of 200 products in two weeks: {null_alarms()} (aim: at most 2)")
    print(f"{'rise':>14} {'old':>6} {'new version':>12} {'median':>7} {'90 %':>7}")
    for old, before, after in (
        (2_000, 0.05, 0.10),
        (6_400, 0.05, 0.075),
        (500, 0.087, 0.29),
        (250, 0.08, 0.30),
        (500, 0.3, 0.5),
    ):
        for version in ("m1", "m2"):
            found = sorted(delays(old, before, after, version))
            new = "yes" if version == "m2" else "no"
            tail = found[len(found) * 9 // 10]
            print(
                f"{before:>6} → {after:<5} {old:>6} {new:>12} "
                f"{statistics.median(found):>7.0f} {tail if tail < 10**6 else 'never':>7}"
            )
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
