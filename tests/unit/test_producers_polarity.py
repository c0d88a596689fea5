"""Polarity and `rated`, kind by kind, and that no kind of the contract was forgotten."""

import pytest

from schemas.polarity import BY_VALUE, FIXED, is_rated, polarity
from schemas.records import FEEDBACK_KINDS, INTERACTION_KINDS

CASES = [
    # kind, value, polarity, rated
    ("thumbs", 1.0, 1, True),
    ("thumbs", -1.0, -1, True),
    ("rating", 0.25, 1, True),
    ("rating", 0.0, 0, True),
    ("rating", -0.5, -1, True),
    ("label", None, 0, False),
    ("label", -1.0, -1, True),
    ("comment", None, 0, False),
    ("comment", 0.5, 1, True),
    ("correction", None, -1, True),
    ("correction", 1.0, -1, True),
    ("retract", None, 0, False),
    ("retract", -1.0, 0, False),
    ("copy", None, 1, False),
    ("click", None, 1, False),
    ("edit", None, 0, False),
    ("regenerate", None, -1, False),
    ("abandonment", None, -1, False),
    ("impression", None, 0, False),
    ("dwell", 31.5, 0, False),
    ("session_end", None, 0, False),
    ("unknown", -1.0, 0, False),
]


@pytest.mark.parametrize(("kind", "value", "sign", "rated"), CASES)
def test_polarity_and_rated(kind: str, value: float | None, sign: int, rated: bool) -> None:
    assert polarity(kind, value) == sign
    assert is_rated(kind, value) is rated


def test_every_kind_of_the_contract_has_a_polarity() -> None:
    assert {*FEEDBACK_KINDS, *INTERACTION_KINDS} - {"unknown"} == {*BY_VALUE, *FIXED}
