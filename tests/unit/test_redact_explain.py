"""Why a text is redacted as it is, and what a user adds to the built-in recognisers."""

import base64

import pytest

from schemas.errors import ConfigError
from schemas.settings import RedactSettings
from stream_jobs.redact.keys import parse_keys
from stream_jobs.redact.own import Extras, OwnPattern
from stream_jobs.redact.redactor import Redactor
from stream_jobs.redact.treatment import compile_plan

KEYS = parse_keys("k1:" + base64.b64encode(b"a" * 32).decode())


def built(extras: Extras | None = None) -> Redactor:
    return Redactor(RedactSettings(), KEYS, extras=extras or Extras())


def types(redactor: Redactor, text: str) -> list[tuple[str, str]]:
    _, spans = redactor.redact_text(text, "acme")
    return [(text[s.start : s.end], s.type) for s in spans]


def test_every_candidate_with_its_check_and_reason() -> None:
    text = "card 4111 1111 1111 1112, ssn 536228145, mail jane@example.com at v1.2.3.4"
    told = [(text[c.start : c.end], c.check, c.accepted, c.reason) for c in built().explain(text)]
    assert ("jane@example.com", "email", True, "a domain that mail could go to") in told
    assert ("536228145", "us_ssn_by_word", True, 'its form, beside "ssn"') in told
    assert ("4111 1111 1111 1112", "card", False, "no known brand or a wrong check digit") in told
    assert all(reason for *_, reason in told)


def test_accepted_candidates_are_the_spans() -> None:
    texts = [
        "415 555 2671 4242 4242 4242 4242",
        "password=hunter2@example.com, \u200bssn \u200b536-22-8145",
        "429f49cf-125b-5427-b706-7aad67dce863 +44 20 7946 0958",
        "passport C01234567, driver's license D1234567; NHS 943 476 5919",
    ]
    redactor = built()
    for text in texts:
        _, spans = redactor.redact_text(text, "acme")
        accepted = [c for c in redactor.explain(text) if c.accepted]
        assert [(c.start, c.end, c.type) for c in accepted] == [(s[0], s[1], s[2]) for s in spans]


def test_a_refusal_names_what_is_exempt_or_allowed() -> None:
    extras = Extras(allow=("Support@Example.com",), allow_patterns=(r".*@acme\.test",))
    redactor = built(extras)
    text = "support@example.com, bot@acme.test, jane@example.com"
    assert types(redactor, text) == [("jane@example.com", "EMAIL_ADDRESS")]
    assert [c.reason for c in redactor.explain(text)][:2] == ["on the allow list"] * 2
    uuid = "41111111-1111-1111-4111-111111111111"
    assert types(redactor, uuid) == []


def test_own_patterns_with_and_without_words() -> None:
    extras = Extras(
        patterns=(
            OwnPattern("staff", "EMPLOYEE_ID", r"\bE-\d{5}\b"),
            OwnPattern("badge", "BADGE", r"\b(?P<value>\d{4})\b", words=("badge", "key card")),
        ),
        words=(("US_SSN", ("sozialnummer",)),),
    )
    redactor = built(extras)
    assert types(redactor, "ask E-12345") == [("E-12345", "EMPLOYEE_ID")]
    assert types(redactor, "in 2024, badge 1234; key_card: 4321") == [
        ("1234", "BADGE"),
        ("4321", "BADGE"),
    ]
    assert types(redactor, "Sozialnummer 536228145") == [("536228145", "US_SSN")]
    once, _ = redactor.redact_text("ask E-12345 é badge 1234", "acme")
    assert redactor.redact_text(once, "acme") == (once, [])


@pytest.mark.parametrize(
    ("extras", "says"),
    [
        (Extras(patterns=(OwnPattern("p", "x", "a"),)), "'x' of 'p'"),
        (Extras(patterns=(OwnPattern("p", "XX", "("),)), "'p' is not RE2 syntax"),
        (Extras(patterns=(OwnPattern("p", "XX", r"(a)\1"),)), "'p' is not RE2 syntax"),
        (Extras(patterns=(OwnPattern("p", "XX", "a*"),)), "'p' matches nothing at all"),
        (Extras(patterns=(OwnPattern("card", "XX", "a"),)), "'card' of a pattern is taken"),
        (Extras(words=(("EMAIL_ADDRESS", ("mail",)),)), "no word decides about 'EMAIL_ADDRESS'"),
        (Extras(words=(("US_SSN", (" ",)),)), "an empty word"),
        (Extras(allow_patterns=("(",)), "allow_patterns"),
    ],
    ids=["type", "syntax", "backreference", "empty", "name", "words", "empty word", "allow"],
)
def test_what_can_not_work_is_refused(extras: Extras, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        built(extras)


def test_the_key_of_a_map_and_the_name_of_a_field_are_context() -> None:
    plan = compile_plan(
        {
            "type": "record",
            "name": "R",
            "fields": [
                {"name": "attributes", "type": {"type": "map", "values": "string"}},
                {"name": "ssn", "type": {"type": "array", "items": "string"}},
            ],
        }
    )
    record = {
        "attributes": {"ssn": "536228145", "userPassport": "C01234567", "order": "536228145"},
        "ssn": ["536228145", "none"],
    }
    [(once, counts)] = built().redact_records(plan, [record], ["acme"])
    assert once["attributes"]["ssn"] == "<US_SSN>"
    assert once["attributes"]["userPassport"].startswith("<")
    assert once["attributes"]["order"] == "536228145"
    assert once["ssn"] == ["<US_SSN>", "none"]
    assert counts["US_SSN"] == 2
    [(twice, again)] = built().redact_records(plan, [once], ["acme"])
    assert (twice, again.total()) == (once, 0)
