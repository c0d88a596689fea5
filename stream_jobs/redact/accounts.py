"""Who somebody is on-line: user names beside their word, and URLs that lead to one person."""

import re
from typing import Final

from stream_jobs.redact.recogniser import Recogniser

GENERIC: Final = frozenset(
    """
    admin administrator root user users guest test tester default anonymous nobody none null true
    false string name username login password email postgres mysql ubuntu system service bot demo
    example yourname your-username your_username me self text unknown public api app client server
    str int bool bytes object required optional invalid missing utf8 utf-8 md5 sha1 sha256
    base64 python3 x86_64
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
_WORDS: Final = (
    *("user ?name", "user", "user ?id", "login", "login name", "handle", "screen ?name"),
    *("nick ?name", "gamertag", "twitter", "instagram", "telegram", "discord", "git ?hub"),
    *("tik ?tok", "snap ?chat", "skype", "benutzername", "nom d'utilisateur", "usuario"),
)
_NAME: Final = r"(?:user|log ?in|screen|nick|account)[ _-]?names?|user|log ?in|handle|gamertag"
NO_HANDLE: Final = "no name of an account"
A_KEY: Final = "a key or a tag"

_CODE_BEFORE: Final = re.compile(r"[.\w\])]\s?[=<>!+]=?\s?$|[-+*/%&([{]\s?$|, $|\breturn $|\$\{?$")
_KEY_AFTER: Final = re.compile(r"[\"'`]?\s?(?::|=>?|\]\s?=)")
_KEYED: Final = re.compile(r"(?i)(?:user|user_?name|login|handle|nick_?name)=$")
_GIVEN: Final = re.compile(rf"(?i)(?:[?&](?:{_NAME})=|<(?:{_NAME})>\s?|\b(?:{_NAME}) [(-] ?)$")
"""In a query, in a tag of its own, in brackets or behind a dash: no code is written so."""

_SAID_BEFORE: Final = re.compile(
    r"(?i)(?:user ?name|screen ?name|nick ?name|\bis|\bwas|\bas|[^\w\s])\s?$|[\n\t]$|^$"
)
_SAID_AFTER: Final = re.compile(r"[\"'`)\s]{0,3}(?:is|was|as)\b")


def _handle(match: re.Match[str]) -> tuple[int, int] | str:
    """Accept what people call themselves, with a digit or a divider in it, and no identifier."""
    text, start, value = match.string, match.start(), match.group().rstrip(".-")
    end = start + len(value)
    following = text[end : end + 16]
    if _KEY_AFTER.match(following):
        return A_KEY
    bare, lead = value.lstrip("@"), text[max(0, start - 32) : start]
    if lead[-1:] == "<" and following[:1] in (">", " "):
        return A_KEY
    if _generic(bare) or following[:1] in ("(", "[", "=", "@", "\\", ":"):
        return NO_HANDLE
    if value[0] == "@" or _GIVEN.search(lead):
        return start, end
    opened = lead.rstrip("\"'`<")
    quoted = lead != opened and following[:1] in ("'", '"', "`", "<")
    keyed = _KEYED.search(lead) is not None and any(c.isdigit() for c in bare)
    in_code = not quoted and not keyed and _CODE_BEFORE.search(lead)
    said = _SAID_BEFORE.search(opened) or _SAID_AFTER.match(following)
    return (start, end) if said and not in_code else NO_HANDLE


def _told(match: re.Match[str]) -> tuple[int, int] | str:
    return NO_HANDLE if _generic(match.group("value")) else match.span("value")


def _named(match: re.Match[str]) -> tuple[int, int] | str:
    """Accept a plain word that is given as a user's name, but none that programs use for it."""
    value = match.group("value")
    return NO_HANDLE if _generic(value) or not value.islower() else match.span("value")


def _generic(value: str) -> bool:
    low = value.lower()
    return (
        low in GENERIC
        or len(low) < 4
        or low.startswith(
            ("user", "self.", "request.", "my_", "test", "new_", "get_", "is_", "your")
        )
        or low.endswith(("user", "_id", "_name", "name", ".id", ".py", ".com"))
        or not any(c.isalpha() for c in low)
    )


_SOCIAL: Final = (
    r"(?:www\.|m\.|mobile\.)?(?:github\.com|gitlab\.com|x\.com|twitter\.com|instagram\.com|facebook\.com"
    r"|tiktok\.com/@?|t\.me|medium\.com/@|reddit\.com/u(?:ser)?|linkedin\.com/in|pinterest\.com|twitch\.tv"
    r"|keybase\.io|snapchat\.com/add|youtube\.com/@?)/?"
)
_PATHS: Final = (
    r"(?:users?|u|profiles?|members?|customers?|clients?|accounts?|people|patients?|employees?"
    r"|persons?|contacts?)"
)
_QUERY: Final = (
    r"(?:user|uid|user_?id|user_?name|customer_?id|member_?id|account_?id|client_?id|patient_?id|sid"
    r"|session_?id|login)"
)
_URL: Final = re.compile(
    r"(?<![A-Za-z0-9])(?i:https?|ftp|wss?)://(?P<rest>[^\s<>\"'`\ufffc{}|\\^\[\]]{4,2048}+)"
)
_SOCIAL_USER: Final = re.compile(rf"(?i){_SOCIAL}@?(?P<user>[\w.-]{{2,64}})/?(?:[?#].{{0,512}})?")
_PATH_USER: Final = re.compile(rf"(?i)/{_PATHS}/(?P<user>[^/?#]{{1,128}})")
_QUERY_USER: Final = re.compile(rf"(?i)[?&;]{_QUERY}=(?P<user>[^&#;]{{1,128}})")
_PAGES: Final = frozenset(
    """
    about features pricing login signup join search explore topics trending settings help blog docs
    security contact home jobs legal privacy terms sponsors marketplace orgs apps watch channel
    results intent share hashtag sharer groups events pages me new list all profile edit create
    account password reset current self index id api v1 v2
    """.split()  # noqa: SIM905 - a list of words reads best as words
)


def _personal(match: re.Match[str]) -> tuple[int, int] | str:
    """Accept a URL with the name or number of a user in it, without the stop of the sentence."""
    rest = match.group("rest").rstrip(".,;:!?*")
    if match.string[match.start() - 1 : match.start()] == ",":
        rest = rest.partition(",")[0]  # a cell of a row
    if rest.endswith(")") and "(" not in rest:
        rest = rest.rstrip(").,;:!?")
    social = _SOCIAL_USER.fullmatch(rest)
    if social is not None:
        named = social.group("user").lower() not in _PAGES
    else:
        found = _PATH_USER.search(rest) or _QUERY_USER.search(rest)
        named = found is not None and _is_user(found.group("user"))
    if not named:
        return "no user's name or number in it"
    return match.start(), match.start("rest") + len(rest)


def _is_user(part: str) -> bool:
    bare = part.lower()
    numbered = any(c.isdigit() for c in bare) and re.fullmatch(r"v\d{1,2}", bare) is None
    return bare not in _PAGES and (numbered or any(c in bare for c in "._-@%+"))


ACCOUNTS: Final = (
    Recogniser(
        "personal_url",
        "URL",
        "patterns",
        r"(?i)://(?:www\.|m\.|mobile\.)?(?:github|gitlab|x|twitter|instagram|facebook|tiktok|t\.me|medium"
        r"|reddit|linkedin|pinterest|twitch|keybase|snapchat|youtube)\b"
        rf"|://[^\s]+(?:/{_PATHS}/|[?&;]{_QUERY}=)",
        _URL,
        _personal,
        proof="a user's name or number in it",
    ),
    Recogniser(
        "username",
        "USERNAME",
        "patterns",
        r"[A-Za-z]",
        re.compile(
            r"(?<![\w.@/+-])(?>@[A-Za-z][\w.-]{2,39}|[A-Za-z]{1,30}+[\d_.-][\w.-]{0,30}\w)(?![\w=-])"
        ),
        _handle,
        proof="its form",
        words=_WORDS,
        reach=8,
    ),
    Recogniser(
        "username_by_key",
        "USERNAME",
        "patterns",
        r"(?i)(?:user|screen|nick)[ _]?name[\"']?\s?(?:[:=]|is\b)",
        re.compile(
            r"(?i)(?:user|screen|nick)[ _]?name(?:[\"'] ?[:=] ?[\"']|\s?: ?| is |=[\"'])"
            r"(?P<value>[a-z]{4,30})(?=[\"'\s.,;!?]|$)(?![.,]\w)(?!\s?[\w=(])"
        ),
        _named,
        proof="its key",
    ),
    Recogniser(
        "username_told",
        "USERNAME",
        "patterns",
        rf"(?i)\b(?:{_NAME})",
        re.compile(
            rf"(?i)\b(?:{_NAME})(?:\)\s?VALUES\s?\(\s?['\"]"
            r"|\b[^\n.?!]{0,40}[.?!] (?:it|that|this) (?:should be|must be|is|was|will be) [\"']?)"
            r"(?P<value>[a-z]{1,30}+[\d_.-][\w.-]{0,30}\w)(?![\w-])"
        ),
        _told,
        proof="its form, and the words before it",
    ),
)
