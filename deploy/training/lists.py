"""The lists shipped beside the model: given names and places, and names that are words as well."""

from typing import Final

from deploy.training.common import common_words
from deploy.training.vocabulary import SPLITS, given_names, towns, word_lists

_MONTHS: Final = frozenset(
    (
        *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
        *(
            "october",
            "november",
            "december",
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
        ),
        *("saturday", "sunday"),
    )
)
"""Names too, some of them, but a list can't tell which is meant; the model may."""


def given() -> list[str]:
    """Return usual given names that are one word, no common word and no product.

    Those held out too, for people bear them: what measures the model leaves them out again.
    """
    left_out = {*common_words(), *_products(), *_MONTHS}
    usual = {name for split in SPLITS for name in given_names(split)[0]}  # Tim and Amy, not Dag
    kept = (name for name in usual if len(name) > 2)
    return sorted(name for name in kept if name.isalpha() and name.lower() not in left_out)


def places() -> list[str]:
    """Return countries, their larger parts and large cities, without articles."""
    words = word_lists("places.txt")
    cities = {town for split in SPLITS for town in towns(split)[0]}
    names = {*cities, *words["countries"], *words["states"]}
    left_out = {*common_words(), *_products()}
    bare = {name.removeprefix("the ") for name in names}
    return sorted(n for n in bare if n[0].isupper() and len(n) > 2 and n.lower() not in left_out)


def also_words() -> list[str]:
    """Return the names of people that are words as well, in small letters."""
    lists = word_lists("both.txt")
    return sorted({*lists["given"], *lists["family"]})


def _products() -> set[str]:
    lists = word_lists("things.txt")
    kinds = ("product", "language", "nationality", "work", "heading", "ui", "error", "event")
    products = [name for kind in kinds for name in lists[kind]]
    return {word.lower() for product in products for word in product.split()}
