"""The ClickHouse front, asked by an unmodified clickhouse-connect client and by plain HTTP."""

import http.client
import json
import os
import signal
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import clickhouse_connect
import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.external import ExternalData

from deploy.local.clickhouse import ClickHouse
from deploy.local.ports import free_port
from deploy.local.process import spawn, tail

pytestmark = pytest.mark.broker


@pytest.fixture
def database(clickhouse: ClickHouse) -> Iterator[str]:
    name = f"front_{time.monotonic_ns()}"
    clickhouse.run(f"CREATE DATABASE {name}")
    yield name
    clickhouse.run(f"DROP DATABASE {name}")


def connect(clickhouse: ClickHouse, database: str, **options: Any) -> Client:
    return clickhouse_connect.get_client(
        host=clickhouse.host, port=clickhouse.port, database=database, **options
    )


@pytest.fixture
def client(clickhouse: ClickHouse, database: str) -> Iterator[Client]:
    made = connect(clickhouse, database)
    made.command(
        "CREATE TABLE t (a UInt64, b String) ENGINE = MergeTree ORDER BY a "
        "SETTINGS non_replicated_deduplication_window = 10000"
    )
    yield made
    made.close()


def ask(
    clickhouse: ClickHouse, body: bytes, path: str = "/", method: str = "POST", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(clickhouse.host, clickhouse.port, timeout=30)
    connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    read = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), read


@pytest.mark.parametrize("compress", [False, True, "lz4", "zstd", "gzip"])
def test_what_goes_in_comes_out(
    clickhouse: ClickHouse, database: str, client: Client, compress: bool | str
) -> None:
    own = connect(clickhouse, database, compress=compress)
    told = own.insert("t", [[1, "x"], [2, "it's \\ \n ü"]], column_names=["a", "b"])
    assert told.written_rows == 2
    own.insert_arrow("t", pa.table({"a": pa.array([3], pa.uint64()), "b": ["z" * 5_000]}))
    rows = [(1, "x"), (2, "it's \\ \n ü"), (3, "z" * 5_000)]
    assert own.query("SELECT a, b FROM t ORDER BY a").result_rows == rows
    assert own.query_arrow("SELECT a FROM t ORDER BY a").to_pydict() == {"a": [1, 2, 3]}
    own.close()


def test_parameters_are_bound_by_the_server(client: Client) -> None:
    given = {"x": 3, "s": "it's \\ \n\t {x:Int32}", "l": ["a", "b'"], "long": "y" * 10_000}
    sql = "SELECT {x:Int32} + 1, {s:String}, {l:Array(String)}, length({long:String})"
    assert client.query(sql, parameters=given).result_rows == [(4, given["s"], given["l"], 10_000)]


def test_statements_of_all_kinds(client: Client) -> None:
    client.command("INSERT INTO t VALUES (1, 'a;b'), (2, 'FORMAT')")
    client.command("INSERT INTO t SELECT number + 10, 'n' FROM numbers(3)")
    client.command("ALTER TABLE t ADD COLUMN c String DEFAULT 'k'")
    assert client.query("WITH q AS (SELECT * FROM t) SELECT count() FROM q").result_rows == [(5,)]
    assert client.query("SELECT b, c FROM t WHERE a = 1").result_rows == [("a;b", "k")]
    answer = json.loads(client.raw_query("SELECT max(a) AS m FROM t FORMAT JSON"))
    assert [int(row["m"]) for row in answer["data"]] == [12]
    assert client.command("EXISTS TABLE t") == 1


ERRORS = [
    ("SELECT nope", 47, 404),
    ("SELECT * FROM nope", 60, 404),
    ("SELEC 1", 62, 400),
    ("SELECT 1; SELECT 2", 62, 400),
    ("SELECT throwIf(1)", 395, 500),
    ("SELECT 1 FORMAT Nope", 73, 404),
    ("INSERT INTO nope FORMAT CSV\n1", 60, 404),
    ("SELECT toInt8('x')", 6, 400),
    ("SELECT sleep(2) SETTINGS max_execution_time = 1", 159, 408),
]


@pytest.mark.parametrize(("sql", "code", "status"), ERRORS, ids=[e[0] for e in ERRORS])
def test_errors_have_the_code_and_status_of_clickhouse(
    clickhouse: ClickHouse, sql: str, code: int, status: int
) -> None:
    found, headers, body = ask(clickhouse, sql.encode())
    assert (found, headers["X-ClickHouse-Exception-Code"]) == (status, str(code))
    assert body.startswith(f"Code: {code}. DB::Exception: ".encode())
    assert body.count(b"Code: ") == 1


def test_a_bad_row_leaves_nothing_behind(client: Client) -> None:
    with pytest.raises(DatabaseError):
        client.raw_insert("t", ["a", "b"], b"1,x\nzzz,y\n", fmt="CSV")
    assert client.query("SELECT count() FROM t").result_rows == [(0,)]


def test_paths_that_tools_look_at(clickhouse: ClickHouse) -> None:
    for path in ("/", "/ping", "/replicas_status"):
        assert ask(clickhouse, b"", path, "GET")[::2] == (200, b"Ok.\n")
    assert ask(clickhouse, b"", "/?query=SELECT+7", "GET")[2] == b"7\n"
    status, headers, _ = ask(clickhouse, b"", "/?query=DROP+TABLE+t", "GET")
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (403, "164")


def test_compression_both_ways_by_hand(clickhouse: ClickHouse) -> None:
    packed = zlib.compress(b"SELECT repeat('x', 1000)")
    status, headers, body = ask(
        clickhouse,
        packed,
        "/?enable_http_compression=1",
        Content_Encoding="deflate",
        Accept_Encoding="deflate",
    )
    assert (status, headers["Content-Encoding"]) == (200, "deflate")
    assert zlib.decompress(body) == b"x" * 1000 + b"\n"
    assert ask(clickhouse, b"\xff\xfe", Content_Encoding="zstd")[0] == 400
    assert ask(clickhouse, b"SELECT 1", Content_Encoding="br")[0] == 501


def test_external_tables(client: Client) -> None:
    table = ExternalData(
        file_name="e.csv", data=b"1,x\n2,y\n", fmt="CSV", structure=["n Int32", "s String"]
    )
    assert client.query("SELECT sum(n) FROM e", external_data=table).result_rows == [(3,)]
    with pytest.raises(DatabaseError):
        client.query("SELECT * FROM e")


def test_sessions_keep_what_they_set_and_settings_of_a_query_end_with_it(
    clickhouse: ClickHouse, database: str, client: Client
) -> None:
    other = connect(clickhouse, database)
    client.command("SET max_block_size = 1234")
    client.command("CREATE TEMPORARY TABLE mine (x Int32)")
    shown = "SELECT getSetting('max_block_size')"
    assert client.query(shown, settings={"max_block_size": 77}).result_rows == [(77,)]
    assert client.query(shown).result_rows == [(1234,)]
    assert other.query(shown).result_rows != [(1234,)]
    assert client.query("SELECT count() FROM mine").result_rows == [(0,)]
    with pytest.raises(DatabaseError):
        other.query("SELECT count() FROM mine")
    other.close()


def test_the_same_token_inserts_once_also_into_views(client: Client) -> None:
    client.command(
        "CREATE TABLE sums (k String, n SimpleAggregateFunction(sum, UInt64)) "
        "ENGINE = AggregatingMergeTree ORDER BY k "
        "SETTINGS non_replicated_deduplication_window = 10000"
    )
    client.command(
        "CREATE MATERIALIZED VIEW v TO sums AS SELECT b AS k, count() AS n FROM t GROUP BY b"
    )
    rows = pa.table({"a": pa.array(range(1_000), pa.uint64()), "b": ["x"] * 1_000})

    def insert(token: str) -> None:
        client.insert_arrow(
            "t",
            rows,
            settings={
                "insert_deduplication_token": token,
                "deduplicate_blocks_in_dependent_materialized_views": 1,
            },
        )

    for token in ("p:0:1", "p:0:1", "p:2:3", "p:0:1"):
        insert(token)
    assert client.query("SELECT count() FROM t").result_rows == [(2_000,)]
    assert client.query("SELECT sum(n) FROM sums").result_rows == [(2_000,)]


def test_long_queries_do_not_hold_up_inserts(clickhouse: ClickHouse, client: Client) -> None:
    """Twice as many as the front has threads: they take 6 s; the client asks DESCRIBE first."""
    slow = b"SELECT sleepEachRow(3) FROM numbers(1) SETTINGS max_block_size = 1"
    with ThreadPoolExecutor(16) as pool:
        queries = [pool.submit(ask, clickhouse, slow) for _ in range(16)]
        client.insert("t", [[1, "x"]], column_names=["a", "b"])
        assert not all(query.done() for query in queries)
    assert {query.result()[0] for query in queries} == {200}
    assert client.query("SELECT count() FROM t").result_rows == [(1,)]


def test_what_was_answered_survives_sigkill(tmp_path: Path) -> None:
    server = ClickHouse(tmp_path / "store", free_port())
    server.prepare()
    log = tmp_path / "store.log"

    def start() -> Any:
        process = spawn(server.command(), log, os.environ, signal.SIGKILL)
        limit = time.monotonic() + 60
        while not server.answers():
            assert process.poll() is None, tail(log, 30)
            assert time.monotonic() < limit, tail(log, 30)
        return process

    process = start()
    server.run(
        "CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a "
        "SETTINGS non_replicated_deduplication_window = 100"
    )
    insert = "INSERT INTO t SETTINGS insert_deduplication_token = 'k' FORMAT CSV\n1\n2"
    assert server.run(insert) == b""
    process.kill()
    process.wait()
    process = start()
    server.run(insert)  # the answer may have been lost: the same token again is harmless
    assert server.run("SELECT count() FROM t") == b"2\n"
    process.terminate()
    assert process.wait() == 0
