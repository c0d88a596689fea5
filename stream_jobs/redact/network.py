"""Addresses of machines: IPv4, IPv6, MAC."""

import ipaddress
import re
from typing import Final

from stream_jobs.redact.recogniser import Recogniser, before

_VERSION: Final = re.compile(
    r"(?:(?:\bv|version|release|build|firmware|sections?|chapter|rev|rfc|broker)[ _.:=\"'`>]{0,6}"
    r"|[=<>~!]= ?|§ ?)$"
)
_ADDRESS: Final = re.compile(
    r"\b(?:ip|ips|ipv4|address|host|server|dns|ping|gateway|client|from)\b"
)


NO_IPV6: Final = "no IPv6 address, loopback, or code"


def _ipv4(match: re.Match[str]) -> tuple[int, int] | str:
    """Accept a host's address: no netmask, no loopback, no version, no number of a section."""
    octets = [int(octet) for octet in match.group("value").split(".")]
    if octets[0] in (127, 255) or not any(octets):
        return "loopback, netmask or no address"
    large = sum(octet >= 100 for octet in octets)
    if large < 2 and _VERSION.search(before(match, 16)):
        return "a version or the number of a section"
    if max(octets) < 10 and not _ADDRESS.search(before(match, 24)):
        return "small numbers without a word for addresses"
    return match.span()


def _ipv6(match: re.Match[str]) -> tuple[int, int] | str:
    """Accept a written-out address; `a::b` in code and `::1` are none."""
    raw = match.group("value").rstrip(".")
    if raw.endswith(":") and not raw.endswith("::"):
        raw = raw[:-1]
    colons = raw.count(":")
    if colons < 2 or ("::" not in raw and colons != (6 if "." in raw else 7)):
        return NO_IPV6
    try:
        address = ipaddress.IPv6Address(raw)
    except ValueError:
        return NO_IPV6
    told = sum(c in "0123456789abcdefABCDEF" for c in raw)
    if address.is_loopback or told < 5 or raw.count(":") < 2 or not any(c.isdigit() for c in raw):
        return NO_IPV6
    if (
        "::" in raw
        and len(raw.partition(":")[0]) < 3
        and not raw.lower().startswith(("::ffff", "64:"))
    ):
        return NO_IPV6
    start = match.start("value")
    return start, match.end() if len(raw) == len(match.group("value")) else start + len(raw)


def _mac(match: re.Match[str]) -> tuple[int, int] | str:
    return match.span() if len(set(match.group().lower())) > 2 else "all the same"


_OCTET: Final = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"

NETWORK: Final = (
    Recogniser(
        "mac",
        "MAC_ADDRESS",
        "patterns",
        r"(?:[0-9A-Fa-f]{2}[:-]){5}|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.",
        re.compile(
            r"(?<![\w:-])[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\w:-])"
            r"|(?<![\w.])[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}(?![\w.])"
        ),
        _mac,
    ),
    Recogniser(
        "ipv4",
        "IP_ADDRESS",
        "patterns",
        r"\d\.\d{1,3}\.\d{1,3}\.\d",
        re.compile(
            rf"(?<![\w.-])(?P<value>(?:{_OCTET}\.){{3}}{_OCTET})(?:/(?:3[0-2]|[12]?\d)(?!\d))?"
            r"(?!\w|\.\d|-\d)"
        ),
        _ipv4,
    ),
    Recogniser(
        "ipv6",
        "IP_ADDRESS",
        "patterns",
        r"[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}",
        re.compile(
            r"(?<![\w:])(?=[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:)(?P<value>[0-9A-Fa-f:]{4,39}+"
            r"(?:\.\d{1,3}){0,3}+)(?:%[A-Za-z0-9]{1,16}+)?(?:/\d{1,3}+)?(?![\w:])"
        ),
        _ipv6,
    ),
)
