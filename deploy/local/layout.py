"""The folder of a stack: what lies where in `--data DIR`, and which version of it this is."""

import contextlib
import os
import secrets
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.disk import require_free
from schemas.errors import ConfigError

VERSION: Final = "1"
"""Of the folder. Raise it when an older feedloop could not run on what a newer one wrote."""

NEEDS_BYTES: Final = 1 << 30  # Kafka stops for good when its disk is full; start with some room
KEY_BYTES: Final = 32


@dataclass(frozen=True)
class Layout:
    """The folder `data` of one stack."""

    data: Path

    @property
    def logs(self) -> Path:
        """One log a part, and the supervisor's."""
        return self.data / "logs"

    @property
    def supervisor_log(self) -> Path:
        """What the supervisor says, should it fail."""
        return self.logs / "supervisor.log"

    @property
    def keys(self) -> Path:
        """The key of the pseudonyms, if none was configured."""
        return self.data / "redact.keys"

    @property
    def parquet(self) -> Path:
        """The cold store, unless a setting puts it elsewhere."""
        return self.data / "parquet"

    @property
    def supervisor_lock(self) -> Path:
        """Held by the supervisor as long as it lives."""
        return self.data / "supervisor.lock"

    @property
    def up_lock(self) -> Path:
        """Held by `feedloop up` and `down`, so that two never work against each other."""
        return self.data / "up.lock"

    def prepare(self) -> None:
        """Make the folder, or check that it is one of this version with room on its disk.

        Raises ConfigError.
        """
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            self._check_version()
            require_free(self.data, NEEDS_BYTES, "Kafka and the stores")
            if not self.keys.exists():
                self._write_keys()
        except OSError as error:
            raise ConfigError(
                f"can't write to {self.data} ({error.strerror}): choose another folder with --data"
            ) from None

    def _check_version(self) -> None:
        file = self.data / "version"
        if not file.exists() and not (self.data / "kafka").exists():
            file.write_text(VERSION + "\n")
            return
        found = file.read_text().strip() if file.exists() else "none"
        if found != VERSION:
            raise ConfigError(
                f"{self.data} holds the data of another version of feedloop (folder version "
                f"{found}, this one needs {VERSION}): use that version, choose another folder "
                "with --data, or remove the folder with all its data"
            )

    def _write_keys(self) -> None:
        """Write one random key; whole or not at all, readable by the owner only."""
        line = f"k1:{b64encode(secrets.token_bytes(KEY_BYTES)).decode()}\n"
        fresh = self.keys.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.keys)
