"""What the redactor does to records: every string at any depth, by what its schema says."""

import base64
import json
from collections import Counter
from typing import Any

import pytest

from schemas.catalog import definition
from schemas.errors import ConfigError
from schemas.settings import RedactSettings
from stream_jobs.redact.keys import parse_keys
from stream_jobs.redact.labels import LABEL
from stream_jobs.redact.redactor import Redactor
from stream_jobs.redact.treatment import compile_plan

REDACTOR = Redactor(RedactSettings(), parse_keys("k1:" + base64.b64encode(b"a" * 32).decode()))
MAIL = "jane@example.com"


def redact(fields: list[dict[str, Any]], record: dict[str, Any]) -> dict[str, Any]:
    plan = compile_plan(json.dumps({"type": "record", "name": "R", "fields": fields}))
    return REDACTOR.redact_records(plan, [record], ["acme"])[0][0]


def label(text: str, tenant: str = "acme") -> str:
    return REDACTOR.redact_text(text, tenant)[0]


def inference() -> dict[str, Any]:
    return {
        "inference_id": "429f49cf-125b-5427-b706-7aad67dce863",
        "session_id": MAIL,
        "user_id": "u-1",
        "tenant_id": "acme",
        "event_time": 1,
        "model_version": "m-2024-01-15",
        "attributes": {"plan": "free", MAIL: "(415) 555-2671"},
        "retrieved": [{"doc_id": "doc-555-123-4567", "score": 0.5}],
        "messages": [{"role": "user", "content": f"I am {MAIL}"}, {"role": "tool", "content": ""}],
        "response": "ok",
    }


def test_an_inference() -> None:
    record = inference()
    plan = compile_plan(definition("Inference"))
    [(result, counts)] = REDACTOR.redact_records(plan, [record])
    assert result is record  # changed in place
    assert result["inference_id"] == inference()["inference_id"]
    assert result["session_id"] == label(MAIL)
    assert result["user_id"].startswith("<USER_ID:k1:")
    assert result["attributes"] == {"plan": "free", label(MAIL): label("(415) 555-2671")}
    assert (
        result["retrieved"] == inference()["retrieved"]
    )  # a kept id, though it looks like a phone
    assert result["messages"][0]["content"] == f"I am {label(MAIL)}"
    assert counts == Counter({"EMAIL_ADDRESS": 3, "USER_ID": 1, "PHONE_NUMBER": 1})


def test_a_redacted_record_stays_as_it_is() -> None:
    plan = compile_plan(definition("Inference"))
    [(once, _)] = REDACTOR.redact_records(plan, [inference()])
    [(twice, counts)] = REDACTOR.redact_records(plan, [json.loads(json.dumps(once))])
    assert twice == once
    assert counts == Counter()


def test_each_record_has_its_own_tenant_and_counts() -> None:
    plan = compile_plan(definition("Inference"))
    first, second = inference(), {**inference(), "tenant_id": "other", "messages": []}
    (a, counts_a), (b, counts_b) = REDACTOR.redact_records(plan, [first, second])
    assert a["user_id"] != b["user_id"]
    assert b["session_id"] == label(MAIL, "other")
    assert (counts_a["EMAIL_ADDRESS"], counts_b["EMAIL_ADDRESS"]) == (3, 2)


def test_an_address_inside_an_id() -> None:
    assert REDACTOR.redact_id(f"user:{MAIL}:7", "acme") == f"user:{label(MAIL)}:7"
    assert REDACTOR.redact_id("jane%40example.com", "acme") == label(MAIL)
    assert REDACTOR.redact_id("415-555-2671", "acme") == "415-555-2671"


def test_a_string_without_the_attribute_is_text() -> None:
    fields = [
        {"name": "new", "type": "string"},
        {"name": "map", "type": {"type": "map", "values": ["null", "string"]}},
        {"name": "deep", "type": {"type": "array", "items": {"type": "array", "items": "string"}}},
    ]
    record = {"new": MAIL, "map": {MAIL: MAIL, "x": None}, "deep": [[MAIL, "x"], []]}
    hidden = label(MAIL)
    assert redact(fields, record) == {
        "new": hidden,
        "map": {hidden: hidden, "x": None},
        "deep": [[hidden, "x"], []],
    }


def test_drop_and_unknown_words() -> None:
    fields = [
        {"name": "a", "type": "string", "redact": "drop"},
        {"name": "b", "type": ["null", "string"], "redact": "drop"},
        {"name": "c", "type": "string", "redact": "hide it well"},
        {"name": "d", "type": {"type": "map", "values": "string"}, "redact": "drop"},
        {"name": "e", "type": ["null", {"type": "map", "values": "long"}], "redact": "drop"},
    ]
    record = {"a": "x", "b": "x", "c": "x", "d": {"k": "x"}, "e": {"k": 1}}
    assert redact(fields, record) == {"a": "", "b": None, "c": "", "d": {}, "e": {}}


def test_pseudonyms_of_lists_and_maps() -> None:
    fields = [
        {"name": "ids", "type": {"type": "array", "items": "string"}, "redact": "pseudonym"},
        {"name": "by_id", "type": {"type": "map", "values": "long"}, "redact": "pseudonym"},
    ]
    result = redact(fields, {"ids": ["a", "b", "a", ""], "by_id": {"a": 1}})
    assert result["ids"][0] == result["ids"][2] != result["ids"][1]
    assert result["ids"][3] == ""
    assert all(LABEL.fullmatch(key) for key in result["by_id"])


def test_bytes_that_nobody_vouches_for() -> None:
    fields = [
        {"name": "a", "type": "bytes"},
        {"name": "b", "type": ["null", "bytes"]},
        {"name": "c", "type": {"type": "fixed", "name": "F", "size": 2}},
        {"name": "d", "type": "bytes", "redact": "keep"},
        {"name": "e", "type": {"type": "bytes", "logicalType": "decimal", "precision": 4}},
    ]
    record = {"a": b"x", "b": b"x", "c": b"xy", "d": b"x", "e": b"\x01"}
    assert redact(fields, record) == {"a": b"", "b": None, "c": b"\0\0", "d": b"x", "e": b"\x01"}


def test_keys_that_become_the_same_lose_no_value() -> None:
    secret, other = "ghp_" + "a1B2" * 9, "ghp_" + "c3D4" * 9
    fields = [{"name": "m", "type": {"type": "map", "values": "long"}}]
    assert redact(fields, {"m": {secret: 1, other: 2}})["m"] == {"<SECRET>": 1, "<SECRET>#2": 2}


def test_unions_of_records_and_named_types() -> None:
    kept = {
        "name": "Kept",
        "type": "record",
        "fields": [{"name": "id", "type": "string", "redact": "keep"}],
    }
    said = {"name": "Said", "type": "record", "fields": [{"name": "text", "type": "string"}]}
    fields = [
        {"name": "one", "type": ["null", kept, said]},
        {"name": "two", "type": ["null", "Kept", "Said"]},
        {"name": "any", "type": ["null", "string", "long", {"type": "array", "items": "string"}]},
    ]
    phone = "415-555-2671"
    result = redact(fields, {"one": {"id": phone}, "two": {"text": phone}, "any": [phone]})
    assert result == {"one": {"id": phone}, "two": {"text": label(phone)}, "any": [label(phone)]}
    assert redact(fields, {"one": None, "two": None, "any": phone})["any"] == label(phone)


def test_two_records_alike_are_all_text() -> None:
    one = {
        "name": "A",
        "type": "record",
        "fields": [{"name": "id", "type": "string", "redact": "keep"}],
    }
    two = {
        "name": "B",
        "type": "record",
        "fields": [{"name": "id", "type": "string", "redact": "text"}],
    }
    phone = "415-555-2671"
    result = redact([{"name": "u", "type": [one, two]}], {"u": {"id": phone}})
    assert result == {"u": {"id": label(phone)}}


def test_a_record_within_itself() -> None:
    tree = {
        "type": "record",
        "name": "Tree",
        "namespace": "n",
        "fields": [
            {"name": "said", "type": "string"},
            {"name": "children", "type": {"type": "array", "items": "Tree"}},
        ],
    }
    record = {"said": "x", "children": [{"said": MAIL, "children": []}]}
    [(result, _)] = REDACTOR.redact_records(compile_plan(tree), [record], ["acme"])
    assert result["children"][0]["said"] == label(MAIL)


@pytest.mark.parametrize("schema", ["{}", "nonsense", {"type": "record"}, "[1]", None])
def test_not_a_schema(schema: Any) -> None:
    with pytest.raises(ConfigError):
        compile_plan(schema)
