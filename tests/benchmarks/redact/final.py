"""The bank that the figures are taken from: contexts, words and formats of neither other bank.

No recogniser was changed because of it but for speed. Types whose ids are written in one
way only have their values of `held_out`, in these contexts. Before a recogniser is changed because
of what is seen here, all of it goes to development, and another one is written.
"""

# ruff: noqa: E501 - a bank reads best with one sort a line

import base64

from stdnum import iban, luhn
from stdnum.au import abn, tfn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.ch import ssn as ahv
from stdnum.de import idnr
from stdnum.dk import cpr
from stdnum.es import nif
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.in_ import aadhaar
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.pt import nif as pt_nif
from stdnum.se import personnummer

from tests.benchmarks.redact import held_out
from tests.benchmarks.redact.maker import HEX, LOWER, Kind, Maker, like, valid

NAMES = ["ada", "sven", "noor", "mateo", "ingrid", "dmitri", "amara", "jean-luc", "hana", "zoe"]
SURNAMES = ["bauer", "ortiz", "dlamini", "nguyen", "moretti", "larsen", "petrov", "byrne", "cohen"]
DOMAINS = [
    "example.net", "post.example.nl", "my-firm.biz", "alumni.example.ac.uk", "gmx.at", "inbox.lv",
    "sub.dept.example.gov", "münchen.example",
]  # fmt: skip

ALONE = (
    "Kept on file since last year: {v}. Please confirm.",
    "{v} bounced, twice",
    "He typed '{v}' into the wrong box.",
    "-> {v} <-",
    "Q: which one? A: {v}",
    "1. {v}\n2. tbd",
    "echo {v} >> list.txt",
    "<li>{v}</li>\n<li>none</li>",
    "['{v}', 'x']",
    "note={v};",
    "…{v}…",
    "From the log:\n\t{v}\n(end)",
    "Thank you - {v} - works again!",
    "/* {v} */",
    "{v}\n\nSent from a small screen",
)
BESIDE = (
    "Our records list {v} as your {w}; is that still true?",
    "I changed my {w}: it is {v} now",
    "new {w} = {v}",
    "{W}: {v}.",
    "{w}:{v}",
    '"{k}" : "{v}",',
    "{k}: '{v}'",
    '{k}="{v}"',
    "<p><b>{W}:</b> {v}</p>",
    "- {W}: {v}\n- Remarks: none",
    "| Field | Entry |\n|---|---|\n| {W} | {v} |",
    "{W}\t{v}\tok",
    "SELECT id FROM people WHERE {k} = '{v}';",
    "update({k}='{v}')",
    "Do you need my {w}? {v}",
    "The {w} on the form reads {v}, sorry for the typo.",
    "[{W}] {v}",
    '{"profile": {"{k}": "{v}"}}',
    "{w} -> {v}",
)
NOTHING = (
    "Page {n} did not load.",
    "retry {n} of the job",
    "It weighs {n} and ships today.",
    "x = {n}",
    "Seat map updated: {n}",
    '{"took": "{n}"}',
)
NUMBERS = (
    like("##", "####", "#######", "#,###,###", "€ ##,##", "##.# kg"),
    like("%d %b %Y", "%Y-%m-%d %H:%M:%S", "%H:%M"),
    like("~~~~~~~", "~" * 40, "v##.#", "#.##e-0#", "0x~~~~"),
)


def _email(m: Maker) -> str:
    first, last = m.choice(NAMES), m.choice(SURNAMES)
    local = m.choice((
        f"{first[0]}.{last}", f"{last}-{first}", f"{last}{m.randrange(1950, 2010)}", f"{first}",
        f"{first}.{last}+{m.chars(4, LOWER)}", f"info.{last}", f"{first}__{last}",
    ))  # fmt: skip
    return f"{local}@{m.choice(DOMAINS)}"


def _spelled(m: Maker) -> str:
    first, last = m.choice(NAMES[:5]), m.choice(SURNAMES)
    return m.choice((
        f"{first} [at] {last} [dot] net", f"{first}.{last} (at) {last} (dot) de",
        f"{first}_{last} at {last}mail dot com",
    ))  # fmt: skip


IBANS = (
    ("GB", "????" + "#" * 14),
    ("BE", "#" * 12),
    ("AT", "#" * 16),
    ("IE", "????" + "#" * 14),
    ("DK", "#" * 14),
    ("FI", "#" * 14),
)


def _iban(m: Maker) -> str:
    country, form = m.choice(IBANS)
    value = ""
    while not iban.is_valid(value or "-"):
        bban = m.fill(form)
        value = country + iban.calc_check_digits(country + "00" + bban) + bban
    return (
        " ".join(value[i : i + 4] for i in range(0, len(value), 4)) if m.random() < 0.5 else value
    )


def _ipv6(m: Maker) -> str:
    return m.choice(
        (
            m.fill("fd12:~~~~:~~~~:1::~~~1"),
            m.fill("2620:~~~~:~~~~:~~~~::2"),
            m.fill("2001:db8::~~~~:1"),
        )
    )


def _secret(m: Maker) -> str:
    return (
        m.chars(m.randrange(9, 20), "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789+-!?#")
        + "5b"
    )


SECRET_CONTEXTS = (
    "ADMIN_PASSWORD='{v}' ./run",
    'token: "{v}"',
    "password => '{v}',",
    "--password={v} --verbose",
    "X-Api-Key: {v}",
    '{"refresh_token": "{v}"}',
    "Authorization: Bearer {v}",
    "my password is {v} and it still fails",
    "[db]\npassword = {v}",
)
TOKENS: tuple[Kind, ...] = (
    lambda m: "ASIA" + m.chars(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    lambda m: "gho_" + m.chars(36),
    lambda m: "github_pat_" + m.chars(22) + "_" + m.chars(59),
    lambda m: "rk_live_" + m.chars(24),
    lambda m: "SG." + m.chars(22) + "." + m.chars(43),
    lambda m: "xoxp-" + m.fill("############-############-############-") + m.chars(32, HEX),
    lambda m: "sk-ant-api03-" + m.chars(80) + "AA",
    lambda m: (
        "-----BEGIN EC PRIVATE KEY-----\n"
        + base64.b64encode(m.randbytes(90)).decode()
        + "\n-----END EC PRIVATE KEY-----"
    ),
    lambda m: f"mysql://{m.choice(NAMES)}:{m.chars(14)}@10.0.0.{m.randrange(2, 250)}/shop",
    lambda m: f"redis://default:{m.chars(12)}@cache.internal:6379/0",
    lambda m: f"eyJhbGciOiJSUzI1NiJ9.eyJ{m.chars(36)}.{m.chars(86)}",
)


def _url_user(m: Maker) -> str:
    who = m.choice(NAMES[:6]) + m.choice(SURNAMES) + str(m.randrange(10, 999))
    return m.choice(
        ("https://gitlab.com/{}", "https://www.instagram.com/{}/", "https://example.org/profile/{}",
         "http://forum.example.net/users/{}", "https://twitter.com/{}")
    ).format(who)  # fmt: skip


def _coordinates(m: Maker) -> str:
    lat, lon = m.uniform(1, 70), m.uniform(1, 170)
    return m.choice(
        (f"{lat:.5f}, -{lon:.5f}", f"-{lat:.6f},{lon:.6f}", f"{lat:.4f}°N, {lon:.4f}°E")
    )


def _luhn(value: str) -> bool:
    return luhn.is_valid("".join(c for c in value if c.isdigit()))


def _handle(m: Maker) -> str:
    return (
        m.choice(NAMES[:6])
        + m.choice(("-", "_", "."))
        + m.choice(SURNAMES)
        + str(m.randrange(2, 99))
    )


SORTS = {
    **held_out.SORTS,
    "SECRET": (TOKENS,),
    "SECRET ": ((_secret,), (), SECRET_CONTEXTS),
    "EMAIL_ADDRESS": ((_email,) * 4 + (_spelled,),),
    "PHONE_NUMBER": (
        (
            like("+31 20 794 0###", "+39 06 6982 ####", "+48 22 123 45 ##", "+353 1 679 ####", "+64 9 379 5###", "+46 8 123 456 ##"),
            like("(312) 555-01##", "503.555.01##", "1 (702) 555-0###", "01632 960###", "0161 496 0###", "+1 (604) 555-01##"),
        ),
    ),
    "PHONE_NUMBER ": ((like("312555####", "01632960###", "0151234567##"),), ("phone number", "mobile", "callback number", "fax"), ()),
    "CREDIT_CARD": ((valid(_luhn, "4### #### #### ####", "5425-####-####-####", "2720 00## #### ####", "3714 ###### #####", "6011 #### #### ####", "3530 1113 #### ####"),),),
    "IBAN_CODE": ((_iban,),),
    "BIC_CODE": ((like("BARCGB22", "COBADEFFXXX", "INGBNL2A", "POALILIT", "UNCRITMM"),), ("SWIFT/BIC", "BIC code", "Swift code")),
    "US_BANK_NUMBER": ((like("##########", "########"),), ("bank account number", "account no", "acct number")),
    "IP_ADDRESS": ((lambda m: f"192.168.{m.randrange(256)}.{m.randrange(1, 255)}", lambda m: f"{m.randrange(130, 220)}.{m.randrange(100, 250)}.{m.randrange(256)}.{m.randrange(1, 255)}", _ipv6),),
    "MAC_ADDRESS": ((lambda m: m.fill("~~-~~-~~-~~-~~-~~").upper(), like("~~:~~:~~:~~:~~:~~")),),
    "URL": ((_url_user,),),
    "US_SSN": ((like("40#-3#-2###", "15#-6#-#1##"),),),
    "US_SSN ": ((like("40# 3# 2###", "15#6##1##"),), ("SSN", "social security no.", "soc sec number")),
    "UK_NINO": ((like("SK ## ## ## B", "PE######D"),), ("NI no", "national insurance no")),
    "UK_NHS": ((valid(nhs.is_valid, "### ### ####", "##########"),), ("NHS no", "NHS number")),
    "IN_AADHAAR": ((valid(aadhaar.is_valid, "#### #### ####"),),),
    "AU_TFN": ((valid(tfn.is_valid, "### ### ###"),), ("tax file no", "TFN number")),
    "AU_ABN": ((valid(abn.is_valid, "## ### ### ###"),),),
    "BR_CPF": ((valid(cpf.is_valid, "###.###.###-##"),),),
    "ES_NIF": ((valid(nif.is_valid, "########?"),),),
    "PL_PESEL": ((valid(pesel.is_valid, "%y%m%d#####"),), ("PESEL number", "nr PESEL")),
    "FR_NIR": ((valid(nir.is_valid, "1%y%m33######" + "##", "2 %y %m 69 ### ### ##"),), ("NIR", "n° de sécurité sociale", "sécurité sociale")),
    "DE_TAX_ID": ((valid(idnr.is_valid, "## ### ### ###"),), ("Steuer-Identifikationsnummer", "Steuer-ID-Nr", "Tax-ID")),
    "NL_BSN": ((valid(bsn.is_valid, "### ### ###", "#########"),), ("BSN nummer", "sofinummer")),
    "SE_PERSONNUMMER": ((valid(personnummer.is_valid, "%y%m%d-####"),), ("svenskt personnummer", "Personnummer")),
    "NO_FODSELSNUMMER": ((valid(fodselsnummer.is_valid, "%d%m%y#####"),), ("fødselsnummer", "fnr")),
    "DK_CPR": ((valid(cpr.is_valid, "%d%m%y-####"),), ("CPR nr", "dansk CPR")),
    "PT_NIF": ((valid(pt_nif.is_valid, "2## ### ###", "1########"),), ("NIF", "contribuinte n°")),
    "CH_AHV": ((valid(ahv.is_valid, "756.####.####.##"),),),
    "CA_SIN": ((valid(sin.is_valid, "###-###-###", "### ### ###"),), ("SIN", "social insurance")),
    "DATE_OF_BIRTH": ((like("%d/%m/%y", "%B %d %Y", "%d %b %Y", "%Y/%m/%d"),), ("date of birth", "DOB", "birth day", "born on")),
    "GPS_COORDINATES": ((_coordinates,),),
    "LICENSE_PLATE": ((like("K## ???", "HH-?? ###", "###-??#", "7??? ###"),), ("number plate", "plate no", "license plate number")),
    "USERNAME": ((_handle,), ("username", "user id", "login name", "nickname")),
    "US_PASSPORT": ((like("4########", "A########"),), ("passport number", "US passport no")),
    "US_DRIVER_LICENSE": ((like("?########", "#########", "?##-###-###"),), ("driver's licence", "driving licence number", "DL no")),
    "NATIONAL_ID": ((like("?########", "########?"),), ("national identity", "identity card no", "personal ID")),
}  # fmt: skip
