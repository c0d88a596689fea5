"""What the pattern layers find: one named case per kind of value, exact spans and types."""

from dataclasses import dataclass

import pytest

from stream_jobs.redact.scan import Scan, Scanner

SCANNER = Scanner()


@dataclass(frozen=True)
class Case:
    """`text` marks the value to be found with ⟦ and ⟧."""

    name: str
    type: str
    text: str


def found(text: str) -> list[tuple[str, str]]:
    scan = Scan(text)
    SCANNER.exhaust(scan)
    return [(text[s.start : s.end], s.type) for s in scan.spans()]


SECRETS = [
    Case("aws access key", "SECRET", "key ⟦AKIAIOSFODNN7EXAMPLE⟧ leaked"),
    Case("github token", "SECRET", "use ⟦ghp_" + "a1B2" * 9 + "⟧."),
    Case("openai key", "SECRET", "OPENAI ⟦sk-proj-" + "a1B2" * 8 + "⟧"),
    Case("slack token", "SECRET", "⟦xoxb-123456789012-abcdefABCDEF⟧"),
    Case("stripe key", "SECRET", "⟦sk_live_" + "a1B2" * 6 + "⟧"),
    Case("atlassian token", "SECRET", "⟦ATATT3x" + "a1B2_" * 37 + "⟧"),
    Case("docker token", "SECRET", "login -p ⟦dckr_pat_" + "a1B2c3-" * 4 + "⟧"),
    Case("rubygems key", "SECRET", "⟦rubygems_" + "a1b2c3" * 8 + "⟧"),
    Case("postman key", "SECRET", "⟦PMAK-" + "a1b2" * 6 + "-" + "a1b2" * 8 + "c3⟧"),
    Case("new relic key", "SECRET", "⟦NRAK-" + "A1B" * 9 + "⟧"),
    Case("notion token", "SECRET", "⟦ntn_12345678901" + "a1B2c" * 7 + "⟧"),
    Case("sentry token", "SECRET", "⟦sntryu_" + "a1b2" * 16 + "⟧"),
    Case("mailchimp key", "SECRET", "⟦" + "a1b2" * 8 + "-us12⟧"),
    Case("terraform token", "SECRET", "⟦" + "aB1" * 4 + "xY.atlasv1." + "a1B2-" * 13 + "⟧"),
    Case(
        "discord token",
        "SECRET",
        "⟦M" + "Tk4NjIy" * 3 + "NDg.Cl2FMQ." + "ZnCjm1XVW7" * 3 + "⟧",
    ),
    Case("azure client secret", "SECRET", "⟦a1B8Q~" + "x1_Y-" * 6 + "abcd⟧"),
    Case("google key", "SECRET", "⟦AIza" + "a1B2c" * 7 + "⟧"),
    Case(
        "jwt",
        "SECRET",
        "Cookie ⟦eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmN⟧",
    ),
    Case(
        "private key",
        "SECRET",
        "see\n⟦-----BEGIN RSA PRIVATE KEY-----\nMIIEow+/=\nabc\n-----END RSA PRIVATE KEY-----⟧\nok",
    ),
    Case("url with password", "SECRET", "run ⟦postgres://app:s3cret@db.internal:5432/prod⟧ now"),
    Case("azure connection", "SECRET", "AccountName=x;AccountKey=⟦" + "abcd" * 10 + "==⟧;"),
    Case("assignment", "SECRET", "password=⟦hunter2⟧ next"),
    Case("quoted assignment", "SECRET", '{"api_key": "⟦correcthorse⟧"}'),
    Case("escaped json", "SECRET", '{\\"password\\": \\"⟦hunter22⟧\\"}'),
    Case("environment file", "SECRET", "export AWS_SECRET_ACCESS_KEY=⟦wJalrXUtnFEMI/K7MDENG⟧"),
    Case("yaml", "SECRET", "db:\n  passwd: ⟦Tr0ub4dor&3⟧"),
    Case("spoken", "SECRET", "my password is ⟦hunter2⟧, help"),
    Case("bearer", "SECRET", "Authorization: Bearer ⟦abcDEF123456.xyz⟧"),
]
CONTACT = [
    Case("e-mail", "EMAIL_ADDRESS", "mail ⟦jane.doe+x@example.co.uk⟧."),
    Case("e-mail in quotes", "EMAIL_ADDRESS", "('⟦o.k@example.com⟧')"),
    Case("e-mail in angle brackets", "EMAIL_ADDRESS", "Jane <⟦jane@example.com⟧>"),
    Case("e-mail in a key=value", "EMAIL_ADDRESS", "to=⟦jane@example.com⟧&x=1"),
    Case("e-mail with a typo", "EMAIL_ADDRESS", "⟦jane@example.comm⟧"),
    Case("e-mail, not Latin", "EMAIL_ADDRESS", "⟦jörg@bücher.example⟧"),
    Case(
        "e-mail spelled",
        "EMAIL_ADDRESS",
        "write ⟦doe at example dot com⟧",
    ),
    Case("e-mail in brackets", "EMAIL_ADDRESS", "⟦jane [at] example [dot] com⟧"),
    Case("e-mail with (at)", "EMAIL_ADDRESS", "⟦jane(at)example.com⟧"),
    Case("e-mail in a URL", "EMAIL_ADDRESS", "?m=⟦jane%40example.com⟧"),
    Case("phone, brackets", "PHONE_NUMBER", "call ⟦(415) 555-2671⟧ now"),
    Case("phone, fictional", "PHONE_NUMBER", "⟦(555) 123-4567⟧"),
    Case("phone, invalid area", "PHONE_NUMBER", "⟦123-456-7890⟧"),
    Case("phone, dots", "PHONE_NUMBER", "⟦415.555.2671⟧."),
    Case("phone, spaces", "PHONE_NUMBER", "on ⟦415 555 2671⟧ please"),
    Case("phone, toll free", "PHONE_NUMBER", "⟦1-800-555-0199⟧"),
    Case("phone, country code", "PHONE_NUMBER", "⟦+1 (415) 555-2671⟧"),
    Case("phone, extension", "PHONE_NUMBER", "⟦415-555-2671 ext. 12⟧"),
    Case("phone, vanity", "PHONE_NUMBER", "⟦1-800-FLOWERS⟧"),
    Case("phone, local", "PHONE_NUMBER", "at ⟦555-1234⟧."),
    Case("phone, UK", "PHONE_NUMBER", "⟦+44 20 7946 0958⟧"),
    Case("phone, German", "PHONE_NUMBER", "⟦+49 (0)30 901820⟧"),
    Case("phone, E.164", "PHONE_NUMBER", "⟦+14155552671⟧"),
    Case("phone, French national", "PHONE_NUMBER", "⟦06 12 34 56 78⟧"),
    Case("phone, German national", "PHONE_NUMBER", "⟦030 901820⟧"),
    Case("phone, plain beside word", "PHONE_NUMBER", "phone: ⟦4155552671⟧"),
    Case("phone, JSON", "PHONE_NUMBER", '{"phone_number": "⟦4155552671⟧"}'),
    Case("phone, full width", "PHONE_NUMBER", "⟦４１５-５５５-２６７１⟧"),
    Case("phone, odd dashes", "PHONE_NUMBER", "⟦415–555–2671⟧"),
    Case("e-mail, hidden characters", "EMAIL_ADDRESS", "⟦ja\u200bne@exam\u200dple.com⟧"),
    Case("phone in a row", "PHONE_NUMBER", "a,b\n7,⟦020 7946 0018⟧,x"),
    Case("phone in brackets", "PHONE_NUMBER", "cell (⟦2125550123⟧)"),
    Case("phone of a name with a hump", "PHONE_NUMBER", "WhatsApp ⟦07700900123⟧"),
    Case("user in a tag", "USERNAME", "<login>⟦mary.shelley⟧</login>"),
    Case("user in a query", "USERNAME", "/find?user=⟦mary.shelley⟧&n=2"),
    Case("user in brackets", "USERNAME", "screen name (⟦mary_88⟧)"),
    Case("user behind a dash", "USERNAME", "* Handle - ⟦mary_88⟧"),
    Case("user in SQL", "USERNAME", "INSERT INTO t (login) VALUES ('⟦mary_88⟧')"),
    Case("user told", "USERNAME", "Change my handle, please? It should be ⟦mary_88⟧ now."),
    Case("page of a user in a row", "URL", "1,⟦https://github.com/mary-88⟧,x"),
]
MONEY = [
    Case("card, groups", "CREDIT_CARD", "⟦4111 1111 1111 1111⟧"),
    Case("card, dashes", "CREDIT_CARD", "⟦5500-0000-0000-0004⟧"),
    Case("card, plain", "CREDIT_CARD", "card ⟦378282246310005⟧."),
    Case("card, amex groups", "CREDIT_CARD", "⟦3782 822463 10005⟧"),
    Case("card before its date", "CREDIT_CARD", "⟦4111 1111 1111 1111⟧ 12/27 123"),
    Case("card after a number", "CREDIT_CARD", "order 1234 ⟦4111 1111 1111 1111⟧"),
    Case("iban, groups", "IBAN_CODE", "to ⟦DE89 3704 0044 0532 0130 00⟧ by"),
    Case("iban, compact", "IBAN_CODE", "⟦GB29NWBK60161331926819⟧"),
    Case("iban before capitals", "IBAN_CODE", "⟦DE89 3704 0044 0532 0130 00⟧ BIC UNKNOWN"),
    Case("iban, lower case", "IBAN_CODE", "⟦de89370400440532013000⟧"),
    Case("bic beside word", "BIC_CODE", "BIC: ⟦DEUTDEFF500⟧"),
    Case("account beside word", "US_BANK_NUMBER", "account number: ⟦12345678⟧"),
    Case("bitcoin", "CRYPTO", "⟦1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa⟧"),
    Case("bitcoin segwit", "CRYPTO", "⟦bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4⟧"),
    Case("ethereum", "CRYPTO", "⟦0x52908400098527886E0F7030069857D2E4169EE7⟧"),
    Case("card in a row", "CREDIT_CARD", "a,b\n1,⟦4111-1111-1111-1111⟧,3"),
    Case("bic beside swift", "BIC_CODE", "bicswift: ⟦DEUTDEFF500⟧"),
]
MACHINES = [
    Case("IPv4", "IP_ADDRESS", "from ⟦192.168.12.7⟧."),
    Case("IPv4 of small numbers", "IP_ADDRESS", "ping ⟦8.8.8.8⟧"),
    Case("IPv4 with mask", "IP_ADDRESS", "⟦10.1.2.0/24⟧"),
    Case("IPv6", "IP_ADDRESS", "⟦2001:db8:85a3::8a2e:370:7334⟧"),
    Case("IPv6 link local", "IP_ADDRESS", "on ⟦fe80::1ff:fe23:4567:890a%eth0⟧"),
    Case("MAC", "MAC_ADDRESS", "⟦00:1A:2B:3C:4D:5E⟧"),
]
IDS = [
    Case("US SSN", "US_SSN", "⟦536-22-8145⟧"),
    Case("US SSN beside word", "US_SSN", "SSN ⟦536228145⟧"),
    Case("US ITIN", "US_ITIN", "⟦912-70-1234⟧"),
    Case("UK NINO", "UK_NINO", "⟦AB 12 34 56 C⟧"),
    Case("UK NHS beside word", "UK_NHS", "NHS number ⟦943 476 5919⟧"),
    Case("Indian PAN", "IN_PAN", "⟦ABCPE1234F⟧"),
    Case("Singapore NRIC", "SG_NRIC_FIN", "⟦S1234567D⟧"),
    Case("Brazilian CPF", "BR_CPF", "⟦390.533.447-05⟧"),
    Case("Spanish NIF", "ES_NIF", "DNI ⟦12345678Z⟧"),
    Case("Italian fiscal code", "IT_FISCAL_CODE", "⟦RSSMRA85T10A562S⟧"),
    Case("Finnish id", "FI_PERSONAL_IDENTITY_CODE", "⟦131052-308T⟧"),
    Case("Polish PESEL beside word", "PL_PESEL", "PESEL ⟦44051401359⟧"),
    Case("passport beside word", "US_PASSPORT", "passport no. ⟦C01234567⟧"),
    Case("driver's licence beside word", "US_DRIVER_LICENSE", "driver's license ⟦D1234567⟧"),
    Case("date of birth", "DATE_OF_BIRTH", "DOB: ⟦04/12/1987⟧"),
    Case("date of birth, ISO", "DATE_OF_BIRTH", '"date_of_birth": "⟦1987-04-12⟧"'),
    Case("date of birth in words", "DATE_OF_BIRTH", "born on ⟦April 12, 1987⟧"),
    Case("german tax id in short", "DE_TAX_ID", "IdNr #⟦65929970489⟧"),
    Case(
        "german tax id behind",
        "DE_TAX_ID",
        "⟦65929970489⟧ as her steuerliche Identifikationsnummer",
    ),
    Case("nhs number below", "UK_NHS", "NHS patient number\n⟦943-476-5919⟧"),
]


@pytest.mark.parametrize("case", SECRETS + CONTACT + MONEY + MACHINES + IDS, ids=lambda c: c.name)
def test_finds(case: Case) -> None:
    before, rest = case.text.split("⟦")
    value, after = rest.split("⟧")
    assert found(before + value + after) == [(value, case.type)]


HARMLESS = [
    Case("order id", "", "order 4155552671 and 1234567890 shipped"),
    Case("unix time", "", "at 1700000000, in ms 1700000000123"),
    Case("ISO time", "", "2024-01-15T10:30:00.123456Z and 2024-01-15 10:30:00"),
    Case("dates", "", "on 01/02/2024, 15.01.2024, 2024/01/15 and 1-2-24"),
    Case("uuid", "", "429f49cf-125b-5427-b706-7aad67dce863"),
    Case("uuid of digits", "", "41111111-1111-1111-4111-111111111111"),
    Case("sha1", "", "commit 5d704a4b1e2f3c4d5e6f708192a3b4c5d6e7f809"),
    Case("versions", "", "v1.2.3, version 1.2.3.4, release 10.0.19041.1"),
    Case("sections", "", "see sections 5.2.4 and 6.2.2.3, §4.2.3.2, foo>=10.20.0.0"),
    Case("postal codes", "", "Boston, MA 02110-1301 and 011990-99999 and 0024-9319"),
    Case("signed decimals", "", "+3.14000000 -2.71828182 +10.250000"),
    Case("regular expression", "", 'token = r"[-!#$%&*+.^_|~0-9]+"'),
    Case("loopback and masks", "", "127.0.0.1, 0.0.0.0, 255.255.255.0, ::1"),
    Case("c++ scope", "", "std::vector<int> Abc::Def a[1::2] dead::beef"),
    Case("times", "", "10:30:00 to 12:45:59"),
    Case("ranges", "", "from 100-200 to 1000-2000, 555 items"),
    Case("rows of numbers", "", "100 200 3000 400 500 6000"),
    Case("sums of money", "", "$1,234,567.89 and 1 234 567,89 €"),
    Case("decimals", "", "0.4111111111111111 3.14159265358979"),
    Case("card that fails its check", "", "4111 1111 1111 1112"),
    Case("iban that fails its check", "", "DE88 3704 0044 0532 0130 00"),
    Case(
        "code that reads a secret", "", 'password = os.environ["DB_PASSWORD"]; token = get_token()'
    ),
    Case("type of a secret", "", "def login(password: str, token: Optional[str] = None)"),
    Case("names of secrets alone", "", "password='password='password='token=\"token=\""),
    Case("fill-in", "", 'api_key="YOUR_API_KEY"; password=${DB_PASSWORD}; token: <token>'),
    Case(
        "talk about passwords", "", "The password: required. Your token is invalid. Reset password?"
    ),
    Case("tokens", "", "max_tokens: 4096, input_tokens=1234567"),
    Case(
        "decorators and images", "", "@staticmethod actions/checkout@v2 logo@2x.png lodash@4.17.21"
    ),
    Case("matrix product", "", "y = x@weights.transpose(0, 1)"),
    Case("basic words", "", "a few basic ingredients. the basic understanding."),
    Case("call in code", "", "call 10000000 times"),
    Case("isbn", "", "ISBN 978-0-306-40615-7"),
    Case("plain url", "", "https://example.com/a/b?c=1#d and http://localhost:8080/"),
    Case(
        "labels", "", "<EMAIL_ADDRESS:k1:abcdefghijklmnop> password=<SECRET> <UNSCANNED:too_long>"
    ),
    Case("numbers in a row", "", "7,4111111111111111,12"),
]


@pytest.mark.parametrize("case", HARMLESS, ids=lambda case: case.name)
def test_leaves_alone(case: Case) -> None:
    assert found(case.text) == []
