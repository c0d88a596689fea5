"""Whether a text is English, as far as the names model cares; pure.

Where all nouns have capitals, or hardly a word is known, an English model takes words for names.
"""

import re
from collections.abc import Container
from typing import Final

FEW: Final = 4
"""Words in small letters from which on their share of common ones tells."""

_WORD: Final = re.compile(r"(?<![^\W_])[^\W\d_]{2,}(?![^\W_])")
SMALL: Final = frozenset(
    """
    der das und ist nicht auch ein eine einen einem einer dem den zu mit auf für von wie sie ich wir
    mir mich uns bei nach aus sind kann können möchte wird werden beim zum zur über oder aber wenn
    dass noch schon nur habe haben bitte danke
    les une est et pas avec dans vous nous je qui que mais où votre vos sont aux cette ce ça
    être avoir merci
    el los las y del una con para por su pero como está están más muy qué gracias
    gli che è non sono della nel nella questo quando grazie
    uma não em dos das você obrigado isso
    het een niet van voor ik zijn wij ook maar naar bij deze dit wat hoe graag
    nie jest się jak czy dla proszę
    och att som är jag inte för på ett har
    og ikke jeg til
    ve bir için değil
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
"""Small words of other languages with Latin letters that are no English words."""


def is_foreign(text: str, common: Container[str]) -> bool:
    """Whether most words of `text` aren't `common` English ones: another language, or code."""
    small = english = foreign = 0
    for word in _WORD.findall(text):
        low = word.lower()
        if low in SMALL:
            foreign += 1
        elif word == low and len(word) > 2:
            small += 1
            english += low in common
    if foreign and foreign >= english:
        return True
    return small + foreign >= FEW and 2 * english < small + foreign
