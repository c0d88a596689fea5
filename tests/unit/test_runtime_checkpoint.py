"""Checkpoints as bytes: round trip, and what each broken one tells the person who must act."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import CorruptStateError
from stream_jobs.runtime.checkpoint import MAGIC, VERSION, Checkpoint, pack, unpack

WHERE = "feedloop.checkpoints.join, partition 3"
ROOM = 1 << 20
OFFSETS = st.dictionaries(st.text(max_size=20), st.integers(0, 2**63 - 1), max_size=4)
CHECKPOINTS = st.builds(
    Checkpoint,
    stage=st.sampled_from(("redact", "join", "decide")),
    partition=st.integers(0, 10_000),
    next=OFFSETS,
    rewind=OFFSETS,
    topic_ids=st.dictionaries(st.text(max_size=20), st.text(max_size=30), max_size=4),
    state=st.binary(max_size=500),
)
ONE = Checkpoint(
    stage="join", partition=3, next={"a": 9}, rewind={"a": 4}, topic_ids={"a": "x"}, state=b"state"
)


@given(CHECKPOINTS)
def test_round_trip(checkpoint: Checkpoint) -> None:
    assert unpack(pack(checkpoint, ROOM), WHERE, "join") == checkpoint


@given(CHECKPOINTS, st.data())
def test_a_changed_byte_is_always_noticed(checkpoint: Checkpoint, data: st.DataObject) -> None:
    body = bytearray(pack(checkpoint, ROOM))
    place = data.draw(st.integers(0, len(body) - 1))
    body[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CorruptStateError, match="partition 3"):
        unpack(bytes(body), WHERE, "join")


@dataclass(frozen=True)
class Case:
    name: str
    change: Callable[[bytes], bytes]
    says: str
    next_step: str = "No offset was moved. `feedloop recover join` shows what is lost"


def wrapped(body: bytes) -> bytes:
    return MAGIC + bytes([VERSION]) + zlib.crc32(body).to_bytes(4, "big") + body


CASES = [
    Case("nothing", lambda _: b"", "not a feedloop checkpoint"),
    Case("shorter than its header", lambda data: data[:8], "not a feedloop checkpoint"),
    Case("something else", lambda data: b"XXXX" + data[4:], "not a feedloop checkpoint"),
    Case(
        "of a later version",
        lambda data: data[:4] + bytes([VERSION + 1]) + data[5:],
        f"checkpoint version {VERSION + 1}, this feedloop reads version {VERSION}",
        "Run that one, nothing is lost then. Else: No offset was moved. `feedloop recover join`",
    ),
    Case("torn", lambda data: data[:-1], "damaged (CRC differs)"),
    Case("not compressed", lambda _: wrapped(b"plain"), "incorrect header check"),
    Case(
        "with a field that we don't know",
        lambda _: wrapped(zlib.compress(msgspec.msgpack.encode({"surprise": 1}))),
        "unknown field `surprise`",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_cannot_be_read_says_where_it_lies_and_what_to_do(case: Case) -> None:
    with pytest.raises(CorruptStateError) as caught:
        unpack(case.change(pack(ONE, ROOM)), WHERE, "join")
    said = str(caught.value)
    assert said.startswith(WHERE + ": ")
    assert case.says in said
    assert case.next_step in said


def test_too_big_names_the_stage_both_sizes_and_the_setting() -> None:
    big = msgspec.structs.replace(ONE, state=bytes(range(256)) * 4)
    size = len(pack(big, ROOM)) - 9  # the header is not counted
    assert unpack(pack(big, size), WHERE, "join") == big
    with pytest.raises(CorruptStateError) as caught:
        pack(big, size - 1)
    said = str(caught.value)
    assert said.startswith(f"checkpoint of join, partition 3, is {size} bytes, more than ")
    assert f"FEEDLOOP_STAGE_MAX_CHECKPOINT_BYTES={size - 1}. Raise the setting" in said
