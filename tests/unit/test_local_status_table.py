"""What `feedloop status` prints of a stack."""

import pytest

from deploy.local.status_table import print_status

PART = {"pid": 1, "state": "running", "restarts": 0, "lag": 0, "commit_age_s": 0.1, "message": ""}
TOLD = {
    "kafka": {"bootstrap": "127.0.0.1:1"},
    "registry": {"url": "http://127.0.0.1:2"},
    "clickhouse": {"host": "127.0.0.1", "port": 3},
    "parquet": {"path": "/data/parquet"},
    "dead_letters": 2,
}


def test_what_was_replaced_is_shown_by_type_the_most_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    redact = {**PART, "name": "redact", "redactions": {"CREDIT_CARD": 7, "EMAIL_ADDRESS": 1200}}
    print_status({**TOLD, "parts": [redact, {**PART, "name": "join"}]})
    shown = capsys.readouterr().out
    assert "redact replaced since its start: EMAIL_ADDRESS 1,200, CREDIT_CARD 7\n" in shown
    assert "join replaced" not in shown
    assert "dead letters: 2" in shown
