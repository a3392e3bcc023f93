"""A Plex account service on 127.0.0.1, as plex.tv behaves towards an app that signs a person in.

An app asks for a PIN, sends the person's browser to a page with the PIN's code, and looks at the PIN until it
has a token. Here `sign_in` stands for what the person does on that page. The host plex.tv is replaced by the
address of this server; the browser's page, at app.plex.tv, is never opened by a test.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import quoteattr

TOKEN = "made-up-account-token"
# Seconds that a PIN with a long code lasts.
PIN_LASTS = 1800.0


@dataclass
class Pin:
    """A sign-in that an app has begun, under its client identifier; `token` when the person signed in."""

    id: int
    code: str
    client: str
    begun: float
    token: str = ""


@dataclass
class Resource:
    """A device of the account: a Plex Media Server and its addresses, or something else."""

    name: str
    machine_identifier: str
    # Address, whether it is local, and whether it leads through Plex's relay.
    connections: tuple[tuple[str, bool, bool], ...] = ()
    version: str = "1.43.1.10611"
    is_owned: bool = True
    provides: str = "server"


@dataclass
class Asked:
    """A request that came; `client` is the identifier of the app."""

    method: str
    path: str
    client: str
    product: str
    has_token: bool


@dataclass
class AccountServer:
    """The account service, to be used as a context manager. `account` is the name of the person.

    With `status` every request is answered by it, with `body` by that text; `hang` lets each wait until the
    end. `clock` replaces the clock by which PINs expire.
    """

    account: str = "Ada"
    token: str = TOKEN
    resources: list[Resource] = field(default_factory=list)
    status: int | None = None
    body: bytes | None = None
    hang: bool = False
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self.pins: dict[int, Pin] = {}
        self.asked: list[Asked] = []
        self.is_revoked = False
        self._closing = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> AccountServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def add_server(self, name: str, machine_identifier: str, *addresses: str, is_owned: bool = True) -> None:
        """A Plex Media Server of the account, at these addresses of the own network."""
        connections = tuple((address, True, False) for address in addresses)
        self.resources.append(Resource(name, machine_identifier, connections, is_owned=is_owned))

    def sign_in(self, code: str | None = None) -> None:
        """What the person does on the page: sign in for the PIN with this code, by default the latest."""
        pins = [pin for pin in self.pins.values() if code is None or pin.code == code]
        pins[-1].token = self.token

    def answer(self, method: str, target: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body for a request."""
        if self.hang:
            self._closing.wait(60)
        parts, client = urlsplit(target), headers.get("X-Plex-Client-Identifier", "")
        token, product = headers.get("X-Plex-Token", ""), headers.get("X-Plex-Product", "")
        self.asked.append(Asked(method, parts.path, client, product, bool(token)))
        if self.status is not None or self.body is not None:
            return self.status or 200, self.body or b""
        if method == "POST" and parts.path == "/api/v2/pins":
            return self._new_pin(client, parse_qs(parts.query).get("strong", [""])[0])
        if parts.path.startswith("/api/v2/pins/"):
            return self._look(parts.path.rpartition("/")[2], client)
        if token != self.token or self.is_revoked:
            return 401, b'<errors><error code="1001" message="User could not be authenticated"/></errors>'
        if parts.path == "/api/v2/user":
            return 200, f"<user id='1' username={quoteattr(self.account)} title=''/>".encode()
        if parts.path == "/api/v2/resources":
            return 200, self._resources().encode()
        return 404, b""

    def _new_pin(self, client: str, strong: str) -> tuple[int, bytes]:
        if not client:
            return 400, b'<errors><error code="1000" message="X-Plex-Client-Identifier is missing"/></errors>'
        number = 1000 + len(self.pins)
        code = f"made-up-code-{number}-long" if strong.lower() in ("1", "true") else f"A{number % 1000:03}"
        self.pins[number] = Pin(number, code, client, self.clock())
        return 201, _pin_text(self.pins[number])

    def _look(self, number: str, client: str) -> tuple[int, bytes]:
        """Who asks under another client identifier, or too late, finds no such PIN."""
        pin = self.pins.get(int(number)) if number.isdigit() else None
        if pin is None or pin.client != client or self.clock() - pin.begun > PIN_LASTS:
            return 404, b'<errors><error code="1020" message="Code not found or expired"/></errors>'
        return 200, _pin_text(pin)

    def _resources(self) -> str:
        return f"<resources>{''.join(map(_resource_text, self.resources))}</resources>"


def _pin_text(pin: Pin) -> bytes:
    token = f" authToken={quoteattr(pin.token)}" if pin.token else ' authToken=""'
    return (
        f"<pin id='{pin.id}' code={quoteattr(pin.code)} product='' trusted='0' expiresIn='1800'{token}/>"
    ).encode()


def _resource_text(resource: Resource) -> str:
    connections = "".join(_connection_text(*one) for one in resource.connections)
    return (
        f"<resource name={quoteattr(resource.name)} product='Plex Media Server' "
        f"productVersion={quoteattr(resource.version)} provides={quoteattr(resource.provides)} "
        f"clientIdentifier={quoteattr(resource.machine_identifier)} owned='{int(resource.is_owned)}' "
        f"accessToken='made-up-server-token'><connections>{connections}</connections></resource>"
    )


def _connection_text(address: str, is_local: bool, is_relay: bool) -> str:
    parts = urlsplit(address)
    return (
        f"<connection protocol='{parts.scheme}' address={quoteattr(parts.hostname or '')} "
        f"port='{parts.port or ''}' uri={quoteattr(address)} local='{int(is_local)}' "
        f"relay='{int(is_relay)}' IPv6='{int(':' in (parts.hostname or ''))}'/>"
    )


def _handler_of(server: AccountServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body = server.answer(self.command, self.path, dict(self.headers.items()))
            self.send_response(status)
            self.send_header("Content-Type", "application/xml; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    return Handler
