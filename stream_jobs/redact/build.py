"""The redactor that the settings describe: reads the key and rules files, loads the model, once."""

from pathlib import Path

from schemas.errors import ConfigError
from schemas.settings import RedactSettings
from stream_jobs.redact.keys_file import load_keys
from stream_jobs.redact.load_names import load_names
from stream_jobs.redact.policy import Policy, parse_treatments
from stream_jobs.redact.redactor import Redactor
from stream_jobs.redact.rules import Rules, load_rules


def build_redactor(settings: RedactSettings) -> Redactor:
    """Return a redactor with the keys, the rules and the model of `settings`.

    Raises ConfigError, with the next step, if there is no usable key, a rule is wrong or the
    model doesn't load.
    """
    keys, rules = load_keys(settings), read_rules(settings)  # before the model: they fail sooner
    told = parse_treatments(settings.treatments, rules.own_types)
    policy = Policy({**rules.treatments, **told}, rules.own_types)
    return Redactor(settings, keys, load_names(settings), rules.extras, policy)


def read_rules(settings: RedactSettings) -> Rules:
    """Return what the rules file of `settings` says; no rules if it names none.

    Raises ConfigError if it can't be read, or with `file:line` for each mistake in it.
    """
    if not settings.rules_file:
        return Rules()
    try:
        text = Path(settings.rules_file).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"FEEDLOOP_REDACT_RULES_FILE {settings.rules_file} can't be read ({error.strerror}); "
            "name a readable file, or leave it empty"
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(
            f"FEEDLOOP_REDACT_RULES_FILE {settings.rules_file} is not UTF-8 text"
        ) from None
    return load_rules(text, settings.rules_file)
