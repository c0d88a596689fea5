"""Arrays in a file of NumPy's .npz format, without pickle."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile

import numpy as np

from schemas.errors import ConfigError


@contextmanager
def arrays(file: Path | IO[bytes], what: str, remedy: str) -> Iterator[Any]:
    """Give the arrays of `file` by name while the block runs.

    Raises ConfigError, also for what the block finds missing: `what` it was to be, and `remedy`.
    """
    try:
        with np.load(file, allow_pickle=False) as parts:
            yield parts
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        raise ConfigError(f"{what}: {type(error).__name__}: {error}. {remedy}") from error
