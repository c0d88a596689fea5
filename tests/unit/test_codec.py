"""The wire format's frame: the id in front of a body is a signed int, whatever bytes come."""

import pytest

from schemas.catalog import parsed
from schemas.codec import PREFIX_BYTES, decode, frame, schema_id
from schemas.dead_letters import dead_letter, dead_letter_body
from schemas.errors import UndecodableRecord

LARGEST = 2**31 - 1


@pytest.mark.parametrize("number", [0, 1, LARGEST])
def test_an_id_comes_back_from_its_frame(number: int) -> None:
    assert schema_id(frame(number, b"body")) == number


def test_an_id_of_garbage_fits_the_dead_letter_that_names_it() -> None:
    number = schema_id(b"\x00\xff\xff\xff\xff and more")
    assert number == -1
    error = UndecodableRecord("unknown_schema", "none")
    body = dead_letter_body(dead_letter("join", ("t", 0, 1), error, 0, number), 12)
    letter = decode(parsed("DeadLetter"), body[PREFIX_BYTES:])
    assert -LARGEST - 1 <= letter["schema_id"] == number
