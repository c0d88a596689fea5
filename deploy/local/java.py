"""The Java that runs Kafka and the registry: found, and not too old."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from schemas.errors import ConfigError

OLDEST: Final = 17  # what Kafka's broker needs
_INSTALL: Final = (
    f"install a Java runtime {OLDEST} or newer (e.g. `apt install openjdk-{OLDEST}-jre-headless`), "
    "or point JAVA_HOME at one"
)
_VERSION: Final = re.compile(r'version "(?:1\.)?(\d+)')


def find_java(environ: Mapping[str, str] | None = None) -> Path:
    """Return the java program: of JAVA_HOME if set, else the first on PATH.

    Raises ConfigError if there is none or if it is older than Java 17.
    """
    env = os.environ if environ is None else environ
    home = env.get("JAVA_HOME", "")
    where = str(Path(home) / "bin") if home else env.get("PATH", os.defpath)
    found = shutil.which("java", path=where)
    if found is None:
        raise ConfigError(f"no Java in {where}: {_INSTALL}")
    version = java_version(Path(found))
    if version < OLDEST:
        raise ConfigError(f"{found} is Java {version}, older than {OLDEST}: {_INSTALL}")
    return Path(found)


def java_version(java: Path) -> int:
    """Return the major version of `java`; raises ConfigError if it doesn't tell."""
    try:
        told = subprocess.run(
            [java, "-version"], check=False, capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"{java} doesn't run ({error}): {_INSTALL}") from None
    match = _VERSION.search(told.stderr + told.stdout)
    if match is None:
        raise ConfigError(f"{java} -version says {told.stderr.strip()[:200]!r}: {_INSTALL}")
    return int(match.group(1))
