"""What becomes of a found value, by its type: a pseudonym, a label, nothing, its last four, itself.

Without a word about a type it is as `labels.PLAIN_TYPES` says: a plain label for the most telling
ones, a pseudonym for all others.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from schemas.errors import ConfigError
from stream_jobs.redact.labels import KEYED_TYPES, PLAIN_TYPES

TypeTreatment = Literal["pseudonym", "label", "partial", "drop", "keep"]
"""`pseudonym`: `<PERSON:k1:…>`; `label`: `<PERSON>`; `partial`: `<PHONE_NUMBER:*2671>`; `drop`:
nothing is left; `keep`: the type is not looked for."""

TYPE_TREATMENTS: Final[tuple[str, ...]] = get_args(TypeTreatment)
SETTING: Final = "FEEDLOOP_REDACT_TREATMENTS"
SECRET: Final = "SECRET"  # noqa: S105 - a type, not one
NOT_FOR_SECRETS: Final = frozenset(("keep", "partial"))


@dataclass(frozen=True, slots=True)
class Policy:
    """The treatment of every type; immutable."""

    by_type: Mapping[str, TypeTreatment] = field(default_factory=dict)
    own_types: frozenset[str] = frozenset()  # of the rules file

    def of(self, kind: str) -> TypeTreatment:
        """Return what becomes of a value of `kind`."""
        return self.by_type.get(kind) or ("label" if kind in PLAIN_TYPES else "pseudonym")

    @property
    def kept(self) -> frozenset[str]:
        """The types that nobody looks for."""
        return frozenset(kind for kind, told in self.by_type.items() if told == "keep")

    @property
    def drops(self) -> bool:
        """Whether values of any type leave nothing behind."""
        return "drop" in self.by_type.values()


def fault(kind: str, treatment: str, own_types: Iterable[str] = ()) -> tuple[str, str] | None:
    """Return what is wrong with `treatment` for `kind`, and what was expected; None if nothing."""
    known = {*PLAIN_TYPES, *KEYED_TYPES, *own_types}
    if kind not in known:
        return f"no type {kind!r}", "one of " + ", ".join(sorted(known))
    if treatment not in TYPE_TREATMENTS:
        return f"{treatment!r}", "one of " + ", ".join(TYPE_TREATMENTS)
    if kind == SECRET and treatment in NOT_FOR_SECRETS:
        allowed = [name for name in TYPE_TREATMENTS if name not in NOT_FOR_SECRETS]
        return f"{treatment!r} for {SECRET}", "one of " + ", ".join(allowed)
    return None


def parse_treatments(text: str, own_types: Iterable[str] = ()) -> dict[str, TypeTreatment]:
    """Return the treatments in `text`, e.g. "PHONE_NUMBER=partial,PERSON=label"; empty for none.

    Raises ConfigError that names the setting, the entry and what was expected.
    """
    found: dict[str, TypeTreatment] = {}
    own = frozenset(own_types)
    for entry in filter(None, (part.strip() for part in text.split(","))):
        kind, equals, treatment = (part.strip() for part in entry.partition("="))
        wrong = fault(kind, treatment, own) if equals else ("no =", "TYPE=treatment")
        if wrong is None and kind in found:
            wrong = ("the type a second time", "each type once")
        if wrong is not None:
            raise ConfigError(f"{SETTING}, entry {entry!r}: {wrong[0]}; expected {wrong[1]}")
        found[kind] = treatment  # type: ignore[assignment]  # checked above
    return found
