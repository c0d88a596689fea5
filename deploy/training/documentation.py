"""Sentences of the documentation of the standard library that name nobody."""

import ast
import re
import sysconfig
from functools import cache
from pathlib import Path
from pydoc_data.topics import topics
from typing import Final

_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+|\n\n")
_NAMES_A_PERSON: Final = re.compile(
    r"(?i)author|written by|copyright|contributed|@|\b(?:guido|tim|john|fred|smith|jack|jane|eric|"
    r"mark|paul|steve|bob|alice|van|de|zip|jim|barry|raymond|lundh|rossum|peters|knuth|python)\b"
)
_DOCUMENTED: Final = (ast.Module, ast.ClassDef, ast.FunctionDef)


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
    paths = sorted(root.glob("*.py"))
    found = []
    for path in paths:
        tree = ast.walk(ast.parse(path.read_text(encoding="utf-8", errors="replace")))
        found += [ast.get_docstring(node) or "" for node in tree if isinstance(node, _DOCUMENTED)]
    return found
