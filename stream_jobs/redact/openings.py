"""A name that is a word as well (Ivy, Rob, Pearl) where it stands as that word; pure.

At the beginning of a sentence every word has a capital, so what follows has to tell: a verb says
that somebody does something (`Ivy called`), anything else that a thing is meant (`Pearl barley`).
"""

import re
from collections.abc import Container
from typing import Final

_BEGINNING: Final = re.compile(r"(?:^|[.!?:;|>\n]|(?:^|\n)\s{0,4}[-*#•]+|[\"“‘(])\s*$")
_FOLLOWING: Final = re.compile(r" ([a-z]+)\b(?! ?[=({])")
_JOINED: Final = re.compile(r"(?: (?:and|or|&)|,(?= [a-z]+(?:,| and| or|$))) ([a-z]{3,})\b")
_VERB: Final = re.compile(
    r"is|isn|was|wasn|has|hasn|had|will|won|would|can|could|did|didn|does|doesn|and|or|who|said|told|"
    r"wrote|left|came|went|got|gave|took|made|knew|thought|paid|sent|lost|won|met|never|always|just|"
    r"also|should|may|might|must|\w+ed"
)
_PARTNER: Final = frozenset(
    (
        *("the", "his", "her", "their", "our", "your", "they", "she", "all", "who", "everyone"),
        *("others", "please", "thanks", "thank", "sorry", "yes", "well", "okay", "hello", "dear"),
        *("you", "and", "but", "can", "could", "would", "will", "not", "even", "then"),
    )
)
"""What may follow a person's `and` or comma: somebody else, or what is said to them; no thing."""

_SMALL: Final = frozenset(
    """
    in at of to from with on for by as about after before into near over under via vs than
    without until since during if when because while but so then that which whose where why how
    what not no yes too now here there again already still only even once twice often soon later
    today tomorrow yesterday tonight please thanks thx pls lol u r ur im i you he she it we they
    me my your his her our their the a an this these are were be been do am have get sat ran saw
    felt kept held put cut let read rang spoke began broke brought bought built caught chose
    drove fell flew forgot found grew heard hit led quit rode rose sang set slept sold spent
    stood swore taught threw wore woke died
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
"""What may follow a person's name at the beginning of a sentence, besides the verbs above."""

CHARACTERS: Final = 60
"""How much before a word is looked at."""


def is_the_word(
    text: str, start: int, end: int, common: Container[str], things: Container[str] = ()
) -> bool:
    """Whether the word `text[start:end]` begins a sentence and does nothing in it.

    `common` are words in small letters, `things` those that are no verbs though they end in s.
    """
    if not _begins(text, start):
        return False
    if joined := _JOINED.match(text, end):
        other = joined[1]
        return other not in _PARTNER and not _is_verb(other, common, things)
    following = _FOLLOWING.match(text, end)
    return following is not None and not _is_verb(following[1], common, things)


def is_before_things(text: str, start: int, end: int, things: Container[str]) -> bool:
    """Whether the word `text[start:end]` begins a sentence and says which `things` are meant."""
    following = _FOLLOWING.match(text, end)
    return following is not None and following[1] in things and _begins(text, start)


def is_before_a_thing(
    text: str, start: int, end: int, common: Container[str], things: Container[str]
) -> bool:
    """Whether an unknown word at the beginning of a sentence stands before a common noun."""
    following = _FOLLOWING.match(text, end)
    if following is None or not _begins(text, start):
        return False
    word = following[1]
    plain = word in common and word not in _SMALL and not word.endswith(("ing", "ly"))
    return plain and not _is_verb(word, common, things)


def _begins(text: str, start: int) -> bool:
    return _BEGINNING.search(text[max(0, start - CHARACTERS) : start]) is not None


def _is_verb(word: str, common: Container[str], things: Container[str]) -> bool:
    """Whether a word in small letters may be what a person does: `asks`, and no `beaches`."""
    if _VERB.fullmatch(word):
        return True
    if not word.endswith("s") or word.endswith("ss") or word in things:
        return False
    stems = {word[:-1], word.removesuffix("es"), word.removesuffix("es") + "e"}
    return any(f"{stem.removesuffix('e')}ing" in common for stem in stems)
