"""Which stacks run on this machine: for a command that was not told where its stack lies."""

import sys
from pathlib import Path

from deploy.local.supervisor import marks
from schemas.errors import ConfigError


def running() -> list[Path]:
    """Return the folders of the stacks that run here, sorted."""
    return sorted({Path(value.rpartition(":")[0]) for value in marks()})


def the_one(instead_of: Path, found: list[Path]) -> Path:
    """Return the only folder in `found`, and say so on standard error; `instead_of` if none.

    Raises ConfigError if there are several: a command doesn't guess.
    """
    if len(found) > 1:
        raise ConfigError(
            f"no stack in {instead_of}, and {len(found)} run elsewhere: say --data with one of "
            + ", ".join(map(str, found))
        )
    if not found:
        return instead_of
    print(f"feedloop: no stack in {instead_of}; taking the one in {found[0]}", file=sys.stderr)
    return found[0]
