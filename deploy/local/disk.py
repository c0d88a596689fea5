"""Room on the disk, checked before it is needed."""

import shutil
from pathlib import Path

from schemas.errors import ConfigError


def require_free(folder: Path, need_bytes: int, purpose: str) -> None:
    """Raise ConfigError if the disk of `folder` (which exists) has less than `need_bytes` free."""
    free = shutil.disk_usage(folder).free
    if free < need_bytes:
        raise ConfigError(
            f"the disk of {folder} has {free >> 20} MB free; {purpose} need "
            f"{need_bytes >> 20} MB: make room or choose a folder on another disk"
        )
