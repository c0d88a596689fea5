"""Texts as they come: structured, escaped, in odd characters. Spans stay exact, the shape stays."""

import base64
import json
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.settings import RedactSettings
from stream_jobs.redact.folding import fold
from stream_jobs.redact.keys import parse_keys
from stream_jobs.redact.labels import LABEL
from stream_jobs.redact.redactor import Redactor

REDACTOR = Redactor(RedactSettings(), parse_keys("k1:" + base64.b64encode(b"a" * 32).decode()))


@dataclass(frozen=True)
class Case:
    """`text` marks the value to be found with ⟦ and ⟧."""

    name: str
    type: str
    text: str


HEAD = "<tr><th>Id</th><th>SSN</th></tr>"
CASES = [
    Case("JSON key", "US_SSN", '{"social_security_number": "⟦536228145⟧"}'),
    Case("JSON key in humps", "US_SSN", '{"socialSecurityNumber": ⟦536228145⟧}'),
    Case("JSON over lines", "US_PASSPORT", '{\n  "passport":\n    "⟦C01234567⟧"\n}'),
    Case("JSON escape", "EMAIL_ADDRESS", '{"to": "⟦jane\\u0040example.com⟧"}'),
    Case("JSON line break", "PHONE_NUMBER", '"call\\n⟦415-555-2671⟧\\nnow"'),
    Case("emoji as escapes", "EMAIL_ADDRESS", '"\\ud83d\\ude00 ⟦jane@example.com⟧"'),
    Case("XML element", "US_SSN", "<ssn>⟦536228145⟧</ssn>"),
    Case("code", "PHONE_NUMBER", "phone = '⟦4155552671⟧'"),
    Case("Markdown table", "US_SSN", "| Name | SSN |\n|---|---|\n| Jo | ⟦536228145⟧ |"),
    Case("CSV", "PHONE_NUMBER", "name,phone,city\nJo,⟦4155552671⟧,Oslo"),
    Case("CSV with quotes", "PHONE_NUMBER", 'name,phone\n"Doe, Jo",⟦4155552671⟧'),
    Case("tabs", "US_SSN", "ssn\tcity\n⟦536228145⟧\tOslo"),
    Case("HTML table", "US_SSN", f"{HEAD}<tr><td>1</td><td>⟦536228145⟧</td></tr>"),
    Case("HTML cell beside", "US_SSN", "<td>SSN</td><td class='x'>⟦536228145⟧</td>"),
    Case("HTML entity", "EMAIL_ADDRESS", "<p>⟦jane&#64;example.com⟧</p>"),
    Case("HTML entity, hexadecimal", "EMAIL_ADDRESS", "⟦jane&#x40;example&period;com⟧"),
    Case("HTML space", "PHONE_NUMBER", "tel⟦(415)&nbsp;555-2671⟧".replace("tel", "tel ")),
    Case("quoted mail", "EMAIL_ADDRESS", "On Monday Jo wrote:\n> > ask ⟦jane@example.com⟧\n> ok"),
    Case("value, then its word", "US_SSN", "⟦536228145⟧ is my SSN"),
    Case("value, then its word in brackets", "US_SSN", "⟦536228145⟧ (SSN)"),
    Case("full width", "US_SSN", "ssn ⟦５３６２２８１４５⟧"),
    Case("Arabic digits", "PHONE_NUMBER", "⟦٤١٥-٥٥٥-٢٦٧١⟧"),
    Case("keycaps", "PHONE_NUMBER", "⟦4️⃣1️⃣5️⃣-555-2671⟧"),
    Case("joiners", "EMAIL_ADDRESS", "⟦ja\u200dne@exam\u2060ple.com⟧"),
    Case("dots like dots", "EMAIL_ADDRESS", "⟦jane@example․com⟧"),
    Case("dots of Japan", "IP_ADDRESS", "from ⟦192。168。12。7⟧"),
    Case("accent apart", "EMAIL_ADDRESS", "⟦jo\u0301@example.com⟧"),
    Case("right to left", "EMAIL_ADDRESS", "\u202bכתוב אל ⟦jane@example.com⟧ היום\u202c"),
    Case("among emoji", "PHONE_NUMBER", "👩‍👩‍👧 ⟦415-555-2671⟧ 👍🏽"),
    Case("word with accents", "FR_NIR", "numéro de sécurité sociale ⟦1 85 05 78 006 084 91⟧"),
    Case("word, decomposed", "DATE_OF_BIRTH", "ne\u0301e le ⟦12/05/1980⟧"),
    Case("coordinates", "GPS_COORDINATES", "we met at ⟦48.85837, 2.29448⟧ then"),
    Case("coordinates in degrees", "GPS_COORDINATES", "⟦48°51'29\"N 2°17'40\"E⟧"),
    Case("licence plate", "LICENSE_PLATE", "license plate ⟦7ABC123⟧"),
    Case("user name", "USERNAME", "username: ⟦jane_doe42⟧"),
    Case("handle", "USERNAME", "on Twitter ⟦@jane_doe⟧"),
    Case("URL of a user", "URL", "see ⟦https://example.com/users/12345⟧."),
    Case("URL of a profile", "URL", "(⟦https://www.linkedin.com/in/jane-doe-123⟧)"),
    Case("IBAN without a country's own check", "IBAN_CODE", "⟦ES37 2694 5073 5301 8768 9150⟧"),
    Case("the nearer word decides", "US_DRIVER_LICENSE", "passport, driver's license ⟦D1234567⟧"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_finds(case: Case) -> None:
    before, rest = case.text.split("⟦")
    value, after = rest.split("⟧")
    redacted, spans = REDACTOR.redact_text(before + value + after, "acme")
    assert [(s.start, s.end, s.type) for s in spans] == [
        (len(before), len(before + value), case.type)
    ]
    label = redacted.removeprefix(before).removesuffix(after)
    assert LABEL.fullmatch(label)  # so all around it stands as it stood


HARMLESS = [
    Case("kernel time", "", "kernel: [ 0281.430495] up"),
    Case("product number", "", "EAN 4777481106762"),
    Case("words far above", "", "The SSN is kept by another office.\n\nOrder 536228145 is done."),
    Case("other column", "", "ssn,order\n,536228145"),
    Case("user in code", "", "user = request.user; login(user_id); username: str = get_name()"),
    Case("key named user", "", '{"user": {"user_id": 7}, "login": {"value": "x"}}'),
    Case("vector", "", "[0.12345, 0.67890, 12.34567, 45.67891]"),
    Case("repository", "", "https://github.com/pallets/flask and https://github.com/features"),
    Case("unknown entities", "", "&user; &x1; \\q &#99999999;"),
    Case("design", "", "Token: '#dcdccc', secret: 'next_token', credentials: StateCredentials"),
]


@pytest.mark.parametrize("case", HARMLESS, ids=lambda case: case.name)
def test_leaves_alone(case: Case) -> None:
    assert REDACTOR.redact_text(case.text, "acme") == (case.text, [])


MARKUP = st.sampled_from(
    [
        "&#64;",
        "&amp;",
        "\\u0041",
        "\\n",
        "\\",
        "&",
        ";",
        "e\u0301",
        "4\ufe0f\u20e3",
        "a",
        "\u200d",
        "@b.com",
    ]
)


@given(st.lists(st.one_of(MARKUP, st.text(max_size=3)), max_size=20).map("".join))
def test_every_folded_character_stands_for_a_piece_of_the_original(text: str) -> None:
    folded = fold(text)
    at = 0
    for i in range(len(folded.text)):
        start, end = folded.original(i, i + 1)
        assert at <= start < end <= len(text)
        at = end


@given(st.lists(st.one_of(MARKUP, st.text(max_size=3)), max_size=20).map("".join))
def test_twice_is_once_with_escapes(text: str) -> None:
    once, _ = REDACTOR.redact_text(text, "acme")
    assert REDACTOR.redact_text(once, "acme") == (once, [])


@given(
    st.dictionaries(st.text(max_size=8), st.sampled_from(["jane@example.com", "x", "415-555-2671"]))
)
def test_json_stays_json(value: dict[str, str]) -> None:
    redacted, _ = REDACTOR.redact_text(json.dumps(value), "acme")
    assert len(json.loads(redacted)) == len(value)
