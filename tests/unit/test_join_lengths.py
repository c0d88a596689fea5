"""Lengths read from bytes are those of the decoded texts; what ends too early is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalog import parsed
from schemas.codec import decode_head_to, encode
from schemas.errors import UndecodableRecord
from stream_jobs.join.heads import head_schema
from stream_jobs.join.lengths import lengths
from tests.unit.join_driver import inference

messages = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "used"]), "content": st.text(max_size=200)}
    ),
    max_size=5,
)


def encoded(said: list[dict[str, str]], response: str) -> tuple[bytes, int]:
    record: dict[str, Any] = inference("i", 0, messages=said, response=response)[1]
    body = encode(parsed("Inference"), record)
    return body, decode_head_to(head_schema("Inference"), body)[1]


@given(messages, st.text(max_size=300))
def test_lengths_are_those_of_the_texts(said: list[dict[str, str]], response: str) -> None:
    asked = [m["content"] for m in said if m["role"] == "user"]
    expected = (len(asked[-1].encode()) if asked else 0, len(response.encode()))
    assert lengths(*encoded(said, response)) == expected


@given(messages, st.data())
def test_a_body_that_ends_too_early_is_refused(said: list[dict[str, str]], data: Any) -> None:
    body, at = encoded(said, "an answer")
    cut = data.draw(st.integers(at, len(body) - 1))
    with pytest.raises(UndecodableRecord):
        lengths(body[:cut], at)
