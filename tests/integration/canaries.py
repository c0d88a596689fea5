"""Personal data of every type, in every string of every record, and a search for all of it."""

import re
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

import re2

from schemas.catalog import definition
from schemas.settings import RedactSettings
from stream_jobs.redact.keys import parse_keys
from stream_jobs.redact.redactor import Redactor
from stream_jobs.redact.treatment import Text, compile_plan
from tests.benchmarks.redact.corpus import corpus

KEYS: Final = parse_keys("k1:" + "QUFB" * 11)
RECORDS: Final = {"inference": "Inference", "feedback": "Feedback", "interaction": "Interaction"}
SEED: Final = 20_261_121
TENANT: Final = "canaries"
START_MS: Final = time.time_ns() // 1_000_000 - 3_600_000  # older texts leave the hot store


def texts_by_type() -> dict[str, tuple[str, str]]:
    """Return, per type, a text and the value of that type in it that redaction finds there."""
    redactor = Redactor(RedactSettings(), KEYS)
    found: dict[str, tuple[str, str]] = {}
    for sample in corpus(SEED, 600, "development"):
        redacted, _ = redactor.redact_text(sample.text, TENANT)
        for span in sample.spans:
            value = sample.text[span.start : span.end]
            if len(value) >= 8 and value not in redacted and value.isascii():
                found.setdefault(span.type, (sample.text, value))
    return found


def event(kind: str, number: int, text: str, address: str) -> dict[str, Any]:
    """Return the event `number` of a kind, `text` in every free text, `address` in every key.

    An address is what may stand in a key by accident; ids of the same number lead to each other.
    """
    base = _BASES[kind](number, address)
    for path, told in compile_plan(definition(RECORDS[kind])).texts():
        if told.treatment != "keep":
            _put(base, path, told, text)
    return base


def _put(record: dict[str, Any], path: str, told: Text, text: str) -> None:
    name, _, inner = path.partition("[].")
    if inner:
        _put(record[name][0], inner, told, text)
    elif path.endswith("{key}"):
        record[path[:-5]][text] = "plain"
    elif path.endswith("{}"):
        record[path[:-2]]["note"] = text
    else:
        record[path] = text


def _common(number: int, address: str) -> dict[str, Any]:
    return {
        "session_id": f"s{number}-{address}",
        "tenant_id": TENANT,
        "event_time": START_MS + number * 1_000,
    }


def _inference(number: int, address: str) -> dict[str, Any]:
    return {
        **_common(number, address),
        "inference_id": f"i{number}-{address}",
        "model_version": f"m-{address}",
        "prompt_version": f"p-{address}",
        "segment": address,
        "language": address,
        "latency_ms": 5,
        "input_tokens": 5,
        "output_tokens": 5,
        "attributes": {},
        "retrieved": [{"doc_id": f"d-{address}", "score": 0.5}],
        "messages": [{"role": f"user-{address}", "content": ""}],
        "response": "",
    }


def _feedback(number: int, address: str) -> dict[str, Any]:
    return {
        **_common(number, address),
        "event_id": f"f{number}-{address}",
        "inference_id": f"i{number}-{address}",
        "kind": "thumbs",
        "value": -1.0,
        "source": f"chat-{address}",
        "retracts": f"f{number - 1}-{address}",
    }


def _interaction(number: int, address: str) -> dict[str, Any]:
    return {
        **_common(number, address),
        "event_id": f"x{number}-{address}",
        "inference_id": f"i{number}-{address}",
        "kind": "edit",
    }


_BASES: Final = {"inference": _inference, "feedback": _feedback, "interaction": _interaction}


def address(number: int) -> str:
    """Return the address that stands in the keys of event `number`."""
    return f"canary{number}.in.a.key@example.com"


ADDRESSES: Final = rb"canary[0-9]+\.in\.a\.key@example\.com"


class Search:
    """Finds any of some values, and every `address`, in bytes, however large both are."""

    def __init__(self, values: Iterable[str]) -> None:
        given = [*values]
        found = sorted({*given, *(value.replace('"', '\\"') for value in given)})
        options = re2.Options()
        options.max_mem = 256 << 20
        literals = [re.escape(value.encode()) for value in found]
        self._pattern = re2.compile(b"|".join([*literals, ADDRESSES]), options)

    def within(self, body: bytes) -> set[str]:
        """Return the values that `body` holds."""
        return {match.group().decode() for match in self._pattern.finditer(body)}


def strings(value: Any) -> Iterator[bytes]:
    """Yield every string at any depth of `value`, keys of mappings too."""
    if isinstance(value, str):
        yield value.encode(errors="surrogatepass")
    elif isinstance(value, bytes):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from strings(key)
            yield from strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from strings(inner)
