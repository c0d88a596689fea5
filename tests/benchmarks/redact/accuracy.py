"""Spans that redaction and Presidio find in texts with known spans, as scores."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stream_jobs.redact.redactor import Redactor
from tests.benchmarks.redact.presidio import Found, Run
from tests.benchmarks.redact.score import Gold, Score, by_type

BATCH = 256
THRESHOLDS = (0.0, 0.35, 0.5, 0.8)


@dataclass(frozen=True)
class Marked:
    """A text and its true spans."""

    text: str
    spans: tuple[Gold, ...]


def marked(text: str, spans: Iterable[tuple[int, int, str]]) -> Marked:
    """Return `text` with `spans` as the truth."""
    return Marked(text, tuple(Gold(*span) for span in spans))


def ours(redactor: Redactor, texts: Sequence[str]) -> list[list[Gold]]:
    """Return the spans that redaction replaces in each text."""
    found = []
    for at in range(0, len(texts), BATCH):
        results = redactor.redact_texts(texts[at : at + BATCH], "acme")
        found += [[Gold(s.start, s.end, s.type) for s in spans] for _, spans in results]
    return found


def at_threshold(spans: Sequence[Found], threshold: float) -> list[Gold]:
    """Return Presidio's finds that it is at least so sure of."""
    return [Gold(one.start, one.end, one.type) for one in spans if one.score >= threshold]


def best_of_presidio(corpus: Sequence[Marked], run: Run) -> dict[str, tuple[Score, float]]:
    """Return, by type, Presidio's score at whichever threshold suits it best there."""
    truth = [text.spans for text in corpus]
    best: dict[str, tuple[Score, float]] = {}
    for threshold in THRESHOLDS:
        found = [at_threshold(spans, threshold) for spans in run.spans]
        for kind, score in by_type(truth, found).items():
            if kind not in best or score.f() > best[kind][0].f():
                best[kind] = (score, threshold)
    return {kind: entry for kind, entry in best.items() if kind in run.types}
