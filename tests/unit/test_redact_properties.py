"""What holds for every text: twice is once, offsets are right, no found value is left."""

import base64
import re
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.settings import RedactSettings
from stream_jobs.redact.folding import fold
from stream_jobs.redact.keys import parse_keys
from stream_jobs.redact.labels import KEYED_TYPES, LABEL, PLAIN_TYPES
from stream_jobs.redact.pseudonyms import normalise, pseudonym
from stream_jobs.redact.redactor import Redactor

KEYS = parse_keys("k1:" + base64.b64encode(b"a" * 32).decode())
REDACTOR = Redactor(RedactSettings(), KEYS)
NEWER = parse_keys(
    f"k2:{base64.b64encode(b'b' * 32).decode()},k1:{base64.b64encode(b'a' * 32).decode()}"
)
TYPES = sorted((KEYED_TYPES | PLAIN_TYPES) - {"SECRET"})


def treated(treatment: str, secrets: str = "label") -> Redactor:
    """Return a redactor with `treatment` for every type but secrets."""
    told = ",".join(f"{kind}={treatment}" for kind in TYPES)
    return Redactor(RedactSettings(treatments=f"{told},SECRET={secrets}"), KEYS)


TREATED = {
    "pseudonym": treated("pseudonym", "pseudonym"),
    "label": treated("label"),
    "partial": treated("partial"),
    "drop": treated("drop", "drop"),
    "keep": treated("keep"),
    "mixed": Redactor(
        RedactSettings(
            treatments="EMAIL_ADDRESS=drop,PHONE_NUMBER=partial,IP_ADDRESS=keep,CREDIT_CARD=pseudonym"
        ),
        KEYS,
    ),
}

PIECES = st.sampled_from(
    [
        "jane.doe@example.com",
        "(415) 555-2671",
        "123-456-7890",
        "+44 20 7946 0958",
        "1-800-FLOWERS",
        "4111 1111 1111 1111",
        "4111111111111111",
        "DE89 3704 0044 0532 0130 00",
        "536-22-8145",
        "SSN 536228145",
        "943 476 5919",
        "NHS",
        "passport C01234567",
        "192.168.12.7",
        "2001:db8:85a3::8a2e:370:7334",
        "00:1A:2B:3C:4D:5E",
        "password=",
        "token: '",
        "hunter2",
        "ghp_" + "a1B2" * 9,
        "postgres://u:p4ss@h/db",
        "-----BEGIN PRIVATE KEY-----",
        "429f49cf-125b-5427-b706-7aad67dce863",
        "2024-01-15T10:30:00Z",
        "phone",
        "DOB",
        "<SECRET>",
        "<EMAIL_ADDRESS:k1:abcdefghijklmnop>",
        "<EMAIL_ADDRESS:k1:",
        "<",
        ">",
        "\u200b",
        "＠",
        "４１１１",
        "\ufffc",
        "\ud800",
        " ",
        ", ",
        "\n",
        '"',
        "'",
        "=",
        "@",
        ".",
        "-",
        "+",
        "0",
        "5",
    ]
)
NEAR_MISSES = st.text(alphabet=string.digits + " -.()+@:/abcfx", max_size=60)
TEXTS = st.one_of(
    st.lists(st.one_of(PIECES, NEAR_MISSES, st.text(max_size=5)), max_size=12).map("".join),
    st.lists(PIECES, max_size=12).map(" ".join),
    st.text(max_size=200),
)


@given(TEXTS)
@example("415 555 2671 4242 4242 4242 4242")
@example("password=hunter2@example.com")
@example("a\u200b@b.com")
def test_twice_is_once(text: str) -> None:
    once, _ = REDACTOR.redact_text(text, "acme")
    twice, spans = REDACTOR.redact_text(once, "acme")
    assert twice == once
    assert spans == []


@pytest.mark.parametrize("treatment", TREATED)
@given(text=TEXTS)
@example(text="<SECjane@example.comRET> phone <SECjane@example.comRET> 4155552671")
@example(text="415-555 jane@example.com-2671")
@example(text="<SECjane@example.com-> jane@example.com-RET> phone 4155552671")
def test_twice_is_once_with_every_treatment(treatment: str, text: str) -> None:
    redactor = TREATED[treatment]
    once, spans = redactor.redact_text(text, "acme")
    assert redactor.redact_text(once, "acme") == (once, [])
    ends = [0, *(span.end for span in spans)]
    assert all(end <= span.start < span.end for end, span in zip(ends, spans, strict=False))


@given(TEXTS)
def test_twice_is_once_across_a_rotation(text: str) -> None:
    once, _ = REDACTOR.redact_text(text, "acme")
    rotated = Redactor(RedactSettings(), NEWER)
    assert rotated.redact_text(once, "acme") == (once, [])


@given(TEXTS)
def test_spans_are_in_order_and_the_rest_is_untouched(text: str) -> None:
    redacted, spans = REDACTOR.redact_text(text, "acme")
    at, kept = 0, []
    for span in spans:
        assert at <= span.start < span.end <= len(text)
        kept.append(text[at : span.start])
        at = span.end
    kept.append(text[at:])
    rest = redacted
    for piece in kept:  # the kept pieces stand in the result in their order, labels between
        assert piece in rest
        rest = rest[rest.index(piece) + len(piece) :]
    assert (redacted == text) == (not spans)


@given(TEXTS)
def test_no_found_value_is_left_as_a_whole(text: str) -> None:
    redacted, spans = REDACTOR.redact_text(text, "acme")
    bare = LABEL.sub("\ufffc", redacted)
    for span in spans:
        if span.type in ("EMAIL_ADDRESS", "CREDIT_CARD", "IBAN_CODE", "IP_ADDRESS"):
            value = re.escape(text[span.start : span.end])
            assert not re.search(rf"(?<![\w.,-]){value}(?![\w.,-])", bare)


@given(st.text(max_size=100))
def test_folding_keeps_the_way_back(text: str) -> None:
    folded = fold(text)
    for i in range(len(folded.text)):
        start, end = folded.original(i, i + 1)
        assert end == start + 1
        assert fold(text[start]).text == folded.text[i]


@given(st.text(max_size=50), st.text(max_size=50))
def test_folding_is_by_character(left: str, right: str) -> None:
    assert fold(left + right).text == fold(left).text + fold(right).text


def test_equal_values_of_a_tenant_stay_equal() -> None:
    def label(text: str, tenant: str = "acme") -> str:
        return REDACTOR.redact_text(text, tenant)[0]

    assert label("Jane@Example.com") == label("jane@example.com")
    assert label("(415) 555-2671") == label("+1 415-555-2671") == label("４１５-５５５-２６７１")
    assert label("jane@example.com") != label("jane@example.com", "other")
    assert label("jane@example.com") != label("joan@example.com")


def test_a_pseudonym_depends_on_key_tenant_and_type() -> None:
    other = parse_keys("k2:" + base64.b64encode(b"b" * 32).decode()).current
    labels = {
        pseudonym("EMAIL_ADDRESS", "j@x.org", "acme", KEYS.current),
        pseudonym("EMAIL_ADDRESS", "j@x.org", "acme", other),
        pseudonym("EMAIL_ADDRESS", "j@x.org", "a", KEYS.current),
        pseudonym("USER_ID", "j@x.org", "acme", KEYS.current),
    }
    assert len(labels) == 4
    assert all(LABEL.fullmatch(label) for label in labels)
    assert normalise("USER_ID", "Ab") != normalise("USER_ID", "ab")
