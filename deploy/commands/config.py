"""feedloop config: every setting, its value and where it comes from."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import typer

from deploy.context import DEFAULT_DATA, AsJson, DataDir, not_in_environment
from deploy.local import state
from deploy.tables import print_table
from schemas.settings import (
    ENV_PREFIX,
    FILE_NAME,
    SECTIONS,
    Secret,
    Settings,
    load_settings,
)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("config")(run)


def run(data: DataDir = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Show every setting: its environment variable, its value, and where that comes from.

    Sources, the first wins: environment, the stack in --data, feedloop.toml, default. Secrets are
    shown as set or not set, never with their value.
    """
    rows = settings_table(data, os.environ)
    if as_json:
        print(msgspec.json.encode({"settings": rows}).decode())
        return
    shown = [(row["env"], row["value"], row["source"]) for row in rows]
    print_table(("setting", "value", "from"), shown, whole=("setting",))


def settings_table(data: Path, environ: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return {"env", "value", "source"} for each setting, in the order of `schemas.settings`."""
    stack = state.read(data)
    overrides = not_in_environment(stack.overrides if stack else {}, environ)
    settings = load_settings(environ, overrides=overrides)
    from_file, default = load_settings({}), Settings()
    rows = []
    for section in SECTIONS:
        for name in SECTIONS[section].__struct_fields__:
            env = f"{ENV_PREFIX}{section}_{name}".upper()
            value = getattr(getattr(settings, section), name)
            if env in environ:
                source = "environment"
            elif name in overrides.get(section, {}):
                source = f"stack in {data}"
            elif _differs(from_file, default, section, name):
                source = FILE_NAME
            else:
                source = "default"
            rows.append({"env": env, "value": _shown(value), "source": source})
    return rows


def _differs(one: Settings, other: Settings, section: str, name: str) -> bool:
    return bool(getattr(getattr(one, section), name) != getattr(getattr(other, section), name))


def _shown(value: Any) -> Any:
    if isinstance(value, Secret):
        return "(set)" if value else "(not set)"
    return value
