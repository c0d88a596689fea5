"""Which finds of the names model are refused, and what evidence lets a doubtful one pass."""

import pytest

from stream_jobs.redact.doubts import Doubts

DOUBTS = Doubts(
    common=(
        *("the", "smart", "fall", "in", "table", "box", "frame", "black", "inch", "bass", "deep"),
        *("hook", "web", "compact", "under", "wood", "linen", "cover", "king", "size", "duvet"),
        *("wanting", "iced"),
    ),
    known=("Emeka", "Ghent", "Hope", "Nil", "Underwood", "Sage"),
    usual=("Hope", "Sage"),
    ambiguous=("hope", "sage", "green"),
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
        ("a Flat Black, Iced", "Flat Black, Iced", "ADDRESS", True),
        ("see Flat B, Oak House", "Flat B, Oak House", "ADDRESS", False),
        # values that are things
        ('{"theme": "Zorn Light"}', "Zorn Light", "ORG", True),
        ("level=info unit=Zorn", "Zorn", "PERSON", True),
        ("p { font-family: Ghent, serif; }", "Ghent", "LOCATION", True),
        ("the unit Zorn leads", "Zorn", "PERSON", False),
        ("@Zorn Clock clock() { return x; }", "Zorn", "PERSON", True),
        ("thanks @Zorn (again)", "Zorn", "PERSON", False),
        # small letters need a word before them, a list, or a text without capitals
        ("All predicates are read", "predicates", "PERSON", True),
        ("Tell zuri that", "zuri", "PERSON", False),
        ("My wife zuri left", "zuri", "PERSON", False),
        ('{"city": "aalst"}', "aalst", "LOCATION", False),
        ("Here emeka left", "emeka", "PERSON", False),
        ("did zuri leave?", "zuri", "PERSON", False),
        ("did `zuri` leave?", "zuri", "PERSON", True),
        # made of common words, and on no list
        ("see Webhooks for more", "Webhooks", "PERSON", True),
        ("ask Compactor then", "Compactor", "PERSON", True),
        ("ask Underwood then", "Underwood", "PERSON", False),
        ("the Kubelet is up", "Kubelet", "PERSON", True),
        ("see Kubelet is up", "Kubelet", "PERSON", False),
        # a word that is a name as well
        ("Sage advice is free", "Sage", "PERSON", True),
        ("Hope wants more", "Hope", "PERSON", False),
        ("with Hope we sing", "Hope", "PERSON", False),
        ("if err != nil { return }", "nil", "PERSON", True),
        ("The sage is out", "sage", "PERSON", True),
        ("Fall Green, Deep Sage, Iced", "Green, Deep Sage, Iced", "LOCATION", True),
        ("Linen Duvet Cover, King Size, Sage Green", "Sage Green", "PERSON", True),
        ("use Vec::new here", "Vec", "PERSON", True),
        # what is named after somebody
        ("by Zorn's lemma it is", "Zorn", "PERSON", True),
        ("a Zorn filter is", "Zorn", "PERSON", True),
        ("by Zorn's sister it is", "Zorn", "PERSON", False),
        ("over the Zorn mesh", "Zorn", "PERSON", True),
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
