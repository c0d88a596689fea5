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
    assert DOUBTS.refuses(text, start, start + len(found), label, foreign=False) is refused


def test_a_part_of_a_heading_is_no_name_unless_it_is_a_usual_one() -> None:
    doubts = Doubts({"speaker", "with", "deep", "lights", "loud", "wireless"}, (), {"jordan"})
    for name, refused in (("Bass", True), ("Jordan", False)):
        text = f"Wireless Speaker with Deep {name}, Loud Lights"
        start = text.index(name)
        assert doubts.refuses(text, start, start + len(name), "PERSON", foreign=False) is refused
    said = "then Bass laughed at the wireless speaker"
    assert not doubts.refuses(said, 5, 9, "PERSON", foreign=False)


def test_a_key_is_no_name() -> None:
    text = '{"carrier": "Express"}'
    assert Doubts(set()).refuses(text, 2, 9, "PERSON", foreign=False)
