"""What lists of names mend, add, and leave alone."""

import pytest

from stream_jobs.redact.gazetteer import Gazetteer
from stream_jobs.redact.spans import Span

GAZETTEER = Gazetteer(
    given=("Ada", "Paris", "Emeka"),
    places=("Paris", "Syria", "New York"),
    common=("landlady", "the", "is", "wants", "rent", "in", "bank"),
)


def spans(text: str, *found: tuple[str, str]) -> list[Span]:
    return [Span(text.index(n), text.index(n) + len(n), kind, "names") for n, kind in found]


@pytest.mark.parametrize(
    ("text", "model", "mended"),
    [
        # trimmed: common words at the ends of a person are none of its name
        ("Landlady Ada Boone", [("Landlady Ada Boone", "PERSON")], [("Ada Boone", "PERSON")]),
        ("Ada Boone wants rent", [("Ada Boone wants", "PERSON")], [("Ada Boone", "PERSON")]),
        ("the Rent", [("the Rent", "PERSON")], [("the Rent", "PERSON")]),
        ("Landlady Bank", [("Landlady Bank", "ORGANIZATION")], [("Landlady Bank", "ORGANIZATION")]),
        # retyped
        ("in Syria", [("Syria", "PERSON")], [("Syria", "LOCATION")]),
        ("is Emeka in", [("Emeka", "LOCATION")], [("Emeka", "PERSON")]),
        # added, with the unknown words with a capital that follow
        (
            "is Ada Boone-Lee in New York",
            [],
            [("Ada Boone-Lee", "PERSON"), ("New York", "LOCATION")],
        ),
        ("is Emeka O'Neil in", [], [("Emeka O'Neil", "PERSON")]),
        ("Ada Wants the Rent", [], [("Ada", "PERSON")]),
        # left alone
        ("is ada in", [], []),
        ("is Boone in", [], []),
        ("is Ada, Boone", [("Ada", "PERSON")], [("Ada", "PERSON")]),
        # extended
        ("is Zoe Boone in", [("Zoe", "PERSON")], [("Zoe Boone", "PERSON")]),
        ("ZOE BOONE", [("ZOE", "PERSON")], [("ZOE", "PERSON")]),
        ("is Zoe Wants", [("Zoe", "PERSON")], [("Zoe", "PERSON")]),
    ],
)
def test_mend(text: str, model: list[tuple[str, str]], mended: list[tuple[str, str]]) -> None:
    assert GAZETTEER.mend(text, spans(text, *model)) == spans(text, *mended)
