"""Running text without names: documentation of the standard library, made-up sentences, languages.

The words of the documentation that are written small are the vocabulary of common words too.
"""

import ast
import importlib
import re
import sysconfig
from collections import Counter
from functools import cache
from pathlib import Path
from pydoc_data.topics import topics
from random import Random
from typing import Final

from faker.providers.lorem import en_US as english

from deploy.training.vocabulary import word_lists

_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+|\n\n")
_NAMES_A_PERSON: Final = re.compile(
    r"(?i)author|written by|copyright|contributed|@|\b(?:guido|tim|john|fred|smith|jack|jane|eric|"
    r"mark|paul|steve|bob|alice|van|de|zip|jim|barry|raymond|lundh|rossum|peters|knuth|python)\b"
)
_DOCUMENTED: Final = (ast.Module, ast.ClassDef, ast.FunctionDef)
_FOREIGN: Final = ("de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "da_DK", "cs_CZ", "la")


@cache
def sentences() -> tuple[str, ...]:
    """Return sentences of the documentation of the standard library that name nobody."""
    found: set[str] = set()
    for text in (*_docstrings(), *topics.values()):
        for sentence in _SENTENCE_END.split(text):
            line = " ".join(sentence.split())
            if 25 < len(line) < 220 and not _NAMES_A_PERSON.search(line):
                found.add(line)
    return tuple(sorted(found))


def _docstrings() -> list[str]:
    root = Path(sysconfig.get_paths()["stdlib"])
    paths = sorted([*root.glob("*.py"), *root.glob("*/*.py")])
    found = []
    for path in paths:
        if "test" in path.name or {"site-packages", "test", "idlelib"} & set(path.parts):
            continue
        tree = ast.walk(ast.parse(path.read_text(encoding="utf-8", errors="replace")))
        found += [ast.get_docstring(node) or "" for node in tree if isinstance(node, _DOCUMENTED)]
    return found


@cache
def common_words() -> tuple[str, ...]:
    """Return words that are ordinary English: everyday ones first, then those of documentation."""
    counts = Counter(word for line in sentences() for word in re.findall(r"\b[a-z]{2,18}\b", line))
    documented = sorted(word for word, count in counts.items() if count > 3)
    everyday = dict.fromkeys(english.Provider.word_list)
    return tuple(dict.fromkeys([*everyday, *documented]))


def plain(rng: Random) -> str:
    """Return a made-up sentence of common words that says nothing."""
    lists = word_lists("starts.txt")
    words = [_word(rng) for _ in range(rng.randint(3, 13))]
    if rng.random() < 0.8:
        words[0] = rng.choice(lists["starts"])
    else:
        words[0] = words[0].capitalize()
    return " ".join(words) + rng.choice((".", ".", ".", "!", "?", "", ":"))


def plain_lower(rng: Random) -> str:
    """Return a few common words."""
    return " ".join(_word(rng) for _ in range(rng.randint(2, 7)))


def plain_title(rng: Random) -> str:
    """Return a few common words, each with a capital."""
    return " ".join(_word(rng).capitalize() for _ in range(rng.randint(1, 5)))


def _word(rng: Random) -> str:
    words = common_words()
    return words[int(len(words) * rng.random() ** 2)]


def foreign(rng: Random) -> str:
    """Return a sentence of words of another language."""
    words = _foreign_words(rng.choice(_FOREIGN))
    chosen = [rng.choice(words) for _ in range(rng.randint(3, 12))]
    return " ".join(chosen).capitalize() + rng.choice((".", "?", "!", ""))


@cache
def _foreign_words(locale: str) -> tuple[str, ...]:
    module = importlib.import_module(f"faker.providers.lorem.{locale}")
    return tuple(module.Provider.word_list)
