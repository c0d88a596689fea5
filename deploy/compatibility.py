"""Today's schemas against every released one (FULL_TRANSITIVE), before any registry sees them.

`schemas/released/<record>.v<N>.avsc` holds each version that was ever released, self-contained.
A registry only refuses a change when somebody deploys it; `make check` refuses it at the desk.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from schemas.catalog import FILES, FOLDER, definition
from schemas.compatibility import breaks
from schemas.errors import ConfigError

RELEASED: Final = FOLDER / "released"
_FILE: Final = re.compile(r"(?P<stem>[a-z_]+)\.v(?P<version>\d+)\.avsc")

Definition = Callable[[str], Any]


def released(folder: Path = RELEASED) -> dict[str, dict[int, Any]]:
    """Return the released schemas, {record name: {version: schema}}, oldest first.

    Raises ConfigError for a file that is not named after a record and version.
    """
    names = {stem: name for name, stem in FILES.items()}
    found: dict[str, dict[int, Any]] = {}
    for path in folder.glob("*.avsc"):
        match = _FILE.fullmatch(path.name)
        if match is None or match["stem"] not in names:
            raise ConfigError(
                f"{path}: expected <record>.v<number>.avsc, the record one of {names}"
            )
        versions = found.setdefault(names[match["stem"]], {})
        versions[int(match["version"])] = json.loads(path.read_text())
    return {name: dict(sorted(versions.items())) for name, versions in found.items()}


def check(folder: Path = RELEASED, current: Definition = definition) -> list[str]:
    """Return one line per reason why a current schema must not be released; [] if all is well."""
    known = released(folder)
    lines: list[str] = []
    for name in FILES:
        for version, schema in known.get(name, {}).items():
            found = breaks(schema, current(name))
            lines += [f"{b} (against {FILES[name]}.v{version}.avsc)" for b in found]
    return lines


def release(folder: Path = RELEASED, current: Definition = definition) -> list[Path]:
    """Write every schema that differs from its newest release as the next version; return them.

    Raises ConfigError, writing nothing, if one is not compatible.
    """
    problems = check(folder, current)
    if problems:
        raise ConfigError("not released:\n" + "\n".join(problems))
    known = released(folder)
    written = []
    for name, stem in FILES.items():
        versions = known.get(name, {})
        newest = max(versions, default=0)
        if newest and versions[newest] == current(name):
            continue
        path = folder / f"{stem}.v{newest + 1}.avsc"
        path.write_text(json.dumps(current(name), indent=1) + "\n")
        written.append(path)
    return written
