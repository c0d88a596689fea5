"""National and tax ids: one row per kind, checked by python-stdnum.

A row stands *alone* when its shape and check digit together are telling enough for running text;
otherwise it needs one of its words shortly before it, or random numbers would be taken for ids.
"""

import re
from collections.abc import Callable
from typing import Final

from stdnum.au import abn, acn, tfn
from stdnum.be import nn
from stdnum.br import cnpj, cpf
from stdnum.ca import sin
from stdnum.cn import ric
from stdnum.de import idnr as steuer_id
from stdnum.dk import cpr
from stdnum.es import nie, nif
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.il import idnr as teudat_zehut
from stdnum.in_ import aadhaar, pan
from stdnum.it import codicefiscale
from stdnum.kr import rrn
from stdnum.mx import curp
from stdnum.nl import bsn
from stdnum.pl import pesel
from stdnum.se import personnummer
from stdnum.tr import tckimlik
from stdnum.za import idnr as za_id

from stream_jobs.redact.recogniser import Check, Recogniser, digits

Valid = Callable[[str], bool]


def _ssn(value: str) -> bool:
    """No area 000, 666 or 9xx, no group 00, no serial 0000; the numbers of adverts count too."""
    n = digits(value)
    return n[:3] not in ("000", "666") and n[0] != "9" and n[3:5] != "00" and n[5:] != "0000"


def _itin(value: str) -> bool:
    n = digits(value)
    return n[0] == "9" and n[3:5] not in ("89", "93") and ("50" <= n[3:5] <= "99")


def _nino(value: str) -> bool:
    prefix = value[:2].upper()
    return (
        prefix not in ("BG", "GB", "NK", "KN", "TN", "NT", "ZZ")
        and not set(prefix) & set("DFIQUV")
        and prefix[1] != "O"
    )


_NRIC_WEIGHTS: Final = (2, 7, 6, 5, 4, 3, 2)
_NRIC_LETTERS: Final = {
    "S": "JZIHGFEDCBA",
    "T": "JZIHGFEDCBA",
    "F": "XWUTRQPNMLK",
    "G": "XWUTRQPNMLK",
}


def _nric(value: str) -> bool:
    """The check letter of Singapore's NRIC and FIN."""
    upper = value.upper()
    total = sum(w * int(d) for w, d in zip(_NRIC_WEIGHTS, upper[1:8], strict=True))
    total += 4 if upper[0] in "TG" else 0
    return upper[8] == _NRIC_LETTERS[upper[0]][total % 11]


def _check(valid: Valid) -> Check:
    def check(match: re.Match[str]) -> tuple[int, int] | str:
        return match.span() if valid(match.group()) else "wrong check digit or form"

    return check


def _alone(kind: str, gate: str, pattern: str, valid: Valid) -> Recogniser:
    compiled = re.compile(rf"(?<![\w.-]){pattern}(?![\w-]|\.\d)")
    return Recogniser(kind.lower(), kind, "patterns", gate, compiled, _check(valid))


def _beside(kind: str, words: str, pattern: str, valid: Valid) -> Recogniser:
    compiled = re.compile(rf"(?<![\w.-]){pattern}(?![\w-]|\.\d)")
    return Recogniser(
        f"{kind.lower()}_by_word",
        kind,
        "patterns",
        r"\d",
        compiled,
        _check(valid),
        words=tuple(words.split("|")),
        proof="its form" if valid in (_any, _digit, _ssn, _itin, _nino) else "its check digit",
    )


def _any(_: str) -> bool:
    return True


def _digit(value: str) -> bool:
    return any(c.isdigit() for c in value)


_ALONE: Final = (
    _alone("US_SSN", r"\d{3}-\d\d-\d{4}", r"\d{3}-\d\d-\d{4}", _ssn),
    _alone("US_ITIN", r"9\d\d-\d\d-\d{4}", r"9\d\d-\d\d-\d{4}", _itin),
    _alone("UK_NINO", r"[A-Za-z]{2} \d\d \d\d \d\d", r"[A-Z]{2} \d\d \d\d \d\d [A-D]", _nino),
    _alone("IN_PAN", r"[A-Z]{5}\d{4}[A-Z]", r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", pan.is_valid),
    _alone(
        "IN_AADHAAR",
        r"\d{4}[ -]\d{4}[ -]\d{4}",
        r"[2-9]\d{3}([ -])\d{4}\1\d{4}(?![ -]\d)",
        aadhaar.is_valid,
    ),
    _alone("SG_NRIC_FIN", r"[STFG]\d{7}[A-Z]", r"[STFG]\d{7}[A-Z]", _nric),
    _alone("AU_ABN", r"\d\d \d{3} \d{3} \d{3}", r"\d\d \d{3} \d{3} \d{3}(?! \d)", abn.is_valid),
    _alone("BR_CPF", r"\d{3}\.\d{3}\.\d{3}-\d\d", r"\d{3}\.\d{3}\.\d{3}-\d\d", cpf.is_valid),
    _alone("BR_CNPJ", r"\d{3}\.\d{3}/\d{4}-\d\d", r"\d\d\.\d{3}\.\d{3}/\d{4}-\d\d", cnpj.is_valid),
    _alone("ES_NIF", r"\d{8}-?[A-Z]", r"\d{8}-?[A-HJ-NP-TV-Z]", nif.is_valid),
    _alone("ES_NIE", r"[XYZ]-?\d{7}-?[A-Z]", r"[XYZ]-?\d{7}-?[A-Z]", nie.is_valid),
    _alone(
        "IT_FISCAL_CODE",
        r"[A-Za-z]{6}\d\d[A-Za-z]",
        r"(?i:[A-Z]{6}\d\d[A-Z]\d\d[A-Z]\d{3}[A-Z])",
        codicefiscale.is_valid,
    ),
    _alone(
        "FI_PERSONAL_IDENTITY_CODE",
        r"\d{6}[-+A-FU-Y]\d{3}",
        r"\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]",
        hetu.is_valid,
    ),
    _alone(
        "FR_NIR",
        r"[12][ .-]?\d\d[ .-]?\d\d",
        r"[12] ?\d\d ?[01]\d ?\d[\dAB] ?\d{3} ?\d{3} ?\d\d",
        nir.is_valid,
    ),
    _alone(
        "BE_NATIONAL_NUMBER",
        r"\d\d\.\d\d\.\d\d-\d{3}",
        r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d",
        nn.is_valid,
    ),
    _alone("KR_RRN", r"\d{6}-\d{7}", r"\d{6}-[0-9]\d{6}", rrn.is_valid),
    _alone(
        "CN_RESIDENT_ID", r"[1-9]\d{16}[0-9Xx]", r"[1-9]\d{5}(?:19|20)\d{9}[0-9Xx]", ric.is_valid
    ),
    _alone(
        "MX_CURP", r"[A-Z]{4}\d{6}[HMX]", r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d", curp.is_valid
    ),
)

_BESIDE: Final = (
    _beside("US_SSN", r"ssn|ssns|social security|soc sec", r"\d{3}[ .-]?\d\d[ .-]?\d{4}", _ssn),
    _beside("US_ITIN", r"itin|taxpayer", r"9\d\d[ -]?\d\d[ -]?\d{4}", _itin),
    _beside(
        "UK_NINO",
        r"nino|ni number|national insurance|insurance number",
        r"(?i:[A-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-D])",
        _nino,
    ),
    _beside("UK_NHS", r"nhs", r"\d{3}[ -]?\d{3}[ -]?\d{4}", nhs.is_valid),
    _beside(
        "IN_AADHAAR", r"aadhaar|aadhar|uidai", r"[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}", aadhaar.is_valid
    ),
    _beside("AU_ABN", r"abn|business number", r"\d\d ?\d{3} ?\d{3} ?\d{3}", abn.is_valid),
    _beside("AU_ACN", r"acn|company number", r"\d{3} ?\d{3} ?\d{3}", acn.is_valid),
    _beside("AU_TFN", r"tfn|tax file", r"\d{3}[ -]?\d{3}[ -]?\d{2,3}", tfn.is_valid),
    _beside("AU_MEDICARE", r"medicare", r"[2-6]\d{3} ?\d{5} ?\d(?: ?\d)?", _any),
    _beside("BR_CPF", r"cpf", r"\d{11}", cpf.is_valid),
    _beside("BR_CNPJ", r"cnpj", r"\d{14}", cnpj.is_valid),
    _beside("PL_PESEL", r"pesel", r"\d{11}", pesel.is_valid),
    _beside(
        "DE_TAX_ID",
        r"steuer ?id|steuer ?identifikationsnummer|idnr|tin|tax id",
        r"\d\d ?\d{3} ?\d{3} ?\d{3}",
        steuer_id.is_valid,
    ),
    _beside("NL_BSN", r"bsn|burgerservicenummer", r"\d{9}|\d{4}[. ]\d\d[. ]\d{3}", bsn.is_valid),
    _beside(
        "SE_PERSONNUMMER",
        r"personnummer|personal number|personal identity",
        r"(?:19|20)?\d{6}[-+]?\d{4}",
        personnummer.is_valid,
    ),
    _beside("DK_CPR", r"cpr|personnummer", r"\d{6}-?\d{4}", cpr.is_valid),
    _beside(
        "ZA_ID_NUMBER",
        r"id number|sa id|identity number|id no",
        r"\d{13}|\d{6} \d{4} \d{3}",
        za_id.is_valid,
    ),
    _beside("CA_SIN", r"sin|social insurance", r"\d{3}[ -]?\d{3}[ -]?\d{3}", sin.is_valid),
    _beside(
        "IL_ID_NUMBER",
        r"teudat zehut|id number|israeli id|identity number",
        r"\d{9}",
        teudat_zehut.is_valid,
    ),
    _beside("TR_ID_NUMBER", r"tc kimlik|kimlik|tckn", r"\d{11}", tckimlik.is_valid),
    _beside(
        "NATIONAL_ID",
        r"national id|national identity|identity card|id card|tax id|tax number|taxpayer id",
        r"[A-Z]{0,3}\d[A-Z0-9-]{5,15}",
        _digit,
    ),
    _beside("PASSPORT", r"passport", r"[A-Z]{0,2}\d{6,9}[A-Z]?", _any),
    _beside(
        "DRIVER_LICENSE",
        r"driver'?s? licen[cs]e|driving licen[cs]e|dl no|dl number|licen[cs]e number",
        r"[A-Z]{0,5}\d[A-Z0-9-]{4,16}",
        _digit,
    ),
)

NATIONAL: Final = _ALONE + _BESIDE
