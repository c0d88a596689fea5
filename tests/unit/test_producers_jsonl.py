"""Lines of JSON: every kind of bad line gets its number and a reason that says what to do."""

import gzip
import io
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.chunks import lines, plain
from producers.envelope import Envelope
from producers.jsonl import BadLine, read_events
from schemas.catalog import parsed
from schemas.codec import decode
from schemas.errors import FatalError
from schemas.settings import StageSettings

NOW_MS = 1_790_000_000_000
LIMITS = StageSettings()


def inference(number: int = 1, **changes: object) -> bytes:
    fields: dict[str, object] = {
        "type": "inference",
        "inference_id": f"i{number}",
        "session_id": "s",
        "tenant_id": "acme",
        "event_time": NOW_MS,
        "model_version": "m",
        "prompt_version": "p",
        "latency_ms": 1,
        "input_tokens": 1,
        "output_tokens": 1,
        "response": "TEXT",
        **changes,
    }
    return json.dumps({k: v for k, v in fields.items() if v is not ...}).encode()


def thumbs(**changes: object) -> bytes:
    fields: dict[str, object] = {
        "type": "feedback",
        "event_id": "f1",
        "inference_id": "i1",
        "session_id": "s",
        "tenant_id": "acme",
        "event_time": NOW_MS,
        "kind": "thumbs",
        "value": 1,
        **changes,
    }
    return json.dumps({k: v for k, v in fields.items() if v is not ...}).encode()


def read(data: bytes, chunk: int = 7, limits: StageSettings = LIMITS) -> list[Envelope | BadLine]:
    chunks = (data[i : i + chunk] for i in range(0, len(data), chunk))
    return list(read_events(plain(chunks), limits, lambda: NOW_MS))


@dataclass(frozen=True)
class Bad:
    name: str
    line: bytes
    reason: str  # a part of it


BAD = [
    Bad("not JSON", b'{"type": "inference", ', "not JSON"),
    Bad("unknown type", inference(type="inferrence"), 'expected one of "inference"'),
    Bad("no type", inference(type=...), 'no "type"'),
    Bad("missing id", thumbs(event_id=...), "missing required field `event_id`"),
    Bad(
        "wrong type", inference(latency_ms="fast"), "Expected `int`, got `str` - at `$.latency_ms`"
    ),
    Bad("time in seconds", inference(event_time=NOW_MS // 1000), "looks like seconds"),
    Bad("far future", inference(event_time=NOW_MS + 10**12), "check the sender's clock"),
    Bad("too large", inference(response="x" * 900_000), "the limit is 900000; shorten"),
    Bad("bad UTF-8", inference().replace(b"TEXT", b"caf\xe9"), "save the file as UTF-8"),
    Bad("lone surrogate", inference().replace(b"TEXT", b"\\ud800"), "lone surrogate"),
    Bad("half a pair", inference().replace(b"TEXT", b"a \\udc00 b"), "lone surrogate"),
    Bad("unknown enum", thumbs(kind="thumb"), "`$.kind`; expected one of thumbs, rating"),
    Bad("out of range", thumbs(value=3), "<= 1.0 - at `$.value`"),
    Bad("empty", b"", "empty; remove the line"),
    Bad("white space", b" \t", "empty; remove the line"),
    Bad("a list", b"[1, 2]", "not a JSON object"),
    Bad("unknown field", inference(temperature=0.7), "unknown field `temperature`"),
    Bad("needs a value", thumbs(value=...), "thumbs needs a value"),
    Bad("nested too deep", b'{"type":"inference","attributes":' + b"[" * 5_000, "not JSON"),
]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_a_bad_line_is_reported_and_the_lines_around_it_are_read(case: Bad) -> None:
    data = b"\n".join((inference(1), case.line, inference(2)))
    first, bad, last = read(data, chunk=4_096)
    assert isinstance(first, Envelope)
    assert isinstance(last, Envelope)
    assert (first.event_id, last.event_id) == ("i1", "i2")
    assert isinstance(bad, BadLine)
    assert bad.number == 2
    assert case.reason in bad.reason


def test_no_reason_quotes_a_value() -> None:
    secret = "maria.keller@gmail.com"
    for line in (
        thumbs(kind=secret),
        thumbs(value=secret),
        thumbs(author=secret),
        inference(type=secret),
        inference(latency_ms=secret),
        inference(messages=[{"role": "user", "content": [secret]}]),
        inference().replace(b"TEXT", secret.encode() + b"\\ud800"),
        inference().replace(b"TEXT", secret.encode() + b"\xff"),
        b'{"type": "inference", ' + secret.encode(),
    ):
        (bad,) = read(line)
        assert isinstance(bad, BadLine)
        assert secret not in bad.reason
        assert "maria" not in bad.reason


@dataclass(frozen=True)
class Shape:
    name: str
    data: bytes
    ids: tuple[str, ...]
    bad: tuple[int, ...] = ()


A, B = inference(1), inference(2)
SHAPES = [
    Shape("no newline at the end", A + b"\n" + B, ("i1", "i2")),
    Shape("newline at the end", A + b"\n" + B + b"\n", ("i1", "i2")),
    Shape("blank lines at the end", A + b"\n\n \n\n", ("i1",)),
    Shape("blank lines between", A + b"\n\n\n" + B, ("i1", "i2"), (2, 3)),
    Shape("blank line first", b"\n" + A, ("i1",), (1,)),
    Shape("CRLF", A + b"\r\n" + B + b"\r\n", ("i1", "i2")),
    Shape("CRLF, blank at the end", A + b"\r\n\r\n", ("i1",)),
    Shape("byte order mark", b"\xef\xbb\xbf" + A + b"\n" + B, ("i1", "i2")),
    Shape("nothing", b"", ()),
    Shape("one newline", b"\n", ()),
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
@pytest.mark.parametrize("zipped", [False, True])
def test_shapes_of_a_file(shape: Shape, zipped: bool) -> None:
    results = read(gzip.compress(shape.data) if zipped else shape.data)
    assert tuple(r.event_id for r in results if isinstance(r, Envelope)) == shape.ids
    assert tuple(r.number for r in results if isinstance(r, BadLine)) == shape.bad


def test_several_gzip_files_end_to_end_are_one() -> None:
    results = read(gzip.compress(A + b"\n") + gzip.compress(B + b"\n"))
    assert [r.event_id for r in results if isinstance(r, Envelope)] == ["i1", "i2"]


def test_damaged_gzip_is_an_error_not_an_end() -> None:
    whole = gzip.compress(A + b"\n" + B)
    with pytest.raises(FatalError, match="ends early"):
        read(whole[:-12])
    with pytest.raises(FatalError, match="damaged"):
        read(whole[:20] + b"\x00\x01\x02\x03" + whole[24:])


def test_a_huge_line_costs_no_memory_and_the_next_one_is_read() -> None:
    limits = StageSettings(max_record_bytes=10_000)

    def chunks() -> Iterator[bytes]:
        yield b'{"type": "inference", "response": "'
        for _ in range(200):
            yield b"x" * 1_000_000
        yield b'"}\n' + A

    tracemalloc.start()
    bad, good = read_events(chunks(), limits, lambda: NOW_MS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(bad, BadLine)
    assert "too_large: longer than 80000 bytes" in bad.reason
    assert isinstance(good, Envelope)
    assert peak < 10_000_000


def test_a_gzip_bomb_is_unpacked_in_steps() -> None:
    bomb = gzip.compress(b"x" * 100_000_000)
    assert max(map(len, plain([bomb]))) <= 1 << 20


def test_what_may_be_left_out_is_filled_in() -> None:
    (inferred, said) = read(inference(1) + b"\n" + thumbs())
    assert isinstance(inferred, Envelope)
    assert isinstance(said, Envelope)
    assert decode(parsed("Inference"), inferred.body)["status"] == "ok"
    record = decode(parsed("Feedback"), said.body)
    assert (record["author"], record["source"], record["value"]) == ("user", "unknown", 1.0)


@given(st.binary(max_size=400), st.integers(1, 50), st.integers(1, 60))
def test_lines_are_those_of_the_whole_whatever_the_chunks(
    data: bytes, chunk: int, limit: int
) -> None:
    pieces = [data[i : i + chunk] for i in range(0, len(data), chunk)]
    whole = data.split(b"\n")
    if not whole[-1]:
        whole.pop()
    # The mark counts towards the length, as the bytes are counted while they come.
    expected = [None if len(line) > limit else line for line in whole]
    if expected and expected[0] is not None:
        expected[0] = expected[0].removeprefix(b"\xef\xbb\xbf")
    assert list(lines(pieces, limit)) == expected


@given(st.binary(max_size=200))
def test_no_bytes_at_all_break_the_reader(data: bytes) -> None:
    stream = io.BytesIO(data.lstrip(b"\x1f"))
    for result in read_events(iter(lambda: stream.read(16), b""), LIMITS, lambda: NOW_MS):
        assert isinstance(result, BadLine)


def reason(line: bytes) -> str:
    [bad] = read(line)
    assert isinstance(bad, BadLine)
    return bad.reason


@pytest.mark.parametrize("name", ["jane@example.com", "415-555-2671", "BNPAFRPPXXX", "a` - at `b"])
def test_the_name_of_an_unknown_field_is_not_shown_if_it_may_be_personal(name: str) -> None:
    told = reason(json.dumps({"type": "inference", name: 1}).encode())
    assert name not in told
    assert "unknown field (its name may be personal: not shown)" in told
    assert "unknown field `latency`" in reason(b'{"type": "inference", "latency": 1}')
