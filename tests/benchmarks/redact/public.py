"""A public synthetic set that nothing was developed with: `make bench-redact PUBLIC=FILE`.

It is `data/synth_dataset_v2.json` of presidio-evaluator (MIT), which only its source archive holds:

    pip download --no-deps --no-binary :all: presidio-evaluator==0.3.2
    tar xzf presidio_evaluator-0.3.2.tar.gz presidio_evaluator-0.3.2/data/synth_dataset_v2.json

Exits 1 if a promise is broken. Don't tune on it: it would be no longer kept aside.
"""

import base64
import json
import sys
from pathlib import Path

from schemas.settings import RedactSettings, Secret
from stream_jobs.redact.build import build_redactor
from tests.benchmarks.redact import accuracy
from tests.benchmarks.redact.accuracy import Marked
from tests.benchmarks.redact.bounds import Bounds
from tests.benchmarks.redact.score import by_type, touched

KEY = "k1:" + base64.b64encode(b"0" * 32).decode()
TYPES = {
    "STREET_ADDRESS": "LOCATION",
    "GPE": "LOCATION",
    **{
        kind: kind
        for kind in (
            *("PERSON", "ORGANIZATION", "CREDIT_CARD", "PHONE_NUMBER", "EMAIL_ADDRESS"),
            *("IBAN_CODE", "US_SSN", "IP_ADDRESS", "US_DRIVER_LICENSE"),
        )
    },
}
"""What the types of the set are called here; its ages, titles, dates and nationalities are left."""


def texts(file: Path) -> list[Marked]:
    """Return the texts of the set with the spans that redaction should find."""
    return [
        accuracy.marked(
            one["full_text"],
            [
                (span["start_position"], span["end_position"], TYPES[span["entity_type"]])
                for span in one["spans"]
                if span["entity_type"] in TYPES
            ],
        )
        for one in json.loads(file.read_text(encoding="utf-8"))
    ]


def main(file: str) -> int:
    """Print a table of scores; return 1 if a promise is broken."""
    bounds, marked = Bounds(), texts(Path(file))
    redactor = build_redactor(RedactSettings(keys=Secret(KEY)))
    found = accuracy.ours(redactor, [text.text for text in marked])
    truth = [text.spans for text in marked]
    kinds = set(TYPES.values())
    scores = by_type(truth, [[span for span in of if span.type in kinds] for of in found])
    print(f"{'type':<20} {'n':>6} {'P':>7} {'R':>7} {'F1':>7}")
    for kind, score in scores.items():
        print(
            f"{kind:<20} {score.true:>6,} {score.precision:>7.3f} {score.recall:>7.3f} "
            f"{score.f():>7.3f}"
        )
    print("F1 of PERSON:", bounds.least("person_f1_public", scores["PERSON"].f(), 0.62))
    print(f"share of spans at least touched: {touched(truth, found):.3f}")
    return 1 if bounds.broken else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
