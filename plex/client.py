"""The connection to Plex: plexapi over a session of our own, and what is read and written through it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import cast
from urllib.parse import quote
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, ParseError

import plexapi
import requests
from plexapi.server import PlexServer
from plexapi.utils import joinArgs, parseXMLString

from plex.exceptions import (
    PlexAnswerEmpty,
    PlexAnswerInvalid,
    PlexError,
    PlexNotFound,
    PlexRefused,
    PlexUnavailable,
)
from plex.session import RETRY_LATER, PlexSession
from validation.config import Stash2PlexConfig

# Edits move no item in these orders: the second is for when we write the date added ourselves. A bulk import
# gives thousands of items one second: the id tells them apart, or pages could overlap.
ORDER, ORDER_WHERE_DATES_MOVE = "addedAt,id", "id"
# Characters of what may be a name, and so many names of performers and tags are at hand in their quoted form.
LONGEST_NAME, NAMES_REMEMBERED = 80, 5_000


def client_identifier(data_dir: Path) -> str:
    """The name under which Plex knows this installation, the same at every run.

    With a new one each time, Plex mails its owner about a new device each time.
    """
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"stash2plex:{data_dir.resolve()}"))


def connect(config: Stash2PlexConfig, data_dir: str | Path) -> Plex:
    """The Plex server of the settings. Raises PlexError."""
    token = config.plex_token.get_secret_value()
    identifier = client_identifier(Path(data_dir))
    order = ORDER if config.date_added == "none" else ORDER_WHERE_DATES_MOVE
    return Plex(config.plex_url, token, identifier, not config.plex_accept_any_certificate, order)


def read_version(config: Stash2PlexConfig) -> str:
    """The version of the Plex server of the settings, which it tells without a token. Raises PlexError."""
    token = config.plex_token.get_secret_value()
    session = PlexSession(config.plex_url, token, verify=not config.plex_accept_any_certificate)
    return identity_at(session, config.plex_url).get("version", "")


def identity_at(session: PlexSession, address: str) -> Element:
    """What a Plex server tells of itself to everybody: its version and identifier. Raises PlexError."""
    try:
        identity = ElementTree.fromstring(session.get(f"{address}/identity").content)
    except (ParseError, requests.exceptions.InvalidURL, UnicodeError, PlexNotFound) as error:
        raise _not_plex() from error
    if not identity.get("machineIdentifier"):
        raise _not_plex()
    return identity


def introduce(identifier: str) -> None:
    """Let every request of plexapi say who asks, by the name of this installation."""
    plexapi.BASE_HEADERS.update(
        {
            "X-Plex-Client-Identifier": identifier,
            "X-Plex-Product": "Stash2Plex",
            "X-Plex-Device-Name": "Stash2Plex",
        }
    )


class Plex:
    """A connected Plex server. Not for use by several threads at once.

    `machine_identifier` says which server it is: rating keys of one mean nothing on another. `order` is
    the one in which libraries are listed.
    """

    def __init__(
        self, url: str, token: str, identifier: str, verify: bool = True, order: str = ORDER
    ) -> None:
        """Connect; raises PlexError."""
        introduce(identifier)
        self._settings = (url, token, identifier, verify, order)
        self.order = order
        self._session = PlexSession(url, token, verify)
        try:
            self._server = PlexServer(url, token, session=self._session)
            self.machine_identifier = str(self._server.machineIdentifier or "")
        except _NO_PLEX as error:
            raise _not_plex() from error
        if not self.machine_identifier:
            raise _not_plex()
        # Edits are the bulk of all requests, and their addresses are long: what is the same in all is
        # prepared once, and an address that is quoted already is not parsed and quoted again.
        self._headers = {**plexapi.BASE_HEADERS, "X-Plex-Token": token}
        edit = self._session.prepare_request(requests.Request("PUT", url, self._headers))
        self._session.prepare_edits(edit)

    def another(self) -> Plex:
        """One more connection to the same server, for another thread. Raises PlexError.

        What answers at an address may be exchanged while a run goes on: rating keys of one server
        would then be written to on another.
        """
        other = Plex(*self._settings)
        if other.machine_identifier != self.machine_identifier:
            raise PlexUnavailable(
                "Another Plex server answers at the address in setting “Plex URL” (plex_url) than at the "
                "beginning of this run. " + RETRY_LATER
            )
        return other

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

        The token of somebody with whom the libraries are shared reads them and edits nothing.
        """
        try:
            return self.account_ids() is not None
        except PlexError:
            return None

    def account_ids(self) -> list[str] | None:
        """The ids of the server's accounts; None for anybody but its owner. Raises PlexError.

        Plex lists its accounts to the owner alone, and answers 401 to anybody else.
        """
        try:
            return [account.get("id", "") for account in self.get("/accounts", {}).findall("Account")]
        except PlexRefused:
            return None

    def get(
        self,
        path: str,
        arguments: Mapping[str, object],
        headers: Mapping[str, str] | None = None,
        either: Mapping[str, int] | None = None,
    ) -> Element:
        """Read `path` with these query arguments, of which one of `either` is to hold; raises PlexError."""
        return parsed(self.fetch(path, arguments, headers, either))

    def fetch(
        self,
        path: str,
        arguments: Mapping[str, object],
        headers: Mapping[str, str] | None = None,
        either: Mapping[str, int] | None = None,
    ) -> bytes:
        """The answer that `get` reads, as it comes. Raises PlexError."""
        url = self._server.url(path + joinArgs(arguments) + _one_of(either or {}))
        return self._session.get(url, headers={**self._headers, **(headers or {})}).content

    def ask(self, path: str, arguments: Mapping[str, object]) -> None:
        """Ask for something that Plex does later and answers with nothing. Raises PlexError."""
        url = self._server.url(path + joinArgs(arguments))
        _check_done(self._session.get(url, headers=self._headers).content)

    def put(self, path: str, arguments: Mapping[str, object]) -> None:
        """Write; Plex answers a successful write with nothing. Raises PlexError."""
        _check_done(self._session.edit(path + query_of_edit(arguments)))

    def post(self, path: str, content: bytes) -> None:
        """Send bytes, an image; Plex answers with nothing. Raises PlexError."""
        url = self._server.url(path)
        _check_done(self._session.post(url, data=content, headers=self._headers).content)

    def delete(self, path: str) -> None:
        """Take something away; Plex answers with nothing. Raises PlexError."""
        _check_done(self._session.delete(self._server.url(path), headers=self._headers).content)


def query_of_edit(arguments: Mapping[str, object]) -> str:
    """The arguments as plexapi writes them; the names of a library come again with every scene."""
    names = sorted(arguments, key=str.lower)
    return "?" + "&".join([f"{name}={_quoted(str(arguments[name]))}" for name in names])


def _quoted(value: str) -> str:
    return _quoted_name(value) if len(value) <= LONGEST_NAME else quote(value, safe="")


@lru_cache(maxsize=NAMES_REMEMBERED)
def _quoted_name(name: str) -> str:
    return quote(name, safe="")


def parsed(content: bytes) -> Element:
    """The document that Plex sent. Raises PlexAnswerInvalid."""
    try:
        answer = _document(content)
    except (ParseError, UnicodeError) as error:
        raise PlexAnswerInvalid(
            "Plex sent an answer that is cut off or not XML. Is there a proxy in between? " + RETRY_LATER
        ) from error
    if answer is None:
        raise PlexAnswerEmpty("Plex sent an empty answer where it lists items. " + RETRY_LATER)
    if answer.tag != "MediaContainer":
        raise _another_page()
    return answer


def _document(content: bytes) -> Element | None:
    """The document as it is; only one that is not well-formed is read as text and cleaned first."""
    try:
        return ElementTree.fromstring(content)
    except ParseError:
        return cast("Element | None", parseXMLString(content.decode("utf-8", "replace")))


def _one_of(filters: Mapping[str, int]) -> str:
    """Filters of which one is to hold: in brackets, of which the order counts."""
    texts = [f"{name}={value}" for name, value in filters.items()]
    return f"&push=1&{'&or=1&'.join(texts)}&pop=1" if texts else ""


# What plexapi raises for what is no answer of Plex; most of these are its own ways of stumbling.
_NO_PLEX = (
    AttributeError,
    TypeError,
    ValueError,
    ArithmeticError,
    ParseError,
    requests.exceptions.InvalidURL,
)


def _check_done(answer: bytes) -> None:
    """A page of somebody else, such as a proxy that wants a login, is no “done”."""
    start = answer.lstrip()
    if start and not start.startswith((b"<?xml", b"<MediaContainer", b"{")):
        raise _another_page()


def _another_page() -> PlexAnswerInvalid:
    return PlexAnswerInvalid(
        "Something other than Plex answered with a page of its own. Is there a proxy that asks for a login? "
        + RETRY_LATER
    )


def _not_plex() -> PlexAnswerInvalid:
    return PlexAnswerInvalid(
        "The server at the address in setting “Plex URL” (plex_url) is not a Plex server. "
        "Check host and port."
    )
