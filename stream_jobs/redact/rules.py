"""The rules file of redaction: own patterns, context words, allow lists, treatments; with lines.

Takes text, reads no file. Every mistake at once, each with its line.
"""

from dataclasses import dataclass, field
from typing import Final

from schemas.errors import ConfigError
from stream_jobs.redact.own import Extras, OwnPattern
from stream_jobs.redact.policy import TypeTreatment, fault
from stream_jobs.redact.registry import RECOGNISERS
from stream_jobs.yaml_lines import Located, Problems

_SECTIONS: Final = {"patterns", "context", "allow", "treatments"}
_EXPECTED: Final = "a mapping with some of " + ", ".join(sorted(_SECTIONS))
_PATTERN_KEYS: Final = {"type", "pattern", "name", "context", "layer"}
_LAYERS: Final = ("patterns", "secrets")


@dataclass(frozen=True, slots=True)
class Rules:
    """What a rules file says, checked."""

    extras: Extras = field(default_factory=Extras)
    treatments: dict[str, TypeTreatment] = field(default_factory=dict)

    @property
    def own_types(self) -> frozenset[str]:
        """The types that only the file knows."""
        return frozenset(own.type for own in self.extras.patterns)


def load_rules(text: str, name: str) -> Rules:
    """Return the rules in `text`, the content of the file `name`.

    Raises ConfigError with one line `name:line: found; expected …` a mistake.
    """
    problems = Problems(name)
    root = problems.parse(text, _EXPECTED)
    rules = Rules() if root is None else _Reader(problems).read(root)
    problems.raise_if_any()
    return rules


class _Reader:
    def __init__(self, problems: Problems) -> None:
        self._problems = problems

    def read(self, root: Located) -> Rules:
        root.only(_SECTIONS)
        own = self._patterns(root) if "patterns" in root else ()
        words = self._context(root) if "context" in root else ()
        values, patterns = self._allow(root) if "allow" in root else ((), ())
        rules = Rules(Extras(own, words, values, patterns))
        if "treatments" in root:
            rules.treatments.update(self._treatments(root, rules.own_types))
        return rules

    def _patterns(self, root: Located) -> tuple[OwnPattern, ...]:
        found: tuple[OwnPattern, ...] = ()
        for one in root.items("patterns"):
            own = self._pattern(one)
            if own is not None and self._works(
                Extras((*found, own)), one.line_of("pattern"), "an RE2 pattern with a type and name"
            ):
                found = (*found, own)
        return found

    def _pattern(self, one: Located) -> OwnPattern | None:
        before = self._problems.count
        one.only(_PATTERN_KEYS)
        kind, pattern = one.text("type"), one.text("pattern")
        name = one.text("name") if "name" in one else f"{kind.lower()}:{one.line}"
        secret = "layer" in one and one.choice("layer", _LAYERS) == "secrets"
        words = tuple(word for _, word in one.texts("context"))
        if self._problems.count > before:
            return None
        return OwnPattern(name, kind, pattern, words, "secrets" if secret else "patterns")

    def _context(self, root: Located) -> tuple[tuple[str, tuple[str, ...]], ...]:
        inner = root.mapping("context")
        found = []
        for kind in inner or ():
            assert inner is not None
            entry = (kind, tuple(word for _, word in inner.texts(kind)))
            if self._works(
                Extras(words=(entry,)), inner.line_of(kind), "a type and words that stand beside it"
            ):
                found.append(entry)
        return tuple(found)

    def _allow(self, root: Located) -> tuple[tuple[str, ...], tuple[str, ...]]:
        inner = root.mapping("allow")
        if inner is None:
            return (), ()
        inner.only({"values", "patterns"})
        values = tuple(value for _, value in inner.texts("values"))
        patterns = tuple(
            pattern
            for line, pattern in inner.texts("patterns")
            if self._works(
                Extras(allow_patterns=(pattern,)), line, "an RE2 pattern of whole values"
            )
        )
        return values, patterns

    def _treatments(self, root: Located, own_types: frozenset[str]) -> dict[str, TypeTreatment]:
        inner = root.mapping("treatments")
        found: dict[str, TypeTreatment] = {}
        for kind in inner or ():
            assert inner is not None
            treatment = inner.data[kind]
            wrong = fault(kind, treatment, own_types)
            if wrong is None:
                found[kind] = treatment
            else:
                inner.wrong(kind, *wrong)
        return found

    def _works(self, extras: Extras, line: int, expected: str) -> bool:
        try:
            extras.recognisers(RECOGNISERS)
            extras.allowed()
        except ConfigError as error:
            self._problems.add(line, str(error), expected)
            return False
        return True
