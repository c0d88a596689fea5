"""The root of the command line."""

import sys
from types import ModuleType

import pytest
import typer

from deploy import cli
from schemas.errors import ConfigError


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_the_overview_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in cli.COMMANDS)


def test_an_unknown_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("nix") == 2
    assert "No such command 'nix'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConfigError("set it right"), 1, "feedloop: set it right\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
    ids=["an error of ours", "Ctrl-C"],
)
def test_errors_become_a_line_and_an_exit_code(
    error: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> None:
        raise error

    def register(app: typer.Typer) -> None:
        app.command("up")(fail)

    module = ModuleType("deploy.commands.up")
    module.register = register  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "deploy.commands.up", module)
    assert run("up") == code
    assert capsys.readouterr().err == said
