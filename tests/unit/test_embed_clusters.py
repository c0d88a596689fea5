"""Complaints fall into the groups that a reader would make, the same ones every time."""

import random

import pytest

from stream_jobs.embed.clusters import REPRESENTATIVES, clusters

RETURNS = (
    "The return window is wrong, it is 30 days and not 14 days",
    "wrong number of days for a return, you say 14 days",
    "return window: 14 days? Your site says a return takes 30 days",
    "It told me 14 days for the return. Wrong window",
)
LINKS = (
    "the link to the invoice is broken",
    "broken link, invoice doesn't open",
    "I click the invoice link and get a 404, the link is broken",
)
RUDE = ("far too long and rude", "rude tone, and much too long an answer")


def test_groups_by_subject_the_largest_first() -> None:
    texts = [*LINKS, *RETURNS, *RUDE]
    random.Random(3).shuffle(texts)
    found = clusters(texts)
    groups = [{texts[index] for index in cluster.members} for cluster in found]
    assert groups == [set(RETURNS), set(LINKS), set(RUDE)]
    assert any("return" in term or "days" in term for term in found[0].terms)
    assert any("link" in term or "invoice" in term for term in found[1].terms)
    assert all(set(c.representatives) <= set(c.members) for c in found)
    assert len(found[0].representatives) == REPRESENTATIVES


def test_copies_count_and_show_once() -> None:
    texts = [RETURNS[0]] * 20 + list(LINKS)
    found = clusters(texts)
    assert [cluster.size for cluster in found] == [20, 3]
    assert found[0].representatives == (0,)


@pytest.mark.parametrize(
    ("texts", "sizes"),
    [
        ([], []),
        (["", "  "], []),
        (["no"], [1]),
        (["the", "is it?"], [2]),
        (["invoice"], [1]),
        (["invoice", "!!!"], [1, 1]),
        (["👍", "👎"], [2]),
    ],
    ids=["nothing", "blank", "a stop word", "stop words", "one word", "a word and none", "emoji"],
)
def test_little_to_say(texts: list[str], sizes: list[int]) -> None:
    assert [cluster.size for cluster in clusters(texts)] == sizes


def test_stand_ins_are_read_by_their_type() -> None:
    texts = [
        "my mail <EMAIL_ADDRESS:k1:aaaabbbbccccdddd> is wrong",
        "wrong mail <EMAIL_ADDRESS:k2:eeeeffffgggghhhh>",
        "price of the pro plan changed",
    ]
    found = clusters(texts)
    assert [cluster.members for cluster in found] == [(0, 1), (2,)]
    assert not any("aaaa" in term for cluster in found for term in cluster.terms)


def test_the_same_texts_give_the_same_groups() -> None:
    texts = [*LINKS, *RETURNS, *RUDE] * 3
    assert clusters(texts, 2) == clusters(texts, 2)
    assert len(clusters(texts, 2)) == 2
