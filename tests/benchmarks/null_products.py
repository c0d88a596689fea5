"""Products with nothing wrong for two weeks, through all shipped rules: every alarm is false.

Traffic follows the hour of the day and rests at weekends in one of four products; answers come in
sessions of one to five with one language and one subject; documents, latency, lengths and costs
vary; feedback comes minutes later. A window is ten minutes here, so that it runs in a minute.
"""

import math
import random
from collections.abc import Iterator
from typing import Any

from stream_jobs.act.rules import shipped_rules
from stream_jobs.decide.rehearse import Rehearsal, rehearse
from stream_jobs.window.sums import Sums
from stream_jobs.window.windows import WindowKey

WINDOW_MS = 600_000
DAY_MS = 86_400_000
MONDAY_MS = 1_789_948_800_000
A_DAY = 500
"""Answers; three in ten are rated."""
NEGATIVE = (0.03, 0.05, 0.08, 0.12, 0.2)
LANGUAGES = ("en", "de", "fr", "es")
SUBJECTS = 6


def _busy(at_ms: int, weekdays_only: bool) -> float:
    """Return how much of the mean traffic there is at a time."""
    day, hour = (at_ms // DAY_MS + 3) % 7, at_ms % DAY_MS / 3_600_000
    if day > 4:
        return 0.0 if weekdays_only else 0.7
    return 1.0 + 0.9 * math.sin((hour - 8) / 24 * 2 * math.pi)


def _session(rng: random.Random, number: int, rate: float) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield answers of one session with their ratings: -1, 1, or 0 for none."""
    language = rng.choices(LANGUAGES, (6, 2, 1, 1))[0]
    subject = rng.randrange(SUBJECTS)
    for turn in range(rng.choice((1, 1, 1, 2, 2, 3, 5))):
        docs = rng.sample(range(8), 3)
        tokens = int(rng.lognormvariate(5, 0.6))
        answer = {
            "inference_id": f"{number}-{turn}",
            "status": "ok" if rng.random() < 0.98 else rng.choice(("error", "refused", "timeout")),
            "latency_ms": int(rng.lognormvariate(6.7, 0.45)),
            "input_tokens": tokens,
            "output_tokens": int(rng.lognormvariate(4.5, 0.7)),
            "prompt_bytes": 4 * tokens,
            "response_bytes": int(rng.lognormvariate(6, 0.7)),
            "cost_usd": tokens * 3e-6,
            "language": language,
            "prompt_topic": f"topic-{subject}",
            "retrieved": [
                {"doc_id": f"d{subject}-{d}", "score": rng.betavariate(5, 2)} for d in docs
            ],
        }
        rated = rng.random() < 0.3
        yield answer, (-1 if rng.random() < rate else 1) if rated else 0


def windows(seed: int, days: int = 14) -> Iterator[tuple[int, dict[WindowKey, Sums]]]:
    """Yield the windows of one product."""
    rng = random.Random(seed)
    rate, weekdays_only, number = NEGATIVE[seed % 5], seed % 4 == 0, 0
    key = WindowKey("t", "m1", "p1", f"s{seed}")
    later: dict[int, list[tuple[str, int, dict[str, Any]]]] = {}
    for start in range(MONDAY_MS, MONDAY_MS + days * DAY_MS, WINDOW_MS):
        sums = Sums()
        mean = A_DAY / 2.1 * WINDOW_MS / DAY_MS * _busy(start, weekdays_only)
        for _ in range(_poisson(rng, mean)):
            number += 1
            for answer, rating in _session(rng, number, rate):
                sums.add_inference(answer)
                at = start + WINDOW_MS * rng.choice((0, 0, 1))
                if rating:
                    later.setdefault(at, []).append(("thumbs", rating, answer))
                if rng.random() < 0.06:
                    later.setdefault(at, []).append(("edit", 0, answer))
                if rng.random() < 0.05:
                    later.setdefault(at, []).append(("regenerate", 0, answer))
            if rng.random() < 0.3:
                later.setdefault(start + 3 * WINDOW_MS, []).append(("abandonment", 0, answer))
        for kind, polarity, answer in later.pop(start, ()):
            explicit = {"explicit": bool(polarity), "rated": bool(polarity), "polarity": polarity}
            sums.add_signal(kind, join_status="matched", inference_head=answer, **explicit)
        if sums.inferences or sums.kinds:
            yield start, {key: sums}


def _poisson(rng: random.Random, mean: float) -> int:
    """Return a Poisson count (Knuth)."""
    bound, product, count = math.exp(-mean), rng.random(), 0
    while product > bound:
        product, count = product * rng.random(), count + 1
    return count


def quiet(seed: int) -> Rehearsal:
    """Return what the shipped rules tell of one product in which nothing is wrong."""
    return rehearse(shipped_rules(), windows(seed), WINDOW_MS, troubles=[])
