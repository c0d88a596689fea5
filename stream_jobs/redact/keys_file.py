"""The keys as the settings give them; reads the key file, the only I/O of redaction's keys."""

from pathlib import Path

from schemas.errors import ConfigError
from schemas.settings import RedactSettings
from stream_jobs.redact.keys import Keys, parse_keys


def load_keys(settings: RedactSettings) -> Keys:
    """Return the keys of `settings`: `keys` if set, else the content of `keys_file`.

    Raises ConfigError, naming the setting and the next step, if there is none or it is unusable.
    """
    if settings.keys or not settings.keys_file:
        return parse_keys(settings.keys.value)
    path = Path(settings.keys_file)
    try:
        text = path.read_text(encoding="ascii")
    except OSError as error:
        raise ConfigError(
            f"FEEDLOOP_REDACT_KEYS_FILE {path} can't be read ({error.strerror}); "
            "name a readable file, or set FEEDLOOP_REDACT_KEYS"
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(
            f"FEEDLOOP_REDACT_KEYS_FILE {path} is not plain text; it holds one k1:base64 a line"
        ) from None
    return parse_keys(text)
