"""Which finds of the names model are refused, and what evidence lets a doubtful one pass."""

import pytest

from stream_jobs.redact.doubts import Doubts

DOUBTS = Doubts(
    common=("the", "smart", "fall", "in", "table", "box", "frame", "black", "inch", "bass", "deep"),
    known=("Emeka", "Ghent"),
)


@pytest.mark.parametrize(
    ("text", "found", "label", "refused"),
    [
        # calendar
        ("see you in March", "March", "PERSON", True),
        ("an extension in April.", "April", "PERSON", True),
        ("June 3 is fine", "June", "PERSON", True),
        ("ask April to come", "April", "PERSON", False),
        # common words
        ("with Deep Bass", "Deep Bass", "PERSON", True),
        ("Deep Oduya", "Deep Oduya", "PERSON", False),
        # code
        ("use pl.Config here", "pl.Config", "PERSON", True),
        ("use pl.Config here", "Config", "ORG", True),
        ("an ExampleDatabase is", "ExampleDatabase", "PERSON", True),
        ("Mr McDonald is", "McDonald", "PERSON", False),
        ("x = pl.Array(pl.Int8, 4)", "pl.Array(pl.Int8, 4", "ADDRESS", True),
        ("called Zed() twice", "Zed", "PERSON", True),
        # addresses
        ("TV, 55 Inch, Black Frame", "55 Inch, Black Frame", "ADDRESS", True),
        ("go to 12 Oak Street", "12 Oak Street", "ADDRESS", False),
        ("12 Kwetu Ngong, 00100 Nairobi", "12 Kwetu Ngong, 00100 Nairobi", "ADDRESS", False),
        # small letters need a word before them, a list, or a text without capitals
        ("All predicates are read", "predicates", "PERSON", True),
        ("Tell zuri that", "zuri", "PERSON", False),
        ("My wife zuri left", "zuri", "PERSON", False),
        ('{"city": "aalst"}', "aalst", "LOCATION", False),
        ("Here emeka left", "emeka", "PERSON", False),
        ("did zuri leave?", "zuri", "PERSON", False),
        ("did `zuri` leave?", "zuri", "PERSON", True),
        # capitals
        ("the UTC offset", "UTC", "ORG", True),
        ("I work at KLM now", "KLM", "ORG", False),
    ],
)
def test_refuses(text: str, found: str, label: str, refused: bool) -> None:
    start = text.rindex(found)
    assert DOUBTS.refuses(text, start, start + len(found), label) is refused
