"""Redaction fails closed: what can't be scanned is never passed on, and never quoted."""

import base64
import logging
import re
import time
from collections import Counter
from collections.abc import Sequence

import pytest

from schemas.settings import RedactSettings
from stream_jobs.redact import scan as scan_module
from stream_jobs.redact.keys import parse_keys
from stream_jobs.redact.recogniser import Recogniser
from stream_jobs.redact.redactor import Redactor
from stream_jobs.redact.scan import Scanner
from stream_jobs.redact.spans import Span
from stream_jobs.redact.treatment import compile_plan
from tests.benchmarks.redact.speed import crowded

KEYS = parse_keys("k1:" + base64.b64encode(b"a" * 32).decode())
PLAN = compile_plan({"type": "record", "name": "R", "fields": [{"name": "text", "type": "string"}]})


class PoisonedNames:
    """Finds nothing, and fails on every batch that holds the poison."""

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        for text in texts:
            if "poison" in text:
                raise ValueError(f"can't read {text}")
        return [[] for _ in texts]


def _broken(match: re.Match[str]) -> tuple[int, int] | str:
    raise RuntimeError(f"no idea about {match.string}")


BROKEN = Recogniser("broken", "X", "patterns", "poison", re.compile("poison"), _broken)


def test_too_long() -> None:
    redactor = Redactor(RedactSettings(max_text_chars=20), KEYS)
    assert redactor.redact_text("x" * 20, "a")[0] == "x" * 20
    text, spans = redactor.redact_text("x" * 21, "a")
    assert text == "<UNSCANNED:too_long>"
    assert spans == [Span(0, 21, "UNSCANNED", "guard")]
    assert redactor.redact_text(text, "a") == (text, [])


def test_the_model_fails_on_one_text_of_a_batch(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    redactor = Redactor(RedactSettings(), KEYS, PoisonedNames())
    records = [{"text": "good"}, {"text": "poison here"}, {"text": "a@b.com"}]
    results = redactor.redact_records(PLAN, records, ["t"] * 3)
    assert [record["text"] for record, _ in results][:2] == ["good", "<UNSCANNED:model_failed>"]
    assert [counts for _, counts in results] == [
        Counter(),
        Counter({"UNSCANNED:model_failed": 1}),
        Counter({"EMAIL_ADDRESS": 1}),
    ]
    assert "poison" not in caplog.text


def test_a_recogniser_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    redactor = Redactor(RedactSettings(), KEYS)
    monkeypatch.setattr(redactor, "_scanner", Scanner((*scan_module.RECOGNISERS, BROKEN)))
    [(poisoned, counts), (good, _)] = redactor.redact_records(
        PLAN, [{"text": "poison a@b.com"}, {"text": "good"}], ["t", "t"]
    )
    assert poisoned == {"text": "<UNSCANNED:recogniser_failed>"}
    assert counts == Counter({"UNSCANNED:recogniser_failed": 1})
    assert good == {"text": "good"}
    assert "poison" not in caplog.text


def test_a_gate_without_an_answer_lets_all_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scanner = Scanner()
    monkeypatch.setattr(scanner._gate, "_set", Silent())
    assert [span.type for span in scanner.once("mail a@b.com")] == ["EMAIL_ADDRESS"]


class Silent:
    """RE2 when it has run out of memory."""

    def Match(self, _: str) -> None:  # noqa: N802 - RE2's name
        return None


@pytest.mark.parametrize(
    "part",
    [
        *("a@", "1", "123-", "555-123-456 ", "ab:", "+1 2 ", "password='", "a at b dot ", "(1) "),
        *("DE89 3704 ", "eyJaaaaaaaaaa.", "a://b:", "<EMAIL_ADDRESS:k1:", "1\u200b"),
        *("-----BEGIN PRIVATE KEY-----", "2024-01-15 a@b.com ", "40.712776 -74.005974\n"),
        *("40.712776 -74.005974 ", "ssn 536228145 ", "phone\n4155552671 "),
    ],
)
def test_hostile_texts_take_linear_time(part: str) -> None:
    redactor = Redactor(RedactSettings(), KEYS)
    times = []
    for length in (20_000, 160_000):
        text = (part * length)[:length]
        start = time.process_time()
        redactor.redact_text(text, "a")
        times.append(time.process_time() - start)
    assert times[1] < max(0.05, times[0]) * 8 * 3  # eight times the text; quadratic would be 64


def test_values_behind_values_end_in_a_label(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_module, "MAX_WORK", 0)
    monkeypatch.setattr(scan_module, "FREE_WORK", 0)
    text, _ = Redactor(RedactSettings(), KEYS).redact_text("mail a@b.com", "t")
    assert text == "<UNSCANNED:recogniser_failed>"


@pytest.mark.parametrize(
    "row", ["40.712776 -74.005974 ", "40.712776, -74.005974 ", "40.712776 -74.005974\n"]
)
def test_a_long_row_of_coordinates_is_found_at_once(row: str) -> None:
    text, spans = Redactor(RedactSettings(), KEYS).redact_text(row * 2_000, "t")
    assert {span.type for span in spans} == {"GPS_COORDINATES"}
    assert "40.71" not in text


@pytest.mark.parametrize("kind", ["cards and accounts", "tokens", "phones of many"])
def test_texts_full_of_different_values_take_linear_time(kind: str) -> None:
    redactor = Redactor(RedactSettings(), KEYS)
    redactor.redact_text(crowded(5_000)[kind], "a")
    times = []
    for size in (20_000, 80_000):
        start = time.process_time()
        redactor.redact_text(crowded(size)[kind], "a")
        times.append(time.process_time() - start)
    assert times[1] < max(0.05, times[0]) * 4 * 3  # when the gate fell back it was fifty times


def test_a_replacement_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(kind: str, value: str) -> str:
        raise ValueError(f"no idea about {kind} {value}")

    monkeypatch.setattr("stream_jobs.redact.pseudonyms.normalise", broken)
    redactor = Redactor(RedactSettings(), KEYS)
    text, spans = redactor.redact_text("mail a@b.com", "t")
    assert text == "<UNSCANNED:replacement_failed>"
    assert spans == [Span(0, 12, "UNSCANNED", "guard")]
