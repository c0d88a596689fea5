"""The redactor that the settings describe: reads the key file and loads the pipeline, once."""

from schemas.settings import RedactSettings
from stream_jobs.redact.keys_file import load_keys
from stream_jobs.redact.names import load_names
from stream_jobs.redact.redactor import Redactor


def build_redactor(settings: RedactSettings) -> Redactor:
    """Return a redactor with the keys and the model of `settings`.

    Raises ConfigError, with the next step, if there is no usable key or the model doesn't load.
    """
    return Redactor(settings, load_keys(settings), load_names(settings))
