"""`make ner-model`: generate text, train the names pipeline on it, write the artefact.

The same code, packages and seed give the same training text (its hash is in RECIPE.json) and, on
one kind of processor, the same weights. `tests.benchmarks.bench_names` then writes SCORES.json.
"""

import argparse
import hashlib
import json
import os
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS"):
    os.environ[_threads] = "1"  # sums in one order, so that weights don't depend on the machine

import numpy as np  # noqa: E402 - numpy reads the variables above when it is imported
from thinc.api import fix_random_seed  # noqa: E402

from deploy.training.common import known_words, many_things, trade_words  # noqa: E402
from deploy.training.corpus import Corpus, digest  # noqa: E402
from deploy.training.lists import also_words, given, places  # noqa: E402
from deploy.training.pipeline import Shape, blank, examples, recipe  # noqa: E402
from deploy.training.sample import Sample  # noqa: E402

SEED: Final = 11
SAMPLES: Final = 130_000
STEP: Final = 5_000  # samples generated at once
FIRST_RATE, LAST_RATE = 0.002, 0.0001
FIRST_BATCH, LAST_BATCH = 32, 96
DROPOUT: Final = 0.1
DISTRIBUTIONS: Final = (
    *("spacy", "thinc", "numpy", "faker", "phonenumbers", "pyspellchecker", "aiohttp", "attrs"),
    *("click", "confluent-kafka", "cryptography", "python-dateutil", "duckdb", "fastavro", "httpx"),
    *("jinja2", "jsonschema", "mypy", "pytest", "rich", "typer", "virtualenv"),
)
"""Whose words, names and documentation the training text is made of, and what learns from it."""

TARGET: Final = Path(__file__).parents[2] / "stream_jobs" / "redact" / "model"


def train(shape: Shape, samples: int, seed: int) -> tuple[Any, str]:
    """Return a trained pipeline and the SHA-256 of the text it was trained on.

    Each sample is seen once: the generator has more to tell than repetition. The learning rate
    falls and the batch grows along the way; the weights are the averages over the way.
    """
    fix_random_seed(seed)
    corpus, nlp, told = Corpus(seed), blank(shape), hashlib.sha256()
    first = corpus.take(500)
    optimizer = nlp.initialize(lambda: examples(nlp, first))
    began, seen = time.monotonic(), 0
    while seen < samples:
        step = corpus.take(min(STEP, samples - seen))
        told.update(digest(step).encode())
        losses = _learn(nlp, optimizer, examples(nlp, step), seen / samples)
        seen += len(step)
        print(
            f"{seen:>8,} samples  loss {losses['ner']:>9,.0f}  {time.monotonic() - began:>5.0f} s"
        )
    with nlp.use_params(optimizer.averages):
        return _rounded(nlp, shape, first), told.hexdigest()


def _learn(nlp: Any, optimizer: Any, step: list[Any], done: float) -> dict[str, float]:
    losses: dict[str, float] = {}
    size = int(FIRST_BATCH + (LAST_BATCH - FIRST_BATCH) * done)
    optimizer.learn_rate = FIRST_RATE + (LAST_RATE - FIRST_RATE) * done
    for start in range(0, len(step), size):
        nlp.update(step[start : start + size], sgd=optimizer, losses=losses, drop=DROPOUT)
    return losses


def _rounded(nlp: Any, shape: Shape, first: list[Sample]) -> Any:
    """Return a copy with weights of half precision; `first` is what `nlp` began with.

    They are stored at full width; half of each is zeros, which compress away in git and wheel.
    """
    fresh = blank(shape)
    fresh.initialize(lambda: examples(fresh, first))
    fresh.tokenizer.learn(known_words(more=trade_words()))
    model = fresh.get_pipe("ner").model.from_bytes(nlp.get_pipe("ner").model.to_bytes())
    for node in model.walk():
        for name in node.param_names:
            if node.has_param(name):
                values = node.get_param(name).astype(np.float16).astype(np.float32)
                node.set_param(name, values)
    return fresh


def main() -> None:
    """Train with the settings above and write the artefact."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--target", type=Path, default=TARGET)
    options = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":  # Faker has sets whose order is the hash's
        parser.error("set PYTHONHASHSEED=0, or the text differs each time (`make ner-model` does)")
    shape = Shape()
    nlp, told = train(shape, options.samples, options.seed)
    options.target.mkdir(parents=True, exist_ok=True)
    nlp.to_disk(options.target / "pipeline", exclude=["vocab"])  # it holds words of the text
    for name, words in {
        "given_names.txt": given(),
        "places.txt": places(),
        "also_words.txt": also_words(),
        "things.txt": many_things(),
    }.items():
        (options.target / name).write_text("\n".join(words) + "\n", encoding="utf-8")
    made = {
        "seed": options.seed,
        "samples": options.samples,
        "training_text_sha256": told,
        "weights_sha256": weights_digest(options.target),
        "shape": recipe(shape),
        "learning_rate": [FIRST_RATE, LAST_RATE],
        "batch": [FIRST_BATCH, LAST_BATCH],
        "dropout": DROPOUT,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in DISTRIBUTIONS},
    }
    (options.target / "RECIPE.json").write_text(json.dumps(made, indent=2) + "\n")


def weights_digest(target: Path) -> str:
    """Return the SHA-256 of the weights of an artefact."""
    return hashlib.sha256((target / "pipeline" / "ner" / "model").read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
