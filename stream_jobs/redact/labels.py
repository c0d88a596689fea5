"""What stands in the place of a value: `<SECRET>`, or keyed, `<EMAIL_ADDRESS:k1:q7c4…>`.

A label must never be read as a value again, so scanning sees every label as one character that
no pattern matches. The shape is strict (known type, or key id and sixteen base32 characters, or
a star and at most four): ordinary angle brackets in a text stay ordinary.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

PLAIN_TYPES: Final = frozenset(
    (
        "SECRET",
        "CREDIT_CARD",
        "US_BANK_NUMBER",
        "DATE_OF_BIRTH",
        "PASSPORT",
        "DRIVER_LICENSE",
        "NATIONAL_ID",
        "US_SSN",
        "US_ITIN",
        "UK_NINO",
        "UK_NHS",
        "IN_PAN",
        "IN_AADHAAR",
        "SG_NRIC_FIN",
        "AU_ABN",
        "AU_ACN",
        "AU_TFN",
        "AU_MEDICARE",
        "BR_CPF",
        "BR_CNPJ",
        "ES_NIF",
        "ES_NIE",
        "IT_FISCAL_CODE",
        "PL_PESEL",
        "FI_PERSONAL_IDENTITY_CODE",
        "FR_NIR",
        "DE_TAX_ID",
        "NL_BSN",
        "BE_NATIONAL_NUMBER",
        "SE_PERSONNUMMER",
        "DK_CPR",
        "KR_RRN",
        "CN_RESIDENT_ID",
        "ZA_ID_NUMBER",
        "CA_SIN",
        "IL_ID_NUMBER",
        "MX_CURP",
        "TR_ID_NUMBER",
    )
)
"""Types whose values are too telling to keep even a keyed stand-in: they become a plain label."""

KEYED_TYPES: Final = frozenset(
    (
        "BIC_CODE",
        "CRYPTO",
        "EMAIL_ADDRESS",
        "IBAN_CODE",
        "IP_ADDRESS",
        "LOCATION",
        "MAC_ADDRESS",
        "ORGANIZATION",
        "PERSON",
        "PHONE_NUMBER",
    )
)
"""Types whose values become a keyed stand-in: equal ones stay equal."""

UNSCANNED: Final = "UNSCANNED"
LAST: Final = 4  # characters that a partial label shows
LAST_FROM: Final = 8  # letters and digits that a value must have for them to be shown


@cache
def label_pattern(own_types: frozenset[str] = frozenset()) -> re.Pattern[str]:
    """Return the pattern of a whole label, `own_types` being known too.

    A label holds no second `<`, so a new one can't join with what stands around it.
    """
    known = _alternatives({*PLAIN_TYPES, *KEYED_TYPES, *own_types})
    kind = "[A-Z][A-Z0-9_]{1,39}"
    return re.compile(
        rf"<(?:{known}|{UNSCANNED}:[a-z_]{{1,32}}"
        rf"|{kind}:[a-z0-9_]{{1,16}}:[a-z2-7]{{16}}|{kind}:\*[^\W_]{{0,{LAST}}})>"
    )


def _alternatives(types: Iterable[str]) -> str:
    return "|".join(sorted(types, key=lambda name: (-len(name), name)))


LABEL: Final = label_pattern()


def plain_label(kind: str) -> str:
    """Return the label that says only the type."""
    return f"<{kind}>"


def partial_label(kind: str, value: str) -> str:
    """Return the label that shows the last four letters or digits of a folded `value`.

    None of them if it has fewer than eight: too little of it would stay unknown.
    """
    signs = [c for c in value if c.isalnum()]
    return f"<{kind}:*{''.join(signs[-LAST:]) if len(signs) >= LAST_FROM else ''}>"


def unscanned_label(reason: str) -> str:
    """Return the label for a whole text that could not be scanned, e.g. `too_long`."""
    return f"<{UNSCANNED}:{reason}>"


def is_label(text: str) -> bool:
    """Whether `text` is one label and nothing else."""
    return LABEL.fullmatch(text) is not None
