"""How often detection is wrong and how long it takes: false alarms, and answers until a rise shows.

Run `python -m tests.benchmarks.bench_detect [PRODUCTS]`; all is seeded. First 200 products in
which nothing is wrong for two simulated weeks (500 answers a day each, 150 rated), through all
shipped rules (`null_products.py`); the aim is at most 2 alarms in all. Then rated answers from a
change to the alarm, over 100 products; "old" had that many rated answers before. `new version` says
whether the change came with one. Ends with an error if an aim is missed.
"""

import os
import random
import statistics
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from stream_jobs.act.episodes import Finding
from stream_jobs.act.rules import Rule, shipped_rules
from stream_jobs.decide.watch_rate import RateWatch
from stream_jobs.window.sums import Sums
from stream_jobs.window.windows import WindowKey
from tests.benchmarks.null_products import quiet

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


def null_alarms(products: int) -> Counter[str]:
    """Return the alarms by rule of products in which nothing is wrong."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(quiet, range(products), chunksize=10)
        return Counter(told.rule for done in found for told in done.episodes)


def delays(old: int, before: float, after: float, version: str, products: int = 100) -> list[int]:
    """Return the delays in ratings of those that alarmed within 5,000 after the change."""
    found = []
    for seed in range(products):
        phases = [(old, before, "m1"), (5_000, after, version)]
        alarm = first_alarm(random.Random(1_000 + seed), phases)
        found.append(10**6 if alarm is None or alarm[0] <= old else alarm[0] - old)
    return found


AIMS = {(2_000, 0.05, 0.10): 400, (6_400, 0.05, 0.075): 1_000}
"""Case → the median that it should stay within."""


def main() -> None:
    """Print the table; exit 1 if an aim is missed."""
    began = time.perf_counter()
    products = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    alarms = null_alarms(products)
    print(f"false alarms of {products} products in two weeks: {alarms.total()} (aim: at most 2)")
    print("".join(f"  {rule}: {count}\n" for rule, count in sorted(alarms.items())), end="")
    missed = alarms.total() > 2
    print(f"{'rise':>14} {'old':>6} {'new version':>12} {'median':>7} {'90 %':>7} {'in 550':>7}")
    for case in (
        (2_000, 0.05, 0.10),
        (6_400, 0.05, 0.075),
        (550, 0.05, 0.12),
        (500, 0.087, 0.29),
        (250, 0.08, 0.30),
        (500, 0.3, 0.5),
    ):
        for version in ("m1", "m2"):
            missed = _told(case, version) > AIMS.get(case, 10**6) or missed
    print(f"{time.perf_counter() - began:.0f} s")
    sys.exit(1 if missed else 0)


def _told(case: tuple[int, float, float], version: str) -> float:
    """Print one row; return the median."""
    old, before, after = case
    found = sorted(delays(old, before, after, version))
    median, tail = statistics.median(found), found[len(found) * 9 // 10]
    print(
        f"{before:>6} → {after:<5} {old:>6} {'yes' if version == 'm2' else 'no':>12} "
        f"{median:>7.0f} {tail if tail < 10**6 else 'never':>7} "
        f"{sum(delay <= 550 for delay in found):>5} %"
    )
    return median


if __name__ == "__main__":
    main()
