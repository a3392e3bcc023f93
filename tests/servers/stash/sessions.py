"""Who may ask: Stash's session cookie, which expires, and its API key."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

COOKIE_NAME = "session"
DEFAULT_MAX_AGE = 3600.0


class Sessions:
    """Session cookies by the time they were issued, read on a replaceable clock in seconds."""

    def __init__(self, clock: Callable[[], float] = time.time, max_age: float = DEFAULT_MAX_AGE) -> None:
        self.clock = clock
        self.max_age = max_age
        self._issued: dict[str, float] = {}

    def mint(self) -> str:
        """A new cookie value, valid from now on."""
        value = secrets.token_urlsafe(48)
        self._issued[value] = self.clock()
        return value

    def is_valid(self, value: str | None) -> bool:
        issued = self._issued.get(value or "")
        return issued is not None and self.clock() - issued <= self.max_age


def first_session_cookie(header: str | None) -> str | None:
    """Of several cookies named session only the first counts, even if a later one were valid."""
    for cookie in (header or "").split(";"):
        name, _, value = cookie.strip().partition("=")
        if name == COOKIE_NAME:
            return value
    return None


def cookie_document(value: str) -> dict[str, object]:
    """The cookie as a plugin gets it: Go's http.Cookie, of which only Name and Value mean something."""
    return {
        "Name": COOKIE_NAME,
        "Value": value,
        "Quoted": False,
        "Path": "",
        "Domain": "",
        "Expires": "0001-01-01T00:00:00Z",
        "RawExpires": "",
        "MaxAge": 0,
        "Secure": False,
        "HttpOnly": False,
        "SameSite": 0,
        "Partitioned": False,
        "Raw": "",
        "Unparsed": None,
    }
