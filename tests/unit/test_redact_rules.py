"""The rules file: what it adds, and a line for every mistake."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from schemas.errors import ConfigError
from schemas.settings import RedactSettings, Secret
from stream_jobs.redact.build import build_redactor
from stream_jobs.redact.keys import parse_keys
from stream_jobs.redact.redactor import Redactor
from stream_jobs.redact.rules import load_rules
from stream_jobs.redact.spans import Span

KEY = "k1:" + base64.b64encode(b"a" * 32).decode()
RULES = r"""
patterns:
  - type: EMPLOYEE_ID
    pattern: 'E-[0-9]{8}'
  - type: TICKET
    name: ticket
    pattern: '\b(?P<value>[0-9]{5})\b'
    context: [ticket, Vorgang]
  - type: SECRET
    pattern: 'zk_[a-z0-9]{12}'
    layer: secrets
context:
  US_SSN: [sozialnummer]
allow:
  values: [support@example.com, "E-00000000"]
  patterns: ['[a-z]+@shop\.example']
treatments:
  EMPLOYEE_ID: partial
  TICKET: label
  PHONE_NUMBER: keep
"""


def redact(text: str, rules: str, folder: Path, treatments: str = "") -> str:
    file = folder / "rules.yaml"
    file.write_text(rules)
    settings = RedactSettings(
        keys=Secret(KEY), rules_file=str(file), treatments=treatments, spacy_model="none"
    )
    redactor = build_redactor(settings)
    once, _ = redactor.redact_text(text, "acme")
    assert redactor.redact_text(once, "acme") == (once, [])
    return once


@dataclass(frozen=True)
class Case:
    given: str
    expected: str


CASES = [
    Case("of E-12345678 here", "of <EMPLOYEE_ID:*5678> here"),
    Case("ticket no 12345", "ticket no <TICKET>"),
    Case("Vorgang: 12345", "Vorgang: <TICKET>"),
    Case("just 12345", "just 12345"),
    Case("use zk_a1b2c3d4e5f6 now", "use <SECRET> now"),
    Case("Sozialnummer 536228145", "Sozialnummer <US_SSN>"),
    Case(
        "ask support@example.com or Support@Example.com",
        "ask support@example.com or Support@Example.com",
    ),
    Case("ask jane@shop.example", "ask jane@shop.example"),
    Case("E-00000000", "E-00000000"),
    Case("call 415-555-2671", "call 415-555-2671"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.given)
def test_what_rules_add(case: Case, tmp_path: Path) -> None:
    assert redact(case.given, RULES, tmp_path) == case.expected


class Organisations:
    """Takes four capitals for an organisation."""

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        return [
            [Span(*m.span(), "ORGANIZATION", "names") for m in re.finditer("[A-Z]{4}", text)]
            for text in texts
        ]


def test_what_is_allowed_is_no_name_either() -> None:
    rules = load_rules("allow:\n  values: [acme]\n", "rules.yaml")
    redactor = Redactor(RedactSettings(), parse_keys(KEY), Organisations(), rules.extras)
    assert redactor.redact_text("ACME or EMCA", "t")[0].startswith("ACME or <ORGANIZATION:k1:")


def test_a_name_within_an_allowed_value_stays() -> None:
    rules = load_rules("allow:\n  patterns: ['[A-Z]+@shop\\.example']\n", "rules.yaml")
    redactor = Redactor(RedactSettings(), parse_keys(KEY), Organisations(), rules.extras)
    assert redactor.redact_text("(ACME@shop.example)", "t")[0] == "(ACME@shop.example)"


def test_a_setting_wins_over_the_file(tmp_path: Path) -> None:
    assert redact("call 415-555-2671", RULES, tmp_path, "PHONE_NUMBER=label,TICKET=drop") == (
        "call <PHONE_NUMBER>"
    )


MISTAKES = r"""patterns:
  - type: EMPLOYEE_ID
    pattern: '(E-[0-9]{6}'
  - type: employee
    pattern: 'E[0-9]'
  - type: BADGE
    pattern: 'x*'
  - type: BADGE
    patern: 'x'
  - type: ONE
    name: email
    pattern: 'x'
  - type: TWO
    pattern: '(?<=a)x'
contexts: {}
context:
  NOBODY: [word]
  US_SSN: word
allow:
  values: [12]
  patterns: ['(']
treatments:
  SECRET: keep
  PHONE: label
  PERSON: hash
"""
EXPECTED = [
    (3, "is not RE2 syntax"),
    (5, "write capitals"),
    (7, "matches nothing at all"),
    (8, "pattern: missing"),
    (9, "patern: unknown"),
    (12, "'email' of a pattern is taken"),
    (14, "is not RE2 syntax"),
    (15, "contexts: unknown"),
    (17, "no word decides about 'NOBODY'"),
    (18, "US_SSN: no list"),
    (20, "values: 12"),
    (21, "not RE2 syntax"),
    (23, "SECRET: 'keep' for SECRET; expected one of pseudonym, label, drop"),
    (24, "PHONE: no type 'PHONE'; expected one of ABA_ROUTING_NUMBER"),
    (25, "PERSON: 'hash'; expected one of pseudonym"),
]


def test_every_mistake_is_told_at_once_with_its_line() -> None:
    with pytest.raises(ConfigError) as caught:
        load_rules(MISTAKES, "my.yaml")
    told = str(caught.value).splitlines()
    for line, words in EXPECTED:
        assert [one for one in told if one.startswith(f"my.yaml:{line}: ") and words in one], line
    assert len(told) == len(EXPECTED)
    assert all("; expected " in one for one in told)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- a", "rules.yaml:1: no mapping; expected a mapping with some of allow, context"),
        ("a: [", "rules.yaml:1: not YAML"),
        ("patterns: 3", "rules.yaml:1: patterns: missing, empty or no list"),
    ],
)
def test_what_is_no_rules_file(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_rules(text, "rules.yaml")
    assert str(caught.value).startswith(says)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    settings = RedactSettings(keys=Secret(KEY), rules_file=str(tmp_path / "none"))
    with pytest.raises(ConfigError, match=r"FEEDLOOP_REDACT_RULES_FILE .* can't be read"):
        build_redactor(settings)


def test_the_example_of_the_page_is_right() -> None:
    page = (Path(__file__).parents[2] / "docs" / "redaction.md").read_text()
    example = page.partition("```yaml\n")[2].partition("```")[0]
    rules = load_rules(example, "rules.yaml")
    assert [own.type for own in rules.extras.patterns] == ["EMPLOYEE_ID", "SECRET"]
    assert rules.treatments == {"EMPLOYEE_ID": "partial"}
