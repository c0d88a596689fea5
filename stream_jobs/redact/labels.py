"""What stands in the place of a value: `<SECRET>`, or keyed, `<EMAIL_ADDRESS:k1:q7c4…>`.

A label must never be read as a value again, so scanning sees every label as one character that
no pattern matches. The shape is strict (known type, or key id and sixteen base32 characters):
ordinary angle brackets in a text stay ordinary.
"""

import re
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

UNSCANNED: Final = "UNSCANNED"

_PLAIN: Final = "|".join(sorted(PLAIN_TYPES, key=lambda name: (-len(name), name)))
LABEL: Final = re.compile(
    rf"<(?:{_PLAIN}|{UNSCANNED}:[a-z_]{{1,32}}|[A-Z][A-Z0-9_]{{1,39}}:[a-z0-9_]{{1,16}}:[a-z2-7]{{16}})>"
)
"""A whole label; it holds no second `<`, so a new label can't join with what stands around it."""


def plain_label(kind: str) -> str:
    """Return the label that says only the type."""
    return f"<{kind}>"


def unscanned_label(reason: str) -> str:
    """Return the label for a whole text that could not be scanned, e.g. `too_long`."""
    return f"<{UNSCANNED}:{reason}>"


def is_label(text: str) -> bool:
    """Whether `text` is one label and nothing else."""
    return LABEL.fullmatch(text) is not None
