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
    """
    ABA_ROUTING_NUMBER AR_CUIT AR_DNI AT_SOCIAL_SECURITY AT_TAX_ID AU_ABN AU_ACN AU_MEDICARE
    AU_TFN BE_NATIONAL_NUMBER BG_EGN BR_CNPJ BR_CPF CA_SIN CH_AHV CL_RUT CN_RESIDENT_ID
    CO_CEDULA CO_NIT CREDIT_CARD CU_NI CZ_BIRTH_NUMBER DATE_OF_BIRTH DE_FUEHRERSCHEIN DE_ID_CARD
    DE_SOCIAL_SECURITY DE_TAX_ID DK_CPR DO_CEDULA DRIVER_LICENSE EC_CI EE_ISIKUKOOD EG_ID_NUMBER
    ES_NIE ES_NIF FI_PERSONAL_IDENTITY_CODE FR_NIF FR_NIR GR_AFM GR_AMKA GT_NIT HK_ID HR_OIB
    HU_TAX_ID ID_NIK ID_NPWP IE_PPS IL_ID_NUMBER IN_AADHAAR IN_GSTIN IN_PAN IN_PASSPORT IN_VOTER
    IS_KENNITALA IT_FISCAL_CODE IT_IDENTITY_CARD IT_VAT_CODE JP_MY_NUMBER KE_KRA_PIN KR_RRN
    LT_ASMENS_KODAS LV_PERSONAS_KODS MEDICAL_LICENSE MU_NID MX_CURP MX_RFC MY_NRIC NATIONAL_ID
    NG_NIN NL_BSN NO_FODSELSNUMMER NZ_IRD PASSPORT PE_DNI PH_TIN PK_CNIC PL_IDENTITY_CARD PL_NIP
    PL_PESEL PT_CC PT_NIF RO_CNP RU_INN RU_SNILS SECRET SE_PERSONNUMMER SG_NRIC_FIN SG_UEN
    SI_EMSO TH_TNIN TR_NATIONAL_ID TW_ID_NUMBER UA_RNTRC UK_DRIVING_LICENCE UK_NHS UK_NINO
    UK_UTR US_BANK_NUMBER US_DRIVER_LICENSE US_EIN US_ITIN US_MBI US_NPI US_PASSPORT US_SSN
    UY_CI VAT_NUMBER VE_RIF VN_ID_NUMBER ZA_ID_NUMBER
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
"""Types whose values are too telling to keep even a keyed stand-in: they become a plain label."""

KEYED_TYPES: Final = frozenset(
    """
    BIC_CODE CRYPTO EMAIL_ADDRESS GPS_COORDINATES IBAN_CODE IP_ADDRESS LICENSE_PLATE LOCATION
    MAC_ADDRESS ORGANIZATION PERSON PHONE_NUMBER URL USERNAME
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
"""Types whose values become a keyed stand-in: equal ones stay equal."""

OLD_TYPES: Final = frozenset(("TR_ID_NUMBER",))
"""Types of labels that lie in older data: read as labels, written no more."""

UNSCANNED: Final = "UNSCANNED"
LAST: Final = 4  # characters that a partial label shows
LAST_FROM: Final = 8  # letters and digits that a value must have for them to be shown


@cache
def label_pattern(own_types: frozenset[str] = frozenset()) -> re.Pattern[str]:
    """Return the pattern of a whole label, `own_types` being known too.

    A label holds no second `<`, so a new one can't join with what stands around it.
    """
    known = _alternatives({*PLAIN_TYPES, *KEYED_TYPES, *OLD_TYPES, *own_types})
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
