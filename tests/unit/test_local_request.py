"""Requests to the front and the errors it answers with."""

import gzip

import lz4.frame
import pytest
from backports import zstd

from deploy.local.front.fault import Fault, from_engine
from deploy.local.front.request import build, compress, decompress, external


def test_the_text_is_the_query_and_the_body() -> None:
    request = build({"query": "INSERT INTO t FORMAT CSV"}, b"1\n")
    assert (request.statement.sql, request.statement.rows) == (b"INSERT INTO t ", b"1\n")


def test_arguments_are_sorted_into_settings_and_parameters() -> None:
    arguments = {
        "query_id": "q",
        "database": "d",
        "param_x": "1",
        "max_threads": "2",
        "session_id": "s",
        "session_timeout": "5",
        "default_format": "Native",
    }
    request = build(arguments, b"SELECT 1")
    assert request.settings == {"max_threads": "2"}
    assert request.parameters == {"x": "1"}
    assert (request.database, request.session_id, request.session_timeout_s) == ("d", "s", 5.0)
    assert request.default_format == "Native"


def test_the_columns_of_an_external_table_are_no_settings() -> None:
    arguments = {"e_types": "Int32, Tuple(a Int8, b Int8)", "e_format": "CSV", "max_threads": "1"}
    table = external("e", b"1", arguments)
    assert (table.structure, table.format) == ("_1 Int32, _2 Tuple(a Int8, b Int8)", "CSV")
    assert build(arguments, b"SELECT 1", externals=(table,)).settings == {"max_threads": "1"}


@pytest.mark.parametrize("name", ["zstd", "lz4", "gzip", "deflate"])
def test_compression_there_and_back(name: str) -> None:
    packed, used = compress(b"x" * 1000, f"br, {name};q=0.5")
    assert used == name
    assert decompress(packed, name) == b"x" * 1000


def test_compression_of_other_writers() -> None:
    assert decompress(zstd.compress(b"x"), "zstd") == b"x"
    assert decompress(lz4.frame.compress(b"x"), "lz4") == b"x"
    assert decompress(gzip.compress(b"x") + gzip.compress(b"y"), "gzip") == b"xy"
    assert compress(b"x", "identity") == (b"x", "")
    with pytest.raises(Fault, match="NOT_IMPLEMENTED"):
        decompress(b"x", "br")


def test_the_words_of_the_engine_are_cleaned() -> None:
    said = "Streaming insert failed: Code: 73. DB::Exception: Code: 73. DB::Exception: Unknown. (X)"
    fault = from_engine(said)
    assert (fault.code, str(fault)) == (73, "Code: 73. DB::Exception: Unknown. (X)")
    assert from_engine("something else").code == 1002
