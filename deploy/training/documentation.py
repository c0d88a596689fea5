"""Documentation and code of the standard library and of installed packages that name nobody.

Of other packages than those that `bench_names` measures false alarms on.
"""

import ast
import re
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from pydoc_data.topics import topics
from typing import Final

from deploy.training.vocabulary import SPLITS, family_names, given_names, towns, word_lists

PACKAGES: Final = (
    *("aiohttp", "attr", "click", "confluent_kafka", "cryptography", "dateutil", "duckdb"),
    *("fastavro", "httpx", "jinja2", "jsonschema", "mypy", "pytest", "rich", "spacy", "thinc"),
    *("typer", "virtualenv"),
)
"""Read beside the standard library; the modules on top and one folder down."""

MAX_MODULES: Final = 60  # of one package, so that none outweighs the others
MAX_PASSAGE: Final = 260
"""Characters of a passage: longer ones teach no more and take longer."""

_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+|\n\n")
_NAMES_A_PERSON: Final = re.compile(
    r"(?i)author|written by|copyright|contributed|@\w+\.\w|\b(?:guido|tim|john|fred|smith|jack|"
    r"jane|eric|mark|paul|steve|bob|alice|van|zip|jim|barry|raymond|lundh|rossum|peters|knuth|"
    r"google|microsoft|apple|amazon|ibm)\b"
)
_CAPITALISED: Final = re.compile(r"(?<![^\W_])[A-Z][a-zà-ÿ]{2,}(?![^\W_])")
_DOCUMENTED: Final = (ast.Module, ast.ClassDef, ast.FunctionDef)


@cache
def sentences() -> tuple[str, ...]:
    """Return sentences of documentation, white space made single."""
    found: set[str] = set()
    for text in (*_docstrings(), *topics.values()):
        for sentence in _SENTENCE_END.split(text):
            line = " ".join(sentence.split())
            if 25 < len(line) < 220 and _names_nobody(line):
                found.add(line)
    return tuple(sorted(found))


@cache
def passages() -> tuple[str, ...]:
    """Return pieces of documentation as they stand: lists, tables, examples, line breaks."""
    return _pieces(_docstrings())


@cache
def sources() -> tuple[str, ...]:
    """Return pieces of source code, comments included."""
    return _pieces(text for text, _ in _modules())


@cache
def module_names() -> tuple[str, ...]:
    """Return the names of the modules of the standard library and of PACKAGES."""
    return tuple(sorted({*sys.stdlib_module_names, *PACKAGES}))


def _pieces(texts: Iterator[str] | tuple[str, ...]) -> tuple[str, ...]:
    found: set[str] = set()
    for text in texts:
        piece = ""
        for line in text.splitlines(keepends=True):
            if piece and (len(piece) + len(line) > MAX_PASSAGE or len(piece) > len(found) % 200):
                found.add(piece.strip("\n"))
                piece = ""
            piece += line
        found.add(piece.strip("\n"))
    kept = (piece for piece in found if 25 < len(piece) <= MAX_PASSAGE and _names_nobody(piece))
    return tuple(sorted(kept))


def _names_nobody(text: str) -> bool:
    if _NAMES_A_PERSON.search(text):
        return False
    return _proper().isdisjoint(_CAPITALISED.findall(text))


@cache
def _proper() -> frozenset[str]:
    """Return usual names and large places: a text with one of them may name somebody."""
    places = word_lists("places.txt")
    usual = (given_names(s)[0] + family_names(s)[0] + towns(s)[0] for s in SPLITS)
    return frozenset((*(n for names in usual for n in names), *places["countries"]))


@cache
def _docstrings() -> tuple[str, ...]:
    return tuple(
        ast.get_docstring(node) or ""
        for _, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, _DOCUMENTED)
    )


@cache
def _modules() -> tuple[tuple[str, ast.Module], ...]:
    """Return the text and the tree of each module that is read."""
    paths = sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))
    for package in PACKAGES:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"{package} is not installed: run make setup")
        root = Path(spec.origin).parent
        paths += sorted((*root.glob("*.py"), *root.glob("*/*.py")))[:MAX_MODULES]
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in paths)
    return tuple((text, ast.parse(text)) for text in texts)
