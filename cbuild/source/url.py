"""URLs as profiles and indices write them: taken apart without an exception, and shown without a password."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

_NOTHING = SplitResult("", "", "", "", "")
_USER = re.compile(r"://[^/?#]*@")


def split(url: str) -> SplitResult:
    """Return the URL's parts, all of them empty if it can't be taken apart: a bracket is missing, or the like.

    Python's own message has the password in it.
    """
    try:
        return urlsplit(url)
    except ValueError:
        return _NOTHING


def redact(url: str) -> str:
    """Return the URL without user name and password."""
    parts = split(url)
    if parts is _NOTHING:
        return _USER.sub("://", url)
    return url if "@" not in parts.netloc else _bare(parts)


def signed_in(url: str) -> tuple[str, str]:
    """Return an http or https URL without user name and password, and the header that has them (RFC 7617).

    Both are percent-decoded. The header's value is empty where the URL names nobody. Other schemes stay as they are:
    urllib takes ftp's user from the URL.
    """
    parts = split(url)
    user, at, _ = parts.netloc.rpartition("@")
    if not at or parts.scheme not in {"http", "https"}:
        return url, ""
    from base64 import b64encode  # noqa: PLC0415 - hardly any URL has a password

    name, _, password = user.partition(":")
    pair = f"{unquote(name)}:{unquote(password)}"
    return _bare(parts), f"Basic {b64encode(pair.encode()).decode()}"


def same_server(one: str, other: str) -> bool:
    """Return whether what one URL's server may know is safe with the other's: scheme, host and port are the same."""
    mine, others = split(redact(one)), split(redact(other))
    return bool(mine.netloc) and (mine.scheme, mine.netloc.lower()) == (others.scheme, others.netloc.lower())


def with_user(url: str, page: str) -> str:
    """Return the URL of a link with the user name and password of the page that it is on, if that is its server's."""
    parts = split(url)
    user, at, _ = split(page).netloc.rpartition("@")
    if not at or "@" in parts.netloc or not same_server(url, page):
        return url
    return urlunsplit(parts._replace(netloc=f"{user}@{parts.netloc}"))


def _bare(parts: SplitResult) -> str:
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
