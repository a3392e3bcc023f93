"""The operations `sign_in_begin` and `sign_in_wait`: a token without copying one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from operations.context import Context
from operations.model import Nothing, Request, Result
from operations.sign_in_file import SignIn, SignInFile
from plex.account import PLEX_TV, AccountServer, Pin, PlexAccount
from plex.client import client_identifier
from plex.exceptions import SignInExpired
from plex.reachable import reachable
from stash import log

# Names another account service, for tests: one on this machine and nowhere else, as it gets the token.
SERVICE_VARIABLE = "STASH2PLEX_ACCOUNT_SERVICE"


class Begun(Result):
    """The address that the person opens, and the name under which the page asks whether that is done."""

    address: str
    sign_in: str


class Waiting(Request):
    """The sign-in that the page waits for."""

    sign_in: str


class Address(Result):
    """An address of a server; `answers` says whether the server answers there to Stash."""

    address: str
    is_local: bool
    is_secure: bool
    answers: bool


class Server(Result):
    """A Plex server of the account; only its owner can write to it."""

    name: str
    version: str
    is_owned: bool
    addresses: list[Address]


class SignedIn(Result):
    """How far the sign-in is; the account's name and servers when it is done. The token stays here."""

    is_signed_in: bool
    is_expired: bool
    account: str | None = None
    servers: list[Server] = []  # noqa: RUF012 - pydantic copies it


def begin(request: Nothing, context: Context) -> Begun:  # noqa: ARG001
    """Begin to sign in to Plex."""
    pin, address = _account(context).begin()
    return Begun(address=address, sign_in=SignInFile(context.data_dir).begin(pin.id, pin.code).name)


def wait(request: Waiting, context: Context) -> SignedIn:
    """Say whether the person has signed in, and with which servers; the page asks again and again."""
    file = SignInFile(context.data_dir)
    sign_in = file.read(context.now)
    if sign_in is None or sign_in.name != request.sign_in:
        return SignedIn(is_signed_in=False, is_expired=True)
    try:
        return _look(sign_in, file, _account(context))
    except SignInExpired:
        file.forget()
        return SignedIn(is_signed_in=False, is_expired=True)


def _look(sign_in: SignIn, file: SignInFile, account: PlexAccount) -> SignedIn:
    token = sign_in.token or account.token_for(Pin(sign_in.pin_id, sign_in.code))
    if not token:
        return SignedIn(is_signed_in=False, is_expired=False)
    log.keep_secret(token)
    file.keep(replace(sign_in, token=token))
    servers = account.servers(token)
    return SignedIn(
        is_signed_in=True, is_expired=False, account=account.name(token), servers=_as_told(servers)
    )


def _as_told(servers: list[AccountServer]) -> list[Server]:
    answering = reachable(
        {one.address: server.machine_identifier for server in servers for one in server.addresses}
    )
    return [
        Server(
            name=server.name,
            version=server.version,
            is_owned=server.is_owned,
            addresses=sorted(
                (
                    Address(
                        address=one.address,
                        is_local=one.is_local,
                        is_secure=one.is_secure,
                        answers=one.address in answering,
                    )
                    for one in server.addresses
                ),
                # Inside one's own network the plain address needs neither a name service nor a certificate.
                key=lambda one: (not one.answers, not one.is_local, one.is_secure),
            ),
        )
        for server in servers
    ]


def _account(context: Context) -> PlexAccount:
    return PlexAccount(client_identifier(Path(context.data_dir)), account_service(os.environ))


def account_service(environment: Mapping[str, str]) -> str:
    """The address of the account service: Plex's own, or one for tests on this machine."""
    service = environment.get(SERVICE_VARIABLE, "")
    if not service:
        return PLEX_TV
    if not _is_on_this_machine(service):
        log.debug(f"{SERVICE_VARIABLE} names another machine, which would get the token: it is not used.")
        return PLEX_TV
    return service.rstrip("/")


def _is_on_this_machine(address: str) -> bool:
    try:
        parts: Any = urlsplit(address)
        return parts.scheme in ("http", "https") and ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
