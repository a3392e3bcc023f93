"""The HTTP session with Plex: bounded in time and size, and every failure is an error in words.

Status codes and network faults are translated here, below plexapi, which turns everything but 401
and 404 into one error whose text holds the whole address, titles included.
"""

from __future__ import annotations

import re
from html import unescape
from io import BytesIO
from typing import Any, cast
from urllib.parse import urlsplit
from xml.etree import ElementTree
from xml.etree.ElementTree import ParseError

import requests
import urllib3
from urllib3.exceptions import ProtocolError

from plex.exceptions import (
    PlexAnswerInvalid,
    PlexBusy,
    PlexError,
    PlexNotFound,
    PlexRefused,
    PlexRejected,
    PlexTooLarge,
    PlexUnavailable,
)
from transport.bounded_answer import AnswerTooLarge, BoundedAdapter, bound_in_time, read_whole
from transport.kept_connection import KeptConnection
from validation.redaction import Redaction

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 60.0
# So many characters of what a server says of an error.
LONGEST_WORDS = 200
# urllib3 bounds the sending of a request by the time to connect; a picture over a slow line takes longer.
UPLOAD_TIMEOUT = 60.0
# So many bytes of an error's page are read to find words in it.
LARGEST_ERROR = 64 * 1024
# 401 and 403 are Plex's own; 498 stands for a token that has expired, the others for a session that has.
_REFUSED = {401, 403, 419, 440, 498, 499}
_NOT_READY = {407, 408, 425, 502, 503, 504, 507, 511}
_TOO_LARGE = {413, 414, 431}
# What Plex says of the contents of one request; other refusals would meet any request.
_OF_THE_REQUEST = {400, 409, 422, *_TOO_LARGE}
# How servers say that they speak https alone, and how TLS says that they speak none of it.
_HTTPS_ONLY = re.compile(r"HTTP request.*HTTPS", re.IGNORECASE)
_TLS_ALERT = "\\x15\\x03"
_NO_TLS = re.compile("WRONG_VERSION_NUMBER|HTTP_REQUEST|RECORD_LAYER_FAILURE|record layer", re.IGNORECASE)
_SPOKEN_BY_PLEX = "X-Plex-Protocol"
# What there is instead of an answer.
_UNANSWERED = (requests.RequestException, urllib3.exceptions.HTTPError)
RETRY_LATER = "Nothing is lost; what is waiting will be written at the next run."


class PlexSession(requests.Session):
    """A session whose requests return a successful answer or raise a PlexError."""

    def __init__(
        self,
        address: str,
        token: str,
        verify: bool,
        patience: tuple[float, float] | None = None,
    ) -> None:
        """`patience` has the seconds to wait for a connection and for an answer, where not the usual ones."""
        super().__init__()
        self._address = address
        self._patience = patience
        self._redaction = Redaction(token)
        self.trust_env = False
        self.verify = verify
        bound_in_time(self)
        if not verify:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request and read its whole answer. Raises PlexError."""
        try:
            response = self._send_again_if_dropped(request, **kwargs)
        except _UNANSWERED as error:
            raise self._in_words(error) from error
        return self._checked(response)

    def prepare_edits(self, request: requests.PreparedRequest) -> None:
        """Take this PUT, without a body, for the form of all edits; something was asked of Plex before."""
        adapter = cast(BoundedAdapter, self.get_adapter(self._address))
        self._kept = KeptConnection(adapter, request, CONNECT_TIMEOUT, READ_TIMEOUT)

    def edit(self, place: str) -> bytes:
        """Send an edit to this path, arguments included, below Plex's address; what Plex answers.

        It is what a drain does all the time: for Plex and for the caller it is the same as `send`, and
        takes an eighth of the time. Raises PlexError.
        """
        try:
            answer = self._kept.send(place)
            if isinstance(answer, bytes):
                return answer
            response = self._whole_or_again(answer, place)
        except _UNANSWERED as error:
            raise self._in_words(error) from error
        return self._checked(response).content

    def _in_words(self, error: Exception) -> PlexError:
        """What it means that no answer came."""
        if isinstance(error, requests.exceptions.SSLError):
            if _NO_TLS.search(str(error)):
                return PlexUnavailable(
                    f"What answers at {self._address} does not speak https. Write http:// in setting “Plex "
                    f"URL” (plex_url). {RETRY_LATER}"
                )
            return PlexUnavailable(
                "The TLS certificate of Plex does not fit the address in setting “Plex URL” (plex_url). "
                "Use http:// inside your own network, the plex.direct address, or the setting “Accept any "
                "certificate of Plex” (plex_accept_any_certificate). " + RETRY_LATER
            )
        if isinstance(error, AnswerTooLarge):
            return PlexAnswerInvalid(
                "Plex sent an answer that did not end. Is there a proxy in between? " + RETRY_LATER
            )
        return PlexUnavailable(
            f"Plex cannot be reached or is too slow ({type(error).__name__}). Is it running, and is "
            f"{self._address} in setting “Plex URL” (plex_url) its address as seen from Stash? "
            f"{_hint_at_scheme(error)}{RETRY_LATER}"
        )

    def _send_again_if_dropped(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Plex closes idle connections after 20 seconds; every request of ours may be repeated."""
        try:
            return self._send_and_read(request, **kwargs)
        except requests.exceptions.ConnectionError as error:
            if not _was_dropped(error):
                raise
            return self._send_and_read(request, **kwargs)

    def _whole_or_again(self, answer: requests.Response | None, place: str) -> requests.Response:
        """The answer to an edit, read to its end; sent again where none came, or its end did not."""
        if answer is not None:
            try:
                self.cookies.update(answer.cookies)
                return _read(answer)
            except requests.exceptions.ConnectionError as error:
                if not _was_dropped(error):
                    raise
        return self._send_and_read(self._kept.request(place))

    def _send_and_read(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        connecting, reading = self._patience or (CONNECT_TIMEOUT, READ_TIMEOUT)
        kwargs["timeout"] = (UPLOAD_TIMEOUT if request.body else connecting, reading)
        kwargs["allow_redirects"] = False
        kwargs["stream"] = True
        return _read(super().send(request, **kwargs))

    def _checked(self, response: requests.Response) -> requests.Response:
        problem = self._problem_of(response)
        if problem:
            raise problem
        return response

    def _problem_of(self, response: requests.Response) -> PlexError | None:
        if response.status_code == 404 and not self._is_plex(response):
            return PlexUnavailable(
                "Something other than Plex answered (404) at the address in setting “Plex URL” (plex_url). "
                f"Is Plex running, behind its proxy? {RETRY_LATER}"
            )
        # Cleaned before it is cut: half of a secret would be found by nobody.
        return _problem_of(response, self._redaction.clean(_words_of(response))[:LONGEST_WORDS])

    def _is_plex(self, response: requests.Response) -> bool:
        """Whether it is Plex that does not have something: a proxy says 404 while Plex is not running."""
        if _SPOKEN_BY_PLEX in response.headers or urlsplit(response.url).path.endswith("/identity"):
            return True
        try:
            identity = ElementTree.fromstring(self.get(f"{self._address}/identity").content)
        except (PlexError, ParseError, UnicodeError):
            return False
        return bool(identity.get("machineIdentifier"))


def _was_dropped(error: requests.exceptions.ConnectionError) -> bool:
    """Whether the connection was there and ended, as an idle one does, before the answer did."""
    return bool(error.args) and isinstance(error.args[0], ProtocolError)


def _read(response: requests.Response) -> requests.Response:
    """The same answer, its body read: of an error no more than may have words in it."""
    # Plex writes UTF-8, whatever a proxy leaves of the header that says so.
    response.encoding = "utf-8"
    if response.ok:
        read_whole(response)
        return response
    try:
        read_whole(response, LARGEST_ERROR)
    except AnswerTooLarge:
        # The status says enough.
        response.raw = BytesIO()
    return response


def _hint_at_scheme(error: Exception) -> str:
    """What to say where plain HTTP met a server that answered with a TLS alert."""
    return (
        "The server there speaks https: write https:// in the setting. " if _TLS_ALERT in str(error) else ""
    )


def _problem_of(response: requests.Response, words: str) -> PlexError | None:
    status = response.status_code
    if status in (200, 201, 204):
        return None
    if status in _REFUSED:
        return PlexRefused(
            f"Plex does not accept the token in setting “Plex token” (plex_token) ({status}). A token "
            "expires when its device is signed out: copy a new one, that of the server's owner. "
            f"{RETRY_LATER}"
        )
    if status == 404:
        return PlexNotFound("Plex has nothing under the key it was asked for (404).")
    if status in _NOT_READY or status >= 520:
        return PlexUnavailable(f"Plex is not ready ({status}{': ' + words if words else ''}). {RETRY_LATER}")
    if status == 429 or status >= 500:
        return PlexBusy(f"Plex could not do it now ({status}).", _retry_after(response))
    if status < 400:
        return PlexAnswerInvalid(
            f"The address in setting “Plex URL” (plex_url) redirects elsewhere ({status}). "
            "Give Plex's own address."
        )
    if status == 400 and _HTTPS_ONLY.search(words):
        return PlexUnavailable(
            "The server there speaks only https. Write https:// in setting “Plex URL” (plex_url). "
            + RETRY_LATER
        )
    if status not in _OF_THE_REQUEST:
        return PlexAnswerInvalid(
            f"Something in front of Plex refuses what Plex would accept ({status}: "
            f"{words or response.reason}). Enter Plex's own address in setting “Plex URL” (plex_url), or "
            "let the proxy pass every request. " + RETRY_LATER
        )
    kind = PlexTooLarge if status in _TOO_LARGE else PlexRejected
    return kind(f"Plex refused it ({status}: {words or response.reason}).", status)


def _words_of(response: requests.Response) -> str:
    """Plex's own words in an error page or element."""
    if response.ok:
        return ""
    text = response.text
    status = re.search(r'\bstatus="([^"]*)"', text)
    words = (
        status.group(1) if status else re.sub(r"<(script|style|title).*?</\1>|<[^>]*>", " ", text, flags=re.S)
    )
    # A page says the number as well, which whoever tells of it has said already.
    return " ".join(unescape(words).split()).removeprefix(str(response.status_code)).lstrip(" :")


def _retry_after(response: requests.Response) -> float | None:
    text = response.headers.get("Retry-After", "").strip()
    return float(text) if text.isascii() and text.isdigit() else None
