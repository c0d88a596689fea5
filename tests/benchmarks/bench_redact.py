"""How well and how fast redaction works, beside Presidio on the same texts.

Run `make bench-redact` (with Presidio), or `python -m tests.benchmarks.bench_redact`: what it can't
measure (no model, no Presidio) it says. The last line is a JSON object with every figure; the exit
code is 1 if a promise of docs/redaction.md is broken.
"""

import argparse
import base64
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from schemas.settings import RedactSettings, Secret
from stream_jobs.redact.build import build_redactor
from stream_jobs.redact.keys import parse_keys
from stream_jobs.redact.redactor import Redactor
from tests.benchmarks.redact import accuracy, names_corpus, page, presidio, speed
from tests.benchmarks.redact.accuracy import Marked
from tests.benchmarks.redact.bounds import Bounds
from tests.benchmarks.redact.corpus import corpus
from tests.benchmarks.redact.score import Score, by_type, total, touched

SEED = 20_260_917  # not one that anything was developed with
KEY = "k1:" + base64.b64encode(b"0" * 32).decode()
BEST_OF = 8  # runs of milliseconds: what else the machine does comes and goes
LEAST_OF_A_TYPE = 10  # fewer values of a type say nothing about who is better


def main() -> None:
    """Measure, print the tables, and exit 1 if a promise is broken."""
    options = _options()
    bounds, started = Bounds(), time.monotonic()
    patterns = Redactor(RedactSettings(), parse_keys(KEY))
    full = _full()
    print(f"Python {platform.python_version()}, {platform.machine()}; seed {options.seed}")
    _patterns(bounds, patterns, options)
    _false_alarms(bounds, patterns, full, options)
    _speed(bounds, patterns, full, options)
    _hostile(bounds, patterns)
    _names(bounds, full, options)
    _memory(bounds, full or patterns, options.texts)
    for line in bounds.broken:
        print(f"BROKEN: {line}")
    if options.write:
        page.write(_conditions(options), bounds.figures)
    print(f"\n{time.monotonic() - started:.0f} s in all")
    print(json.dumps({"figures": bounds.figures, "broken": bounds.broken}))
    sys.exit(1 if bounds.broken else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presidio", action="store_true", help="compare with Presidio")
    parser.add_argument("--samples", type=int, default=3_000, help="texts of each corpus")
    parser.add_argument("--texts", type=int, default=20_000, help="for memory; 1000000 to be sure")
    parser.add_argument("--write", action="store_true", help="put the table into the page")
    parser.add_argument("--seed", type=int, default=SEED)
    return parser.parse_args()


def _conditions(options: argparse.Namespace) -> str:
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores "
        f"with a load of {os.getloadavg()[0]:.0f}; {options.samples:,} texts of each corpus, "
        f"{options.texts:,} for memory, seed {options.seed}."
    )


def _full() -> Redactor | None:
    """Return redaction with the names model of the default settings; None if that is none."""
    settings = RedactSettings(keys=Secret(KEY))
    return None if settings.spacy_model in ("", "none") else build_redactor(settings)


def _head(title: str, columns: str) -> None:
    print(f"\n{title}\n{columns}\n{'-' * len(columns)}")


def _figures(score: Score) -> str:
    return (
        f"{score.true:>6,} {score.precision:>7.3f} {score.recall:>7.3f} "
        f"{score.f():>7.3f} {score.f(2):>7.3f}"
    )


def _patterns(bounds: Bounds, redactor: Redactor, options: argparse.Namespace) -> None:
    texts = [
        accuracy.marked(one.text, [(s.start, s.end, s.type) for s in one.spans])
        for one in corpus(options.seed, options.samples, "final")
    ]
    words = [text.text for text in texts]
    truth = [text.spans for text in texts]
    scores = by_type(truth, accuracy.ours(redactor, words))
    theirs: dict[str, tuple[Score, float]] = {}
    if options.presidio:
        run = presidio.run(words, "all")
        theirs = accuracy.best_of_presidio(texts, run)
        print(
            f"Presidio {run.version}: every pattern recogniser it ships, all for English, on a "
            "blank spaCy pipeline whose lemmas are the lower-case words; at each type the best of "
            f"the score thresholds {accuracy.THRESHOLDS}."
        )
    _head(
        f"Patterns, exact spans, held-out corpus of {len(texts):,} texts",
        f"{'type':<28} {'n':>6} {'P':>7} {'R':>7} {'F1':>7} {'F2':>7}"
        f" | Presidio {'P':>5} {'R':>7} {'F1':>7} {'from':>6}",
    )
    for kind, score in scores.items():
        print(f"{kind:<28} {_figures(score)} | {_theirs(bounds, kind, score, theirs)}")
    whole = total(scores)
    print(f"{'all':<28} {_figures(whole)}")
    print("F1 of all:", bounds.least("patterns_f1", whole.f(), 0.98))
    bounds.note("patterns_f2", whole.f(2))
    bounds.note("patterns_leak_recall", touched(truth, accuracy.ours(redactor, words)))


def _theirs(bounds: Bounds, kind: str, score: Score, theirs: dict[str, tuple[Score, float]]) -> str:
    if kind not in theirs or not score.true:
        return f"{'-':>14}"
    other, threshold = theirs[kind]
    shown = f"{other.precision:>14.3f} {other.recall:>7.3f} {other.f():>7.3f} {threshold:>6}"
    bounds.note(f"presidio_f1.{kind}", other.f())
    if score.true < LEAST_OF_A_TYPE:
        return shown
    judged = bounds.least(f"patterns_f1.{kind}", score.f(), round(other.f(), 6))
    return shown if judged.startswith("ok") else f"{shown}  BROKEN"


def _false_alarms(
    bounds: Bounds, patterns: Redactor, full: Redactor | None, options: argparse.Namespace
) -> None:
    texts = names_corpus.quiet(options.seed, options.samples)
    _head(f"False alarms on {len(texts):,} texts that hold nothing", "layer         of 1,000 texts")
    hits = sum(map(bool, accuracy.ours(patterns, texts))) / len(texts)
    print(f"patterns     {hits * 1e3:>12.2f}", bounds.most("false_alarms_patterns", hits, 0.001))
    if full is not None:
        hits = sum(map(bool, accuracy.ours(full, texts))) / len(texts)
        print(f"names too    {hits * 1e3:>12.2f}", bounds.most("false_alarms_full", hits, 0.02))


def _speed(
    bounds: Bounds, patterns: Redactor, full: Redactor | None, options: argparse.Namespace
) -> None:
    least = {"half with a value": 8_000, "nothing in it": 40_000}
    _head("Texts of 200 characters, per second of one core", f"{'kind':<44} {'texts/s':>9}")
    sets = speed.corpora(options.samples)
    for kind, texts in sets.items():
        rate = len(texts) / speed.seconds(patterns, texts)
        name = f"patterns_per_s.{kind}"
        judged = bounds.least(name, rate, least[kind]) if kind in least else ""
        if not judged:
            bounds.note(name, rate)
        print(f"{'patterns, ' + kind:<44} {rate:>9,.0f} {judged}")
    if options.presidio:
        half = sets["half with a value"]
        run = presidio.run(half, "default")
        bounds.note("presidio_per_s.half with a value", len(half) / run.seconds)
        label = "Presidio, its default recognisers, the same half"
        print(f"{label:<44} {len(half) / run.seconds:>5,.0f}")
    if full is not None:
        _full_speed(bounds, full, options)


def _full_speed(bounds: Bounds, full: Redactor, options: argparse.Namespace) -> None:
    named = [text for text, _ in names_corpus.corpus(options.seed + 1, options.samples)]
    quiet = names_corpus.quiet(options.seed + 1, options.samples)
    mixed = [pair[i % 2] for i, pair in enumerate(zip(named, quiet, strict=True))]
    sets = {"mixed": mixed, "all with names": named, "without names": quiet}
    for kind, lines in sets.items():
        texts = speed.joined(lines)
        rate = len(texts) / speed.seconds(full, texts, runs=1)
        size = sum(map(len, texts)) / len(texts)
        judged = bounds.least("full_per_s.mixed", rate, 400) if kind == "mixed" else ""
        bounds.note(f"full_per_s.{kind}", rate)
        print(f"{f'full, {kind}, {size:.0f} characters':<44} {rate:>9,.0f} {judged}")


def _hostile(bounds: Bounds, redactor: Redactor) -> None:
    slowest = _slowest(redactor, "Hostile texts of 100,000 characters", speed.hostile())
    print("the slowest:", bounds.most("hostile_ms", slowest, 50))
    slowest = _slowest(redactor, "100,000 characters full of values", speed.crowded())
    bounds.note("crowded_ms", slowest)


def _slowest(redactor: Redactor, title: str, texts: dict[str, str]) -> float:
    """Return the ms that the slowest of `texts` takes."""
    _head(title, f"{'kind':<28} {'ms':>8}")
    slowest = 0.0
    for kind, text in texts.items():
        taken = speed.seconds(redactor, [text], runs=BEST_OF) * 1e3
        slowest = max(slowest, taken)
        print(f"{kind:<28} {taken:>8.1f}")
    return slowest


def _names(bounds: Bounds, full: Redactor | None, options: argparse.Namespace) -> None:
    if full is None:
        print("\nNames: no model is set (FEEDLOOP_REDACT_SPACY_MODEL), so nothing was measured.")
        return
    texts = [
        accuracy.marked(text, spans)
        for text, spans in names_corpus.corpus(options.seed, options.samples)
    ]
    found = accuracy.ours(full, [text.text for text in texts])
    truth = [text.spans for text in texts]
    kinds = {span.type for spans in truth for span in spans}
    only = [[span for span in spans if span.type in kinds] for spans in found]
    _head(
        f"Names, exact spans, held-out corpus of {len(texts):,} texts",
        f"{'type':<28} {'n':>6} {'P':>7} {'R':>7} {'F1':>7} {'F2':>7}",
    )
    scores = by_type(truth, only)
    for kind, score in scores.items():
        print(f"{kind:<28} {_figures(score)}")
        bounds.note(f"names_f1.{kind}", score.f())
    print(f"{'all':<28} {_figures(total(scores))}")
    print("F1 of PERSON:", bounds.least("person_f1", scores["PERSON"].f(), 0.88))
    print("touched:", bounds.least("leak_recall", touched(truth, found), 0.90))
    if options.presidio:
        _presidio_names(bounds, texts)


def _presidio_names(bounds: Bounds, texts: Sequence[Marked]) -> None:
    """Print what Presidio makes of the same texts: without a model it has no finder of names."""
    run = presidio.run([text.text for text in texts], "default")
    found = [accuracy.at_threshold(spans, 0.0) for spans in run.spans]
    leak = touched([text.spans for text in texts], found)
    bounds.note("presidio_leak_recall_without_model", leak)
    print(f"Presidio on a blank pipeline (no model can be shipped with it): touched {leak:.3f}")


def _memory(bounds: Bounds, redactor: Redactor, count: int) -> None:
    _head(f"Memory over {count:,} texts, each new", f"{'texts':>12} {'MB':>9}")
    held: list[float] = []
    for done, megabytes in speed.memory(redactor, count):
        held.append(megabytes)
        print(f"{done:>12,} {megabytes:>9.1f}")
    # The first tenth fills caches that have a limit; from there on it must stay flat.
    growth = held[-1] - held[1]
    print("growth in MB after the first tenth:", bounds.most("memory_growth_mb", growth, 32))


if __name__ == "__main__":
    main()
