"""Places and postal addresses in the forms of many countries."""

from random import Random
from typing import Final

from faker import Faker

from deploy.training.sample import Piece
from deploy.training.vocabulary import Split, towns, word_lists

TRAINING_LOCALES: Final = (
    *("en_US", "en_US", "en_US", "en_GB", "en_AU", "en_CA", "en_IN", "en_PH", "de_DE", "fr_FR"),
    *("es_ES", "it_IT", "pt_BR", "nl_NL", "pl_PL", "sv_SE", "da_DK", "no_NO", "cs_CZ", "hu_HU"),
    *("id_ID", "es_MX", "fr_CH", "de_CH", "ro_RO", "tr_TR"),
)
HELD_OUT_LOCALES: Final = (
    *("en_US", "en_US", "en_GB", "en_IE", "en_NZ", "fi_FI", "hr_HR", "sk_SK", "pt_PT", "es_AR"),
    *("nl_BE", "de_AT", "fr_CA", "sl_SI"),
)

_OWN_FORMS: Final = (
    "{n} {street}",
    "{n} {street}, {unit}",
    "{unit}, {n} {street}",
    "{n} {street}{sep}{town}",
    "{n} {street}{sep}{town}, {state} {zip}",
    "{n} {street}{sep}{unit}{sep}{town}, {state} {zip}",
    "{n} {street} {unit}{sep}{town}{sep}{zip}",
    "{n} {street}{sep}{town} {zip}{sep}{country}",
    "{n} {street}{sep}{town} {post}",
    "{n} {street}{sep}{town}{sep}{post}",
    "{foreign} {n}{sep}{zip} {town}",
    "{foreign} {n}, {town}",
    "{foreign} {n}{sep}{zip} {town}{sep}{country}",
    "{n} {foreign}, {zip} {town}",
    "{n}, {foreign}{sep}{zip} {town}{sep}{country}",
    "{foreign} {n}",
    "{foreign} {n}, {unit}{sep}{town}",
    "{unit}{sep}{n} {street}{sep}{town}{sep}{country}",
    "{n} {street}{sep} {unit}{sep} {town}{sep} {country} {zip}",
    "{n} {street}{sep}{town}{sep}, {state}{sep} {country} {zip}",
    "{foreign} {n}{sep}{town}{sep} {country} {zip}",
    "corner of {street} and {street}",
    "{box}, {town} {zip}",
    "{box}{sep}{town}, {state} {zip}",
)
_SEPARATORS: Final = (", ", ", ", ", ", "\n", "\n", " ", ",\n", "; ", " - ")


class Places:
    """Makes places of one split."""

    def __init__(self, split: Split, fakers: dict[str, Faker]) -> None:
        self._towns = towns(split)
        self._fakers = fakers
        self._locales = TRAINING_LOCALES if split == "train" else HELD_OUT_LOCALES
        self._words = word_lists("places.txt")

    def town(self, rng: Random) -> str:
        """Return the name of a town."""
        form = rng.random()
        if form < 0.4:
            return rng.choice(self._towns[0])
        if form < 0.85:
            return rng.choice(rng.choice(self._towns))
        return str(self._faker(rng).city())

    def country(self, rng: Random) -> str:
        """Return a country or a larger region, perhaps with its article."""
        return rng.choice(self._words["countries" if rng.random() < 0.8 else "states"])

    def place(self, rng: Random) -> list[Piece]:
        """Return a place: a town, a country, one in the other, or a landmark."""
        form = rng.random()
        if form < 0.5:
            return [(self.town(rng), "LOCATION")]
        if form < 0.75:
            return _named(self.country(rng))
        if form < 0.85:
            comma = rng.choice((", ", ", ", " "))
            inner = rng.choice((self._words["state_codes"], self._words["states"]))
            return [(self.town(rng), "LOCATION"), (comma, None), (rng.choice(inner), "LOCATION")]
        if form < 0.94:
            return [(self.town(rng), "LOCATION"), (", ", None), *_named(self.country(rng))]
        return _named(rng.choice(self._words["landmarks"]))

    def street(self, rng: Random) -> str:
        """Return a street without its number."""
        if rng.random() < 0.35:
            return str(self._faker(rng).street_name())
        kind = rng.choice(self._words["street_types"])
        name = rng.choice(self._words["streets"])
        if rng.random() < 0.12:
            name = f"{rng.choice(('N', 'S', 'E', 'W', 'North', 'South', 'N.', 'W.'))} {name}"
        return f"{name} {kind}"

    def address(self, rng: Random) -> list[Piece]:
        """Return a postal address, in one line or several, as one name."""
        text = self._own_address(rng) if rng.random() < 0.55 else self._faker_address(rng)
        return [(text.strip(), "ADDRESS")]

    def _faker_address(self, rng: Random) -> str:
        faker = self._faker(rng)
        form = rng.random()
        if form < 0.3:
            return str(faker.street_address()).replace("\n", ", ")
        text = str(faker.address())
        return text.replace("\n", rng.choice((", ", ", ", "\n", "\n", " ")))

    def _own_address(self, rng: Random) -> str:
        words = self._words
        number = str(rng.randint(1, rng.choice((99, 999, 9999, 19999))))
        number += rng.choice(("", "", "", "", "a", "B", "/3", "-12"))
        unit = rng.choice(words["units"])
        box = rng.choice(("PO Box {}", "P.O. Box {}", "Postfach {}", "Box {}"))
        return rng.choice(_OWN_FORMS).format(
            n=number,
            street=self.street(rng),
            foreign=rng.choice(words["foreign_streets"]),
            unit=unit.format(rng.choice((rng.randint(1, 999), rng.choice("ABCDEF")))),
            box=box.format(rng.randint(1, 9999)),
            sep=rng.choice(_SEPARATORS),
            town=self.town(rng),
            state=rng.choice(words["state_codes"]),
            zip=rng.choice((f"{rng.randint(501, 99950):05}", f"{rng.randint(1000, 9999)}")),
            post=str(self._fakers["en_GB" if rng.random() < 0.6 else "en_CA"].postcode()),
            country=self.country(rng),
        )

    def _faker(self, rng: Random) -> Faker:
        return self._fakers[rng.choice(self._locales)]


def _named(name: str) -> list[Piece]:
    """Return a name whose article is no part of it."""
    if name.startswith("the "):
        return [("the ", None), (name[4:], "LOCATION")]
    return [(name, "LOCATION")]
