"""The session beneath StashInterface: what stashapp-tools lacks for a plugin that runs unattended.

Time-outs, errors that say what happened, another try when Stash's database is locked, and the
session cookie of the latest answer (Stash's cookies end after an hour, requests would keep sending
the first one).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from copy import copy
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3
from stashapi.stashapp import StashInterface

from stash import log
from stash.exceptions import (
    GraphQLRefusal,
    StashAnswerInvalid,
    StashAnswerTooLarge,
    StashError,
    StashRefused,
    StashUnavailable,
)
from transport.bounded_answer import LARGEST_ANSWER, AnswerTooLarge, bound_in_time, read_whole

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 60.0
LOCKED_RETRIES = 5
_API_KEY = "query getApiKey"
# 498 is a token that has ended, in the words of some proxies.
REFUSED = (401, 403, 498)


class _QuietLog:
    """Takes StashInterface's own log: what fails reaches the user once, in our words."""

    def __getattr__(self, level: str) -> Any:
        return log.debug


class GraphQLInterface(StashInterface):
    """StashInterface over our session, without the half megabyte of introspection at its start.

    The introspection feeds generated fragments; our documents bring their own.
    """

    def __init__(self, address: dict[str, Any], session: StashSession) -> None:
        self._session = session
        # It would have the session believe no certificate that Stash made itself.
        super().__init__({**address, "Logger": _QuietLog()}, verify_ssl=bool(session.verify))

    @property
    def s(self) -> StashSession:
        """The session, under the name by which StashInterface knows it."""
        return self._session

    @s.setter
    def s(self, session: requests.Session) -> None:
        self._session.headers.update(session.headers)

    def over(self, session: StashSession) -> GraphQLInterface:
        """The same over another session, without asking Stash anything."""
        same = copy(self)
        same._session = session
        return same

    def call_GQL(self, query: str, *arguments: Any, **options: Any) -> Any:
        """Ask Stash; but not for its API key, which StashInterface wants at its start and we never use."""
        if _API_KEY in query:
            return {"configuration": {"general": {"apiKey": ""}}}
        return super().call_GQL(query, *arguments, **options)

    def _get_fragments_introspection(self, *_: Any) -> dict[str, str]:
        return {}


class StashSession(requests.Session):
    """A session whose posts either return a GraphQL answer with data or raise a StashError."""

    def __init__(self, cookie: str) -> None:
        super().__init__()
        self.trust_env = False
        bound_in_time(self)
        # The plugin talks to the Stash that started it, whose certificate is nearly always its own.
        self.verify = False
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.server_time: datetime | None = None
        # Whether what is posted may be sent again where Stash's database was locked.
        self.may_repeat = True
        log.keep_renewed_secret(cookie)
        self.cookie = cookie
        self._send_cookie()

    def another(self) -> StashSession:
        """One more with the cookie, headers and time of this one's latest answer."""
        session = StashSession(self.cookie)
        session.headers.update(self.headers)
        session.verify = self.verify
        session.server_time = self.server_time
        return session

    def _send_cookie(self) -> None:
        if self.cookie:
            self.headers["Cookie"] = f"session={self.cookie}"

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request in bounded time, without following redirects. Raises StashError."""
        kwargs["timeout"] = (CONNECT_TIMEOUT, READ_TIMEOUT)
        kwargs["allow_redirects"] = False
        kwargs["stream"] = True
        if request.method != "POST":
            return self._send_once(request, **kwargs)
        for attempt in range(LOCKED_RETRIES):
            response = self._send_once(request, **kwargs)
            problem = _problem_of(response)
            if problem is None:
                break
            if "database is locked" not in str(problem) or not self.may_repeat:
                raise problem
            if attempt == LOCKED_RETRIES - 1:
                raise StashUnavailable(
                    "Stash's database is locked by another of its tasks. Nothing is lost; run the task again."
                )
            time.sleep(0.1 * 2**attempt)
        return response

    def _send_once(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        try:
            response = super().send(request, **kwargs)
            if request.method == "POST":
                read_whole(response, LARGEST_ANSWER)
        except AnswerTooLarge as error:
            raise StashAnswerTooLarge(f"Stash's answer is too large to be read ({error}).") from error
        except requests.RequestException as error:
            raise StashUnavailable(
                f"Stash cannot be reached or is too slow ({type(error).__name__}). Is it running? "
                "Nothing is lost; run the task again."
            ) from error
        renewed = response.cookies.get("session")
        if renewed:
            log.keep_renewed_secret(renewed)
            self.cookie = renewed
            self._send_cookie()
        self.server_time = _server_time(response)
        return response


def _server_time(response: requests.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError, TypeError):
        return None


def _problem_of(response: requests.Response) -> StashError | None:
    """What is wrong with a GraphQL answer, in words for the user; None when it has its data."""
    status = response.status_code
    if status in REFUSED or "/login" in response.headers.get("Location", ""):
        return StashRefused(f"Stash did not accept the plugin's session ({status}). Run the task again.")
    if status in (408, 425, 429) or status >= 500:
        return StashUnavailable(f"Stash answered {status}. Nothing is lost; run the task again later.")
    try:
        content = response.json()
    except (ValueError, RecursionError):
        return StashAnswerInvalid(f"Stash answered {status} with something that is not JSON.")
    if not isinstance(content, dict):
        return StashAnswerInvalid(f"Stash answered {status} with JSON that is no GraphQL answer.")
    if content.get("errors"):
        words = _messages(content["errors"])
        if status == 200:
            return GraphQLRefusal(words)
        return StashAnswerInvalid(f"Stash answered: {words}")
    if status != 200 or not isinstance(content.get("data"), dict):
        return StashAnswerInvalid(f"Stash answered {status} without data.")
    # StashInterface asks for the same once more: a page of scenes is not parsed twice.
    response.json = lambda **_: content  # type: ignore[method-assign]
    return None


def _messages(errors: object) -> str:
    entries = errors if isinstance(errors, list) else [errors]
    texts = [str(entry.get("message")) if isinstance(entry, Mapping) else str(entry) for entry in entries]
    return log.without_secrets(" ".join("; ".join(dict.fromkeys(texts)).split()))[:300].rstrip(".")
