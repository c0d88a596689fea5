"""Which stack a command speaks to: explicit addresses first, then the stack in `--data DIR`."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from deploy.local import state
from schemas.errors import ConfigError
from schemas.settings import ENV_PREFIX, KafkaSettings, Settings, load_settings

DataDir = Annotated[
    Path,
    typer.Option("--data", metavar="DIR", envvar="FEEDLOOP_DATA", help="Folder of the stack."),
]
"""The option every command has; give it the default `DEFAULT_DATA`. Without it, and without a
stack in the default folder, a command takes the one stack that runs on this machine."""

DEFAULT_DATA: Final = Path(".feedloop")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
"""The option of commands that answer once."""


def folder_of(data: Path) -> Path:
    """Return `data`; if it is the default and holds no stack, the one stack that runs here.

    Raises ConfigError if several run.
    """
    if data != DEFAULT_DATA or state.read(data) is not None:
        return data
    from deploy.local.discover import running, the_one  # noqa: PLC0415 - a look at all processes

    return the_one(data, running())


def settings_for(data: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of a command: environment, then the stack in `data`, file, defaults.

    If `data` is the default and holds none, the one stack that runs on this machine is taken.
    Raises ConfigError if neither a stack nor an explicit Kafka address is there.
    """
    env = os.environ if environ is None else environ
    if f"{ENV_PREFIX}KAFKA_BOOTSTRAP" not in env:
        data = folder_of(data)
    stack = state.read(data)
    if stack is None or not stack.overrides:
        return _explicit(data, env)
    return load_settings(env, overrides=not_in_environment(stack.overrides, env))


def not_in_environment(
    overrides: Mapping[str, Mapping[str, Any]], environ: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """Return `overrides` ({section: {setting: value}}) without what `environ` sets itself."""
    return {
        section: {
            name: value
            for name, value in values.items()
            if f"{ENV_PREFIX}{section}_{name}".upper() not in environ
        }
        for section, values in overrides.items()
    }


def _explicit(data: Path, environ: Mapping[str, str]) -> Settings:
    settings = load_settings(environ)
    if (
        f"{ENV_PREFIX}KAFKA_BOOTSTRAP" in environ
        or settings.kafka.bootstrap != KafkaSettings().bootstrap
    ):
        return settings
    raise ConfigError(
        f"no stack in {data} and no address of Kafka: start one with "
        f"`feedloop up --detach --data {data}`, or set FEEDLOOP_KAFKA_BOOTSTRAP, "
        "FEEDLOOP_REGISTRY_URL and FEEDLOOP_CLICKHOUSE_HOST"
    )
