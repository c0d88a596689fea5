"""Treatments per type: what is written in place of a value, and what the setting refuses."""

import base64
import re
from dataclasses import dataclass

import pytest

from schemas.errors import ConfigError
from schemas.settings import RedactSettings
from stream_jobs.redact.keys import parse_keys
from stream_jobs.redact.labels import KEYED_TYPES, LABEL, PLAIN_TYPES
from stream_jobs.redact.names import TYPES as NAME_TYPES
from stream_jobs.redact.policy import Policy, parse_treatments
from stream_jobs.redact.redactor import Redactor
from stream_jobs.redact.registry import RECOGNISERS
from stream_jobs.redact.spans import Span
from stream_jobs.redact.treatment import compile_plan

KEYS = parse_keys("k1:" + base64.b64encode(b"a" * 32).decode())
TOKEN = "ghp_" + "a1B2" * 9
KEYED = re.compile(r"<[A-Z_]+:k1:[a-z2-7]{16}>")


def redact(text: str, treatments: str = "") -> str:
    return Redactor(RedactSettings(treatments=treatments), KEYS).redact_text(text, "acme")[0]


@dataclass(frozen=True)
class Case:
    name: str
    treatments: str
    given: str
    expected: str  # KEYED stands for a pseudonym


CASES = [
    Case("keyed by default", "", "call 415-555-2671", "call KEYED"),
    Case("plain by default", "", "card 4111 1111 1111 1111", "card <CREDIT_CARD>"),
    Case("pseudonym", "CREDIT_CARD=pseudonym", "4111 1111 1111 1111", "KEYED"),
    Case("label", "PHONE_NUMBER=label", "call 415-555-2671", "call <PHONE_NUMBER>"),
    Case("partial", "PHONE_NUMBER=partial", "call 415-555-2671", "call <PHONE_NUMBER:*2671>"),
    Case(
        "partial is folded", "PHONE_NUMBER=partial", "４１５-555-２６７１", "<PHONE_NUMBER:*2671>"
    ),
    Case("too short for partial", "PHONE_NUMBER=partial", "555-1234", "<PHONE_NUMBER:*>"),
    Case("drop", "EMAIL_ADDRESS=drop", "mail jane@example.com now", "mail  now"),
    Case(
        "what a drop brings together is found",
        "EMAIL_ADDRESS=drop",
        "415-555 jane@example.com-2671",
        "KEYED",
    ),
    Case("keep", "EMAIL_ADDRESS=keep", "mail jane@example.com", "mail jane@example.com"),
    Case(
        "keep leaves the rest", "EMAIL_ADDRESS=keep", "jane@a.com 415-555-2671", "jane@a.com KEYED"
    ),
    Case("secrets can be dropped", "SECRET=drop", f"x {TOKEN} y", "x  y"),
    Case("secrets can be told apart", "SECRET=pseudonym", f"x {TOKEN} y", "x KEYED y"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_treatments(case: Case) -> None:
    once = redact(case.given, case.treatments)
    assert KEYED.sub("KEYED", once) == case.expected
    assert redact(once, case.treatments) == once


def test_a_span_over_a_dropped_value_covers_it() -> None:
    redactor = Redactor(RedactSettings(treatments="EMAIL_ADDRESS=drop"), KEYS)
    text = "😀 415-555 jane@example.com-2671 x"
    redacted, spans = redactor.redact_text(text, "acme")
    assert KEYED.sub("KEYED", redacted) == "😀 KEYED x"
    assert spans == [Span(2, len(text) - 2, "PHONE_NUMBER", "patterns")]


@dataclass(frozen=True)
class Fault:
    name: str
    given: str
    says: str


FAULTS = [
    Fault("keep of secrets", "SECRET=keep", "'keep' for SECRET; expected one of pseudonym, label"),
    Fault("last four of secrets", "SECRET=partial", "'partial' for SECRET"),
    Fault("no such type", "PHONE=keep", "no type 'PHONE'; expected one of ABA_ROUTING"),
    Fault("no such treatment", "PHONE_NUMBER=hash", "'hash'; expected one of pseudonym, label"),
    Fault("no =", "PHONE_NUMBER", "no =; expected TYPE=treatment"),
    Fault("twice", "PERSON=label,PERSON=keep", "entry 'PERSON=keep': the type a second time"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_faults_name_the_setting_and_what_is_expected(fault: Fault) -> None:
    with pytest.raises(ConfigError, match=r"^FEEDLOOP_REDACT_TREATMENTS, entry ") as caught:
        parse_treatments(fault.given)
    assert fault.says in str(caught.value)


def test_a_policy_knows_every_type_that_can_be_found() -> None:
    found = {recogniser.type for recogniser in RECOGNISERS} | set(NAME_TYPES.values())
    assert found == PLAIN_TYPES | KEYED_TYPES
    assert not PLAIN_TYPES & KEYED_TYPES
    assert Policy().of("SECRET") == "label"


@pytest.mark.parametrize("kind", sorted(PLAIN_TYPES | KEYED_TYPES))
def test_the_label_of_every_type_is_known_again(kind: str) -> None:
    assert LABEL.fullmatch(f"<{kind}>")
    assert LABEL.fullmatch(f"<{kind}:*a1B2>")
    assert not LABEL.fullmatch(f"<{kind}:*12345>")
    assert not LABEL.fullmatch(f"<{kind}x>")


def test_join_keys_stay_equal_whatever_becomes_of_addresses_in_texts() -> None:
    fields = [
        {"name": "session_id", "type": "string", "redact": "keep"},
        {"name": "user_id", "type": "string", "redact": "pseudonym"},
        {"name": "said", "type": "string", "redact": "text"},
    ]
    plan = compile_plan({"type": "record", "name": "R", "fields": fields})
    redactor = Redactor(RedactSettings(treatments="EMAIL_ADDRESS=drop"), KEYS)
    record = dict.fromkeys(("session_id", "user_id", "said"), "jane@example.com")
    [(result, counts)] = redactor.redact_records(plan, [record], ["acme"])
    assert result["session_id"].startswith("<EMAIL_ADDRESS:k1:")
    assert result["user_id"].startswith("<USER_ID:k1:")
    assert result["said"] == ""
    assert counts == {"EMAIL_ADDRESS": 2, "USER_ID": 1}
