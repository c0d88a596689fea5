"""Secrets that show themselves: keys and tokens with a known prefix, private keys, JWTs, URLs.

Each pattern starts with a literal, so a text without it costs nothing. Prefixes as published by
the services, and as the scanners gitleaks and detect-secrets list them.
"""

import re
from typing import Final

from stream_jobs.redact.recogniser import Check, Recogniser, whole


def _secret(name: str, gate: str, pattern: str, validate: Check = whole) -> Recogniser:
    return Recogniser(name, "SECRET", "secrets", gate, re.compile(pattern), validate)


def _unpunctuated(match: re.Match[str]) -> tuple[int, int] | str:
    """Accept a URL without the stop of the sentence that it stands in."""
    return match.start(), match.start() + len(match.group().rstrip(".,;:!?*"))


def _mixed(match: re.Match[str]) -> tuple[int, int] | str:
    """Accept what holds a digit or both cases: `sk-something-in-plain-words` is no key."""
    body = match.group()[3:]
    if any(c.isdigit() for c in body) or not (body.islower() or body.isupper()):
        return match.span()
    return "plain words"


_B = r"(?<![A-Za-z0-9_])"  # not in the middle of a word

TOKENS: Final = (
    _secret(
        "aws_access_key",
        "A(?:KIA|SIA|BIA|CCA)[A-Z0-9]",
        _B + r"A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}(?![A-Za-z0-9])",
    ),
    _secret("github_token", "gh[pousr]_", _B + r"gh[pousr]_[A-Za-z0-9]{30,255}"),
    _secret("github_pat", "github_pat_", _B + r"github_pat_[A-Za-z0-9_]{22,255}"),
    _secret(
        "gitlab_token",
        "gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas)-",
        _B + r"gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas)-[A-Za-z0-9_-]{20,255}",
    ),
    _secret("sk_key", "sk-[A-Za-z0-9]", _B + r"sk-[A-Za-z0-9][A-Za-z0-9_-]{18,255}", _mixed),
    _secret("slack_token", "xox[a-z]-|xapp-", _B + r"(?:xox[a-z]|xapp)-[A-Za-z0-9-]{10,255}"),
    _secret(
        "slack_webhook",
        r"hooks\.slack\.com/",
        r"hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9+/]{20,255}",
    ),
    _secret(
        "stripe_key",
        "[srp]k_(?:live|test)_|whsec_",
        _B + r"(?:[srp]k_(?:live|test)|whsec)_[A-Za-z0-9]{16,255}",
    ),
    _secret("google_api_key", "AIza", _B + r"AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
    _secret("google_oauth", r"GOCSPX-|ya29\.", _B + r"(?:GOCSPX-|ya29\.)[A-Za-z0-9_-]{20,1024}"),
    _secret("npm_token", "npm_[A-Za-z0-9]", _B + r"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
    _secret("pypi_token", "pypi-A", _B + r"pypi-A[A-Za-z0-9_-]{50,1024}"),
    _secret("hugging_face_token", "hf_[A-Za-z]", _B + r"hf_[A-Za-z0-9]{30,64}(?![A-Za-z0-9])"),
    _secret("sendgrid_key", r"SG\.", _B + r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}"),
    _secret("twilio_key", "(?:AC|SK)[0-9a-f]{8}", _B + r"(?:AC|SK)[0-9a-f]{32}(?![0-9A-Za-z])"),
    _secret("telegram_bot", r"\d:AA", r"(?<!\d)\d{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])"),
    _secret("databricks_token", "dapi[0-9a-f]", _B + r"dapi[0-9a-f]{32}(?:-\d)?(?![0-9A-Za-z])"),
    _secret("digitalocean_token", "do[opr]_v1_", _B + r"do[opr]_v1_[0-9a-f]{64}"),
    _secret("shopify_token", "shp(?:at|ca|pa|ss)_", _B + r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    _secret("grafana_token", "gl(?:sa|c)_", _B + r"gl(?:sa|c)_[A-Za-z0-9+/=_]{32,400}"),
    _secret("vault_token", r"hv[sb]\.", _B + r"hv[sb]\.[A-Za-z0-9_-]{24,400}"),
    _secret("square_token", "sq0[a-z]{3}-", _B + r"sq0[a-z]{3}-[A-Za-z0-9_-]{22,64}"),
    _secret("mailgun_key", "key-[0-9a-f]", _B + r"key-[0-9a-f]{32}(?![0-9A-Za-z])"),
    _secret("linear_key", "lin_(?:api|oauth)_", _B + r"lin_(?:api|oauth)_[A-Za-z0-9]{32,64}"),
    _secret(
        "doppler_token", r"dp\.(?:pt|st|ct)\.", _B + r"dp\.(?:pt|st|ct)\.[A-Za-z0-9._-]{40,64}"
    ),
    _secret("atlassian_token", "ATATT3", _B + r"ATATT3[A-Za-z0-9_=-]{40,255}"),
    _secret("docker_token", "dckr_[po]at_", _B + r"dckr_[po]at_[A-Za-z0-9_-]{20,64}"),
    _secret("rubygems_key", "rubygems_[0-9a-f]", _B + r"rubygems_[0-9a-f]{48}(?![0-9A-Za-z])"),
    _secret("postman_key", "PMAK-", _B + r"PMAK-[0-9a-fA-F]{24}-[0-9a-fA-F]{34}(?![0-9A-Za-z])"),
    _secret("new_relic_key", "NRAK-|NRJS-|NRII-", _B + r"NR(?:AK|JS|II)-[A-Za-z0-9_-]{19,64}"),
    _secret("notion_token", "ntn_[0-9]", _B + r"ntn_[0-9]{11}[A-Za-z0-9]{35}(?![0-9A-Za-z])"),
    _secret("sentry_token", "sntry[su]_", _B + r"sntry[su]_[A-Za-z0-9+/=_]{43,400}"),
    _secret("mailchimp_key", "[0-9a-f]{32}-us", _B + r"[0-9a-f]{32}-us\d{1,2}(?![0-9A-Za-z])"),
    _secret(
        "terraform_token",
        r"\.atlasv1\.",
        _B + r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}",
    ),
    _secret(
        "discord_token",
        r"[A-Za-z0-9_-]{23}\.[A-Za-z0-9_-]{6}\.",
        _B + r"[MNO][A-Za-z0-9_-]{22,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}(?![\w-])",
    ),
    _secret(
        "azure_client_secret",
        r"\dQ~[A-Za-z0-9_~.-]",
        r"(?<![\w.~-])[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}(?![\w~-])",
    ),
    _secret("age_key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{50,64}"),
    _secret(
        "jwt",
        "eyJ",
        _B + r"eyJ[A-Za-z0-9_-]{8,4096}+\.[A-Za-z0-9_-]{8,8192}+(?:\.[A-Za-z0-9_-]{8,2048}+)?",
    ),
)

PRIVATE_KEYS: Final = (
    _secret(
        "private_key",
        "PRIVATE KEY",
        r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
        r"[^<\ufffc-]{0,20000}+(?:-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----)?",
    ),
)

CREDENTIAL_URLS: Final = (
    _secret(
        "url_with_password",
        "://[^/]",
        r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{1,30}://"
        r"[^\s/@:<>\"'`\ufffc]{0,128}+:[^\s/@<>\"'`\ufffc]{1,256}+@[^\s<>\"'`\ufffc()\[\]{}]{1,1024}+",
        _unpunctuated,
    ),
    _secret(
        "connection_string",
        "(?i)accountkey=|sharedaccesskey=|[?&]sig=",
        r"(?i)(?:accountkey|sharedaccesskey|[?&]sig)=(?P<value>[A-Za-z0-9+/=%_-]{20,256})",
    ),
)

SECRETS: Final = PRIVATE_KEYS + TOKENS + CREDENTIAL_URLS
