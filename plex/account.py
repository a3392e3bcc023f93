"""Signing in to a Plex account by plexapi's PIN login, and the servers that the account has.

The account service is another server than Plex Media Server: it is asked nothing but this, and only when a
person wants to sign in. plexapi knows it by one address, which stands in constants of its classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, ParseError

import plexapi
import requests
from plexapi.myplex import MyPlexPinLogin

from plex.client import introduce
from plex.exceptions import PlexAccountUnavailable, SignInExpired
from transport.bounded_answer import bound_in_time, read_whole

PLEX_TV = "https://plex.tv"
# Seconds: the page asks again every two.
PATIENCE = (3.0, 3.0)
LARGEST_ANSWER = 1024 * 1024
# A PIN that is too old is not there any more; the others stand for a token that was taken back.
_EXPIRED = (401, 403, 404, 498)
_RESOURCES = "/api/v2/resources?includeHttps=1&includeRelay=0&includeIPv6=1"


@dataclass(frozen=True)
class Pin:
    """A sign-in that was begun: the account service knows it by `id`, the person's browser by `code`."""

    id: str
    code: str


@dataclass(frozen=True)
class AccountAddress:
    """An address at which one of the account's servers says that it can be reached."""

    address: str
    is_local: bool

    @property
    def is_secure(self) -> bool:
        """Whether it is https, with a certificate that everybody accepts."""
        return self.address.startswith("https://")


@dataclass(frozen=True)
class AccountServer:
    """A Plex Media Server of the account, or one that somebody shares with it."""

    name: str
    version: str
    machine_identifier: str
    is_owned: bool
    addresses: tuple[AccountAddress, ...]


class PlexAccount:
    """The account service, as asked by this installation; every question ends within seconds."""

    def __init__(self, identifier: str, service: str = PLEX_TV) -> None:
        """`identifier` is the name under which Plex knows this installation; `service` is its address."""
        introduce(identifier)
        self._session = _AccountSession(service)

    def begin(self) -> tuple[Pin, str]:
        """Begin to sign in; the address that the person has to open. Raises PlexError."""
        login = _PinLogin(session=self._session, requestTimeout=PATIENCE, oauth=True)
        try:
            address = str(login.oauthUrl())
        except (ParseError, UnicodeError, AttributeError) as error:
            raise _unusable() from error
        if not (login.pin_id and login.code):
            raise _unusable()
        return Pin(login.pin_id, login.code), address

    def token_for(self, pin: Pin) -> str:
        """The account's token, empty as long as nobody has signed in. Raises SignInExpired, PlexError."""
        login = _PinLogin(session=self._session, requestTimeout=PATIENCE, oauth=True)
        login.resume(pin)
        try:
            return str(login.token) if login.look() else ""
        except (ParseError, UnicodeError, AttributeError) as error:
            raise _unusable() from error

    def name(self, token: str) -> str:
        """What the account is called. Raises PlexError."""
        user = self._get("/api/v2/user", token)
        return user.get("friendlyName") or user.get("username") or user.get("title") or ""

    def servers(self, token: str) -> list[AccountServer]:
        """Its servers, those that it owns first. Raises PlexError."""
        found = [
            _server_in(resource)
            for resource in self._get(_RESOURCES, token).iter("resource")
            if "server" in resource.get("provides", "").split(",") and resource.get("clientIdentifier")
        ]
        return sorted(found, key=lambda server: (not server.is_owned, server.name.casefold()))

    def _get(self, path: str, token: str) -> Element:
        headers = {**plexapi.BASE_HEADERS, "X-Plex-Token": token}
        try:
            return ElementTree.fromstring(self._session.get(f"{PLEX_TV}{path}", headers=headers).content)
        except (ParseError, UnicodeError) as error:
            raise _unusable() from error


class _PinLogin(MyPlexPinLogin):
    """plexapi's login without its thread: begun in one process, looked at in others."""

    @property
    def pin_id(self) -> str:
        return str(self._id or "")

    @property
    def code(self) -> str:
        return str(self._code or "")

    def resume(self, pin: Pin) -> None:
        self._id, self._code = pin.id, pin.code

    def look(self) -> bool:
        """As checkLogin, which takes a moment without network for the end of the sign-in."""
        return bool(self._checkLogin())


class _AccountSession(requests.Session):
    """A session with the account service, wherever that is; it returns what is well or raises a PlexError."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service
        # A proxy may stand between Stash and the world, but not before a stand-in on this machine.
        self.trust_env = service == PLEX_TV
        bound_in_time(self)

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **options: Any) -> requests.Response:
        """Send a request that plexapi makes for its own address. Raises PlexError."""
        address = self._service + str(url).removeprefix(PLEX_TV)
        options.update(timeout=PATIENCE, allow_redirects=False, stream=True)
        try:
            response = super().request(method, address, *args, **options)
            read_whole(response, LARGEST_ANSWER)
        except requests.RequestException as error:
            raise PlexAccountUnavailable(
                f"Plex's account service ({urlsplit(self._service).hostname}) cannot be reached from Stash "
                f"({type(error).__name__}). Try again, or enter address and token by hand."
            ) from error
        if response.status_code in _EXPIRED:
            raise SignInExpired
        if response.status_code not in (200, 201):
            raise PlexAccountUnavailable(
                f"Plex's account service does not do it now ({response.status_code}). Try again in a minute, "
                "or enter address and token by hand."
            )
        return response


def _server_in(resource: Element) -> AccountServer:
    addresses: dict[str, bool] = {}
    for connection in resource.iter("connection"):
        if _is(connection, "relay"):
            continue
        is_local = _is(connection, "local")
        for address in _addresses_of(connection, is_local):
            addresses.setdefault(address, is_local)
    return AccountServer(
        name=resource.get("name", ""),
        version=resource.get("productVersion", ""),
        machine_identifier=resource.get("clientIdentifier", ""),
        is_owned=_is(resource, "owned"),
        addresses=tuple(AccountAddress(address, is_local) for address, is_local in addresses.items()),
    )


def _addresses_of(connection: Element, is_local: bool) -> list[str]:
    """The secure address, and inside the own network the plain one, which needs no name service."""
    found = [connection.get("uri", "")]
    host, port = connection.get("address", ""), connection.get("port", "")
    if is_local and host and port:
        found.append(f"http://{f'[{host}]' if ':' in host else host}:{port}")
    return [address for address in found if address.startswith(("http://", "https://"))]


def _is(element: Element, attribute: str) -> bool:
    return element.get(attribute, "").casefold() in ("1", "true")


def _unusable() -> PlexAccountUnavailable:
    return PlexAccountUnavailable(
        "Plex's account service sent something that the plugin cannot read. Try again, or enter address and "
        "token by hand."
    )
