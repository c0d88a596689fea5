"""The exit code of a worker says whether a supervisor may start it again."""

import pytest

import sinks.run
from deploy.cli import main
from schemas.errors import BrokerDown, ConfigError, FencedError

AGAIN, PERSON = 2, 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FencedError("another member of the group has taken over"), AGAIN),
        (BrokerDown("no answer"), AGAIN),
        (RuntimeError("nobody thought of it"), AGAIN),
        (ConfigError("the table is another version's"), PERSON),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_sink_that_ends_says_who_must_act(
    error: Exception, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sink that was fenced left with 1: a supervisor took it for broken and never came back."""

    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(sinks.run, "run_sink", fails)
    with pytest.raises(SystemExit) as left:
        main(["worker", "parquet"])
    assert left.value.code == code
    assert str(error) in capsys.readouterr().err
