"""The bank of values and contexts that the recognisers were written with."""

from stdnum import iban, luhn
from stdnum.au import abn, acn, tfn
from stdnum.be import nn
from stdnum.br import cnpj, cpf
from stdnum.ca import sin
from stdnum.ch import ssn as ahv
from stdnum.cl import rut
from stdnum.cn import ric
from stdnum.cz import rc
from stdnum.de import idnr
from stdnum.dk import cpr
from stdnum.es import nie, nif
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.il import idnr as il_idnr
from stdnum.in_ import aadhaar, pan
from stdnum.it import codicefiscale
from stdnum.kr import rrn
from stdnum.mx import curp
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.pt import nif as pt_nif
from stdnum.ro import cnp
from stdnum.se import personnummer
from stdnum.th import pin
from stdnum.tr import tckimlik
from stdnum.za import idnr as za_idnr

from tests.benchmarks.redact.checks import bech32_address, bitcoin_address, hk_id, medicare, nric
from tests.benchmarks.redact.maker import Kind, Maker, like, valid

NAMES = ["jane", "maria", "tom", "li", "ahmed", "olga", "pedro", "nina", "raj", "sofia"]
SURNAMES = ["doe", "smith", "garcia", "chen", "mueller", "rossi", "novak", "silva", "khan", "berg"]
DOMAINS = [
    "example.com",
    "mail.example.org",
    "acme.io",
    "uni-bonn.de",
    "example.co.uk",
    "shop.fr",
    "posteo.net",
]

ALONE = (
    "please update it to {v} as soon as possible",
    "I wrote {v} on the form, is that right?",
    "{v}",
    "The value was {v}.",
    "Thanks, noted: {v}\nWe will be in touch.",
    "(see {v})",
    "- {v}\n- second item",
    "the answer quoted {v}, which it should not",
    '{"note": "ok", "value": "{v}"}',
    "<p>{v}</p>",
    "> {v}\n> wrote on Monday\nAgreed.",
    "first\n\t{v}\nlast",
)
BESIDE = (
    "My {w} is {v}.",
    "{w}: {v}",
    "{W}: {v}",
    "{w} {v}, please check",
    '{"{k}": "{v}"}',
    "{k}={v}",
    "| {W} | Amount |\n|---|---|\n| {v} | 12 |",
    "<tr><th>{W}</th></tr>\n<tr><td>{v}</td></tr>",
    "what happens to {w} {v} when I move?",
    "Name,{W}\nJane,{v}",
    '<{k} type="own">{v}</{k}>',
    "{k} := {v}",
    "'{k}' => '{v}',",
    "{w}\t{v}",
    "{w} – {v}",
    "{v} ({w})",
    "{v}, which is his {w}, was refused",
    "UPDATE people SET {k}='{v}' WHERE id = 7",
    "the {w} of the applicant is {v}",
    "the {w} that you have for me, {v}, is wrong",
    "{W} No.: {v}",
    "{W} # {v}",
    '{"customer": {"name": "x", "{k}": "{v}"}}',
    '{"login": {"{k}": {"value": "{v}"}}}',
    "&{k}={v}",
    "[{k}]\n{v}",
    "Dear team,\nmy {w}: {v}\nRegards",
    "_{W}_ **{v}**",
    "I am {v}. That is the {w} you asked for.",
)
NOTHING = (
    "Order {n} was shipped yesterday.",
    "It failed with code {n} in the log.",
    "the total is {n} so far",
    '{"id": {n}, "ok": true}',
)
NUMBERS = (
    like("########", "##########", "#.##", "v#.##.#", "##,###.##"),
    like("%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%d/%m/%Y"),
    like("~~~~~~~~-~~~~-4~~~-a~~~-~~~~~~~~~~~~", "~" * 40),
)


def _email(m: Maker) -> str:
    first, last = m.choice(NAMES), m.choice(SURNAMES)
    local = m.choice(
        (f"{first}.{last}", f"{first}{m.randrange(100)}", f"{first[0]}{last}", f"{first}_{last}+x")
    )
    return f"{local}@{m.choice(DOMAINS)}"


def _spelled(m: Maker) -> str:
    first, last = m.choice(NAMES), m.choice(SURNAMES)
    return m.choice(
        (
            f"{first} at {last} dot com",
            f"{first}.{last} [at] {last} [dot] org",
            f"{first}(at){last}.com",
        )
    )


def _north_american(m: Maker) -> str:
    a, b, c = m.randrange(201, 990), m.randrange(200, 999), m.randrange(10_000)
    return m.choice(("({}) {}-{:04}", "{}-{}-{:04}", "{}.{}.{:04}", "+1 {} {} {:04}")).format(
        a, b, c
    )


CARDS = (
    "4### #### #### ####",
    "4###############",
    "51##-####-####-####",
    "37## ###### #####",
    "6011############",
)


def _card(m: Maker) -> str:
    return m.until(lambda v: luhn.is_valid("".join(c for c in v if c.isdigit())), *CARDS)


def _iban(m: Maker) -> str:
    country, template = m.choice(
        (("DE", "#" * 18), ("FR", "#" * 23), ("NL", "????##########"), ("ES", "#" * 20))
    )
    bban = m.fill(template)
    value = country + iban.calc_check_digits(country + "00" + bban) + bban
    return (
        " ".join(value[i : i + 4] for i in range(0, len(value), 4)) if m.random() < 0.5 else value
    )


def _ipv4(m: Maker) -> str:
    return ".".join(str(m.randrange(a, 254)) for a in (11, 0, 0, 1))


def _ipv6(m: Maker) -> str:
    return m.choice(
        (m.fill("2001:db8:~~~~:~~~~:~~~~:~~~~:~~~~:~~~~"), m.fill("2a02:8109:1~~~::1~~~"))
    )


def _secret_assignments() -> tuple[str, ...]:
    return (
        "password={v}",
        '"api_key": "{v}"',
        "DB_PASSWORD: {v}",
        "secret_key = '{v}'",
        "my password is {v} now",
    )


def _password(m: Maker) -> str:
    return m.chars(m.randrange(8, 14), "abcdefghkmnpqrstuvwxyzABCDEFGH23456789!#%_") + "7"


def _url_user(m: Maker) -> str:
    return m.choice(
        ("https://example.com/users/{}", "https://shop.example.com/account?user_id={}")
    ).format(m.randrange(10**5, 10**7))


def _coordinates(m: Maker) -> str:
    lat, lon = m.uniform(-60, 70), m.uniform(-170, 170)
    return m.choice((f"{lat:.5f}, {lon:.5f}", f"{lat:.6f},{lon:.6f}"))


def _handle(m: Maker) -> str:
    return f"{m.choice(NAMES)}_{m.choice(SURNAMES)}{m.randrange(1, 99)}"


PEM = "-----BEGIN RSA PRIVATE KEY-----\n{}\n{}\n-----END RSA PRIVATE KEY-----"
TOKENS: tuple[Kind, ...] = (
    lambda m: "AKIA" + m.chars(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    lambda m: "ghp_" + m.chars(36),
    lambda m: "glpat-" + m.chars(20),
    lambda m: "xoxb-" + m.fill("############-############-") + m.chars(24),
    lambda m: "sk_live_" + m.chars(24),
    lambda m: "sk-proj-" + m.chars(48),
    lambda m: "npm_" + m.chars(36),
    lambda m: "AIza" + m.chars(35),
    lambda m: PEM.format(m.chars(64), m.chars(40)),
    lambda m: f"eyJ{m.chars(20)}.eyJ{m.chars(40)}.{m.chars(43)}",
    lambda m: f"postgres://{m.choice(NAMES)}:{m.chars(10)}@db{m.randrange(9)}.internal:5432/app",
)

SORTS = {
    "SECRET": (TOKENS,),
    "SECRET ": ((_password,), (), _secret_assignments()),
    "EMAIL_ADDRESS": ((_email,) * 4 + (_spelled,),),
    "PHONE_NUMBER": (
        (
            _north_american,
            like("+44 20 7946 0###", "+49 30 9018####", "+33 6 12 34 ## ##", "+81-3-1234-5###"),
        ),
    ),
    "PHONE_NUMBER ": (
        (like("202555####", "0171 2345###", "3055550###"),),
        ("phone", "mobile number", "tel"),
        (),
    ),
    "CREDIT_CARD": ((_card,),),
    "IBAN_CODE": ((_iban,),),
    "BIC_CODE": ((like("DEUTDEFF", "BNPAFRPPXXX", "????DE??"),), ("BIC", "SWIFT code")),
    "US_BANK_NUMBER": ((like("########", "##########"),), ("account number", "bank account no")),
    "CRYPTO": ((bitcoin_address, bech32_address, like("0x" + "~" * 40)),),
    "IP_ADDRESS": ((_ipv4, _ipv6),),
    "MAC_ADDRESS": ((like("~~:~~:~~:~~:~~:~~", "~~-~~-~~-~~-~~-~~"),),),
    "URL": ((_url_user,),),
    "US_SSN": (
        (valid(lambda v: v[0] not in "90" and v[:3] != "666" and "00" not in v, "###-##-####"),),
    ),
    "US_SSN ": (
        (
            like(
                "52#1#4#1#",
            ),
        ),
        ("SSN", "social security number"),
    ),
    "US_ITIN": ((like("9##-7#-####", "9##-81-####"),),),
    "US_PASSPORT": ((like("#########", "?########"),), ("passport", "passport number")),
    "US_DRIVER_LICENSE": (
        (like("?#######", "?##-##-####", "########"),),
        ("driver's license", "driver license number"),
    ),
    "UK_NINO": ((like("AB ## ## ## C", "JX ## ## ## A"),),),
    "UK_NHS": ((valid(nhs.is_valid, "### ### ####", "##########"),), ("NHS number", "NHS no")),
    "IN_PAN": ((valid(pan.is_valid, "???P?####?"),),),
    "IN_AADHAAR": ((valid(aadhaar.is_valid, "#### #### ####"),),),
    "SG_NRIC_FIN": ((valid(nric, "S#######?", "T#######?"),),),
    "HK_ID": ((valid(hk_id, "?######(#)"),),),
    "AU_TFN": ((valid(tfn.is_valid, "### ### ###"),), ("TFN", "tax file number")),
    "AU_ABN": ((valid(abn.is_valid, "## ### ### ###"),),),
    "AU_ACN": ((valid(acn.is_valid, "### ### ###"),), ("ACN",)),
    "AU_MEDICARE": ((valid(medicare, "#### ##### #"),), ("Medicare number", "medicare card")),
    "BR_CPF": ((valid(cpf.is_valid, "###.###.###-##"),),),
    "BR_CNPJ": ((valid(cnpj.is_valid, "##.###.###/0001-##"),),),
    "ES_NIF": ((valid(nif.is_valid, "########?"),),),
    "ES_NIE": ((valid(nie.is_valid, "X#######?", "Y#######?"),),),
    "IT_FISCAL_CODE": ((valid(codicefiscale.is_valid, "RSSMRA%yA%dH501?", "BNCLCU%yC%dF205?"),),),
    "PL_PESEL": ((valid(pesel.is_valid, "%y%m%d#####"),), ("PESEL",)),
    "FI_PERSONAL_IDENTITY_CODE": ((valid(hetu.is_valid, "%d%m%y-###?", "%d%m%y-####"),),),
    "FR_NIR": ((valid(nir.is_valid, "1 %y %m 75 ### ### ##", "2%y%m33######" + "##"),),),
    "DE_TAX_ID": ((valid(idnr.is_valid, "## ### ### ###"),), ("Steuer-ID", "tax ID")),
    "NL_BSN": ((valid(bsn.is_valid, "#########"),), ("BSN", "burgerservicenummer")),
    "BE_NATIONAL_NUMBER": ((valid(nn.is_valid, "%y.%m.%d-###.##"),),),
    "SE_PERSONNUMMER": (
        (valid(personnummer.is_valid, "%y%m%d-####", "%Y%m%d-####"),),
        ("personnummer",),
    ),
    "NO_FODSELSNUMMER": ((valid(fodselsnummer.is_valid, "%d%m%y#####"),), ("fødselsnummer",)),
    "DK_CPR": ((valid(cpr.is_valid, "%d%m%y-####"),), ("CPR", "CPR number")),
    "CZ_BIRTH_NUMBER": ((valid(rc.is_valid, "%y%m%d/####"),),),
    "RO_CNP": ((valid(cnp.is_valid, "1%y%m%d######"),), ("CNP",)),
    "PT_NIF": ((valid(pt_nif.is_valid, "2########"),), ("NIF", "contribuinte")),
    "CH_AHV": ((valid(ahv.is_valid, "756.####.####.##"),),),
    "CL_RUT": ((valid(rut.is_valid, "1#.###.###-#"),),),
    "MX_CURP": ((valid(curp.is_valid, "GARC%y%m%dHDFRLS0#"),),),
    "KR_RRN": ((valid(rrn.is_valid, "%y%m%d-1######"),),),
    "CN_RESIDENT_ID": ((valid(ric.is_valid, "110105%Y%m%d####"),),),
    "TH_TNIN": ((valid(pin.is_valid, "1-####-#####-##-#"),),),
    "TR_NATIONAL_ID": ((valid(tckimlik.is_valid, "1##########"),), ("TC Kimlik No", "TCKN")),
    "ZA_ID_NUMBER": ((valid(za_idnr.is_valid, "%y%m%d5###08#"),), ("ID number", "SA ID")),
    "CA_SIN": (
        (valid(sin.is_valid, "### ### ###", "###-###-###"),),
        ("SIN", "social insurance number"),
    ),
    "IL_ID_NUMBER": ((valid(il_idnr.is_valid, "#########"),), ("Teudat Zehut", "Israeli ID")),
    "NATIONAL_ID": ((like("?#######", "L##??####"),), ("national id", "identity card number")),
    "DATE_OF_BIRTH": (
        (like("%d/%m/%Y", "%Y-%m-%d", "%B %d, %Y", "%d.%m.%Y"),),
        ("date of birth", "DOB", "birthday"),
    ),
    "GPS_COORDINATES": ((_coordinates,),),
    "LICENSE_PLATE": (
        (like("7???###", "?? ## ???", "B-?? ####"),),
        ("license plate", "number plate"),
    ),
    "USERNAME": ((_handle,), ("username", "user name", "Twitter handle", "user", "login")),
}
