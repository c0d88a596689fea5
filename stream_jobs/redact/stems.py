"""Words made of common ones: with another beginning or end (`deserialised`), or of two (`webhook`).

Pure. Names are made in the same ways (Browning, Underwood): ask lists of names first.
"""

from collections.abc import Container, Iterator, Mapping
from typing import Final

MAX_WORD: Final = 24
"""Letters of a word that is looked at: nobody writes longer ones."""

SHORT, LONG = 3, 4
"""Letters of the parts of a word made of two: of either, and of the longer one."""

_PREFIXES: Final = (
    *("un", "re", "de", "pre", "non", "sub", "over", "mis", "dis", "inter", "multi", "in", "im"),
    *("out", "under", "auto", "semi", "micro", "super", "anti", "co", "trans", "counter"),
)
ENDS: Final = {
    "s": ("",), "es": ("", "e"), "ies": ("y",), "ed": ("", "e"), "ing": ("", "e"), "ly": ("", "le"),
    "ness": ("",), "less": ("",), "ful": ("",), "able": ("", "e"), "ation": ("", "e"),
    "ion": ("", "e"),
    "ity": ("", "e"), "ize": ("", "y"), "ized": ("", "y"), "izing": ("", "y"), "ise": ("", "y"),
    "ised": ("", "y"), "ising": ("", "y"), "al": ("",), "ic": ("", "y"), "ism": ("",), "ish": ("",),
    "ment": ("",), "ments": ("",), "iness": ("y",), "ier": ("y",), "iest": ("y",), "er": ("", "e"),
    "ability": ("able",), "ically": ("ic",),
}  # fmt: skip
"""What may stand behind a word, and what the end took the place of."""

MORE_ENDS: Final = {**ENDS, "or": ("", "e"), "ist": ("", "e", "y")}
"""Ends that make a word of ours, too; the training text is made with those of ENDS."""


def is_derived(
    word: str, known: Container[str], ends: Mapping[str, tuple[str, ...]] = ENDS
) -> bool:
    """Whether `word`, in small letters, is a `known` one with another beginning or end."""
    bare = {word, *(word.removeprefix(prefix) for prefix in _PREFIXES)}
    stems = {stem for form in bare for stem in _stems(form, ends)} | bare - {word}
    return any(len(stem) > 3 and stem in known for stem in stems)


def is_compound(word: str, known: Container[str]) -> bool:
    """Whether `word`, in small letters, is two `known` ones, perhaps with an s at its end."""
    if len(word) > MAX_WORD:
        return False
    return any(_is_joined(form, known) for form in {word, word.removesuffix("s")})


def _is_joined(word: str, known: Container[str]) -> bool:
    return any(
        max(at, len(word) - at) >= LONG and word[:at] in known and word[at:] in known
        for at in range(SHORT, len(word) - SHORT + 1)
    )


def _stems(word: str, ends: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for end, replacements in ends.items():
        if word.endswith(end):
            yield from (word.removesuffix(end) + replacement for replacement in replacements)
