"""`python -m tests.integration.faulty_redact FAULT`: a redact worker that stumbles over a record.

`recogniser`: the check of every e-mail address raises, with the text in its words. `check`: the
check of a record that was just read raises with the record in its words, as a bug would.
"""

import sys
from dataclasses import replace
from typing import Any, Never

from deploy.cli import main
from stream_jobs.redact import scan, stage


def _recogniser() -> None:
    def broken(match: Any) -> Never:
        raise RuntimeError(f"can't read {match.string}")

    recognisers = [
        replace(one, validate=broken) if one.type == "EMAIL_ADDRESS" else one
        for one in scan.RECOGNISERS
    ]
    defaults = scan.Scanner.__init__.__defaults__
    assert defaults is not None
    assert defaults[0] is scan.RECOGNISERS
    scan.Scanner.__init__.__defaults__ = (recognisers, *defaults[1:])  # type: ignore[misc]


def _check() -> None:
    def broken(_: Any, event: Any, *__: Any, **___: Any) -> Never:
        try:
            raise KeyError(str(event))  # noqa: TRY301
        except KeyError:
            raise ValueError(f"can't check {event}")  # noqa: B904 - both must stay silent

    stage.check_event = broken


if __name__ == "__main__":
    {"recogniser": _recogniser, "check": _check}[sys.argv[1]]()
    main(["worker", "redact"])
