"""The connection to Plex: plexapi over a session that bounds time and says what went wrong.

Status codes and network faults are translated here, below plexapi, which turns everything but 401
and 404 into one error whose text holds the whole address, titles included.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, ParseError

import requests
import urllib3
from stashapi import log
from urllib3.exceptions import ProtocolError

# A plexapi configuration file of the user's own would change servers, tokens and page sizes.
os.environ["PLEXAPI_CONFIG_PATH"] = os.devnull

import plexapi
from plexapi.server import PlexServer
from plexapi.utils import joinArgs

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
from validation.config import Stash2PlexConfig

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 60.0
RETRY_LATER = "Nothing is lost; what waits is written at the next run."


def client_identifier(data_dir: Path) -> str:
    """The name under which Plex knows this installation, the same at every run.

    With a new one each time, Plex mails its owner about a new device each time.
    """
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"stash2plex:{data_dir.resolve()}"))


def connect(config: Stash2PlexConfig, data_dir: str | Path) -> Plex:
    """The Plex server of the settings. Raises PlexError."""
    if config.plex_accept_any_certificate:
        log.warning(
            "The certificate of Plex is not checked (setting “Accept any certificate of Plex”): whoever is "
            "between Stash and Plex could read the token."
        )
    token = config.plex_token.get_secret_value()
    identifier = client_identifier(Path(data_dir))
    return Plex(config.plex_url, token, identifier, verify=not config.plex_accept_any_certificate)


def read_version(config: Stash2PlexConfig) -> str:
    """The version of the Plex server of the settings, which it tells without a token. Raises PlexError."""
    session = _PlexSession(verify=not config.plex_accept_any_certificate)
    try:
        identity = ElementTree.fromstring(session.get(f"{config.plex_url}/identity").content)
    except (ParseError, requests.exceptions.InvalidURL, UnicodeError, PlexNotFound) as error:
        raise _not_plex() from error
    if not identity.get("machineIdentifier"):
        raise _not_plex()
    return identity.get("version", "")


class Plex:
    """A connected Plex server. Not for use by several threads at once.

    `machine_identifier` says which server it is: rating keys of one mean nothing on another.
    """

    def __init__(self, url: str, token: str, identifier: str, verify: bool = True) -> None:
        """Connect; raises PlexError."""
        plexapi.BASE_HEADERS.update(
            {
                "X-Plex-Client-Identifier": identifier,
                "X-Plex-Product": "Stash2Plex",
                "X-Plex-Device-Name": "Stash2Plex",
            }
        )
        self._session = _PlexSession(verify)
        try:
            self._server = PlexServer(url, token, session=self._session)
            self.machine_identifier = str(self._server.machineIdentifier or "")
        except (AttributeError, ParseError, requests.exceptions.InvalidURL, UnicodeError) as error:
            raise _not_plex() from error
        if not self.machine_identifier:
            raise _not_plex()
        # Edits are the bulk of all requests, and their addresses are long: what is the same in all is
        # prepared once, and an address that is quoted already is not parsed and quoted again.
        headers = {**plexapi.BASE_HEADERS, "X-Plex-Token": token}
        self._edit = self._session.prepare_request(requests.Request("PUT", url, headers))

    @property
    def version(self) -> str:
        """The version of Plex Media Server."""
        return str(self._server.version)

    @property
    def name(self) -> str:
        """What its owner calls the server."""
        return str(self._server.friendlyName or "")

    def is_owners_token(self) -> bool | None:
        """Whether the token is that of the server's owner; None where this cannot be told.

        The token of somebody with whom the libraries are shared reads them and edits nothing. Plex
        lists its accounts to the owner alone, and answers 401 to anybody else.
        """
        try:
            self.get("/accounts", {})
        except PlexRefused:
            return False
        except PlexError:
            return None
        return True

    def get(
        self, path: str, arguments: Mapping[str, object], headers: Mapping[str, str] | None = None
    ) -> Element:
        """Read `path` with these query arguments; raises PlexError."""
        try:
            answer = self._server.query(path + joinArgs(arguments), headers=dict(headers or {}))
        except (ParseError, UnicodeError) as error:
            raise PlexAnswerInvalid(
                "Plex sent an answer that is cut off or not XML. Does a proxy stand between? " + RETRY_LATER
            ) from error
        if answer is None:
            raise PlexAnswerInvalid("Plex sent an empty answer where it lists items. " + RETRY_LATER)
        return cast(Element, answer)

    def ask(self, path: str, arguments: Mapping[str, object]) -> None:
        """Ask for something that Plex does later and answers with nothing. Raises PlexError."""
        self._server.query(path + joinArgs(arguments))

    def put(self, path: str, arguments: Mapping[str, object]) -> None:
        """Write; Plex answers a successful write with nothing. Raises PlexError."""
        request = self._edit.copy()
        request.url = self._server.url(path + joinArgs(arguments))
        self._session.send(request)

    def post(self, path: str, content: bytes) -> None:
        """Send bytes, an image; Plex answers with nothing. Raises PlexError."""
        self._server.query(path, method=self._session.post, data=content)


def _not_plex() -> PlexAnswerInvalid:
    return PlexAnswerInvalid(
        "What answers at the address in setting “Plex URL” (plex_url) is not a Plex server. "
        "Check host and port."
    )


class _PlexSession(requests.Session):
    """A session whose requests return a successful answer or raise a PlexError."""

    def __init__(self, verify: bool) -> None:
        super().__init__()
        self.trust_env = False
        self.verify = verify
        if not verify:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        kwargs["timeout"] = (CONNECT_TIMEOUT, READ_TIMEOUT)
        kwargs["allow_redirects"] = False
        try:
            response = self._send_again_if_dropped(request, **kwargs)
        except requests.exceptions.SSLError as error:
            raise PlexUnavailable(
                "The TLS certificate of Plex does not fit the address in setting “Plex URL” (plex_url). "
                "Use http:// inside your own network, the plex.direct address, or the setting “Accept any "
                "certificate of Plex” (plex_accept_any_certificate). " + RETRY_LATER
            ) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise PlexUnavailable(
                f"Plex cannot be reached or is too slow ({type(error).__name__}). Is it running, and is "
                "setting “Plex URL” (plex_url) its address as seen from Stash? " + RETRY_LATER
            ) from error
        problem = _problem_of(response)
        if problem:
            raise problem
        return response

    def _send_again_if_dropped(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Plex closes idle connections after 20 seconds; every request of ours may be repeated."""
        try:
            return super().send(request, **kwargs)
        except requests.exceptions.ConnectionError as error:
            if not (error.args and isinstance(error.args[0], ProtocolError)):
                raise
            return super().send(request, **kwargs)


def _problem_of(response: requests.Response) -> PlexError | None:
    status = response.status_code
    if status in (200, 201, 204):
        return None
    if status in (401, 403):
        return PlexRefused(
            f"Plex does not accept the token in setting “Plex token” (plex_token) ({status}). A token ends "
            "when its device is signed out: copy a new one, of the server's owner. " + RETRY_LATER
        )
    if status == 404:
        return PlexNotFound("Plex has nothing under the key it was asked for (404).")
    if status in (408, 502, 503, 504) or status >= 520:
        words = _words_of(response)
        return PlexUnavailable(f"Plex is not ready ({status}{': ' + words if words else ''}). {RETRY_LATER}")
    if status == 429 or status >= 500:
        return PlexBusy(f"Plex could not do it now ({status}).", _retry_after(response))
    if 300 <= status < 400:
        return PlexAnswerInvalid(
            f"The address in setting “Plex URL” (plex_url) redirects elsewhere ({status}). "
            "Give Plex's own address."
        )
    kind = PlexTooLarge if status in (413, 414) else PlexRejected
    return kind(f"Plex refused it ({status}: {_words_of(response) or response.reason}).")


def _words_of(response: requests.Response) -> str:
    """Plex's own words in an error page or element, cut short."""
    text = response.text
    status = re.search(r'\bstatus="([^"]*)"', text)
    words = (
        status.group(1) if status else re.sub(r"<(script|style|title).*?</\1>|<[^>]*>", " ", text, flags=re.S)
    )
    return " ".join(unescape(words).split())[:200]


def _retry_after(response: requests.Response) -> float | None:
    text = response.headers.get("Retry-After", "").strip()
    return float(text) if text.isascii() and text.isdigit() else None
