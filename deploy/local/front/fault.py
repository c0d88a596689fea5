"""ClickHouse's errors over HTTP: the code in a header, the text as body, a fitting status."""

import re
from http import HTTPStatus
from typing import Final

_CODE: Final = re.compile(r"Code: (\d+)\.")
_REPEATED: Final = re.compile(r"^(?:Code: \d+\. DB::Exception: )+(?=Code: \d+\. DB::Exception: )")
UNKNOWN_EXCEPTION: Final = 1002
SYNTAX_ERROR: Final = 62
NOT_IMPLEMENTED: Final = 48
READONLY: Final = 164
SESSION_IS_LOCKED: Final = 373
SESSION_NOT_FOUND: Final = 372
BAD_ARGUMENTS: Final = 36
UNKNOWN_SETTING: Final = 115

# ClickHouse sorts its codes the same way (src/Server/HTTP/exceptionCodeToHTTPStatus.cpp).
_BAD_REQUEST: Final = frozenset(
    {
        *(6, 26, 27, 33, 36, 38, 41, 42, 43, 44, 53, 62, 69, 70, 72),
        *(117, 130, 131, 321, 372, 373, 384, 386, 456, 457, 636),
    }
)
_NOT_FOUND: Final = frozenset((16, 46, 47, 50, 56, 60, 63, 73, 76, 79, 81, 115, 119))
_STATUS: Final = {
    NOT_IMPLEMENTED: HTTPStatus.NOT_IMPLEMENTED,
    159: HTTPStatus.REQUEST_TIMEOUT,  # TIMEOUT_EXCEEDED
    202: HTTPStatus.SERVICE_UNAVAILABLE,  # TOO_MANY_SIMULTANEOUS_QUERIES
    243: HTTPStatus.INSUFFICIENT_STORAGE,  # NOT_ENOUGH_SPACE
    164: HTTPStatus.FORBIDDEN,  # READONLY
    223: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,  # QUERY_IS_TOO_LARGE
}


class Fault(Exception):
    """An error that the client gets, with ClickHouse's code."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code

    @property
    def status(self) -> HTTPStatus:
        """The HTTP status for the code."""
        if self.code in _BAD_REQUEST:
            return HTTPStatus.BAD_REQUEST
        if self.code in _NOT_FOUND:
            return HTTPStatus.NOT_FOUND
        return _STATUS.get(self.code, HTTPStatus.INTERNAL_SERVER_ERROR)


def refused(code: int, name: str, why: str) -> Fault:
    """Return an error of the front itself, in ClickHouse's wording."""
    return Fault(code, f"Code: {code}. DB::Exception: {why}. ({name})")


def from_engine(text: str) -> Fault:
    """Return the engine's error; it repeats its prefix and adds words in front, both go."""
    start = text.find("Code: ")
    clean = _REPEATED.sub("", text[max(start, 0) :])
    match = _CODE.search(clean)
    return Fault(int(match.group(1)) if match else UNKNOWN_EXCEPTION, clean)
