"""A Plex Media Server for tests: real HTTP on this machine, over a library that lives in memory.

    library = PlexLibrary()
    section = library.add_section("Films")
    library.add_item(section.key, (("/media/one.mkv", 1000),), genres=("Drama",))
    with PlexTestServer(library) as server:
        ...  # server.url, server.token

It never listens to anyone but this machine. What it is asked is recorded; how it fails is up to the test.
"""

from __future__ import annotations

import gzip
import logging
import socket
import threading
import time
import traceback
from types import TracebackType
from typing import Any

from tests.servers import odd_answers
from tests.servers.odd_answers import OddAnswers
from tests.servers.plex.behaviour import Fault, Faults, PlexBehaviour
from tests.servers.plex.library import PlexLibrary
from tests.servers.plex.messages import (
    RecordedRequest,
    RecordedUpload,
    RecordedWrite,
    Request,
    Response,
    error,
)
from tests.servers.plex.routes import PlexRoutes
from tests.servers.plex.watching import GUEST
from tests.servers.quick_requests import QuickRequests
from tests.servers.threads import UnmeasuredHTTPServer

_KEEP_ALIVE_SECONDS = 20
_LONGEST_REQUEST_LINE = 16 * 1024 * 1024
_SMALLEST_COMPRESSED = 1024
_WITHOUT_TOKEN = {"/identity"}
_FOR_THE_OWNER = {"/accounts"}
_PIECES_OF_A_DRIP = 20

logger = logging.getLogger(__name__)


class PlexTestServer:
    """Serves a `PlexLibrary`; a context manager."""

    def __init__(
        self,
        library: PlexLibrary,
        token: str = "test-token",
        port: int = 0,
        latency: float = 0.0,
        behaviour: PlexBehaviour | None = None,
    ) -> None:
        self.token = token
        # A token of somebody with whom the owner shares the libraries; None where there is nobody.
        self.guest_token: str | None = None
        # Seconds that each request waits before it is carried out.
        self.latency = latency
        self.behaviour = behaviour or PlexBehaviour()
        self.faults = Faults()
        self.odd_answers = OddAnswers()
        self.requests: list[RecordedRequest] = []
        self.client_identifiers: set[str] = set()
        # Tracebacks of errors of the test server itself; a test that fails oddly should look here.
        self.failures: list[str] = []
        self.routes = PlexRoutes(library, self.behaviour)
        self.closing = threading.Event()
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._http = _HttpServer(("127.0.0.1", port), _Handler, bind_and_activate=True)
        self._http.plex = self
        self.port: int = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> PlexTestServer:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> PlexTestServer:
        """Begin to answer."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop: nothing listens any more, and open connections are cut."""
        if self.closing.is_set():
            return
        self.closing.set()
        self.faults.clear()
        self.odd_answers.clear()
        if self._thread.is_alive():
            self._http.shutdown()
        self._http.server_close()
        with self._lock:
            for connection in self._connections:
                _shut(connection)

    @property
    def library(self) -> PlexLibrary:
        """The library that is served at the moment."""
        return self.routes.library

    @property
    def writes(self) -> list[RecordedWrite]:
        """The edits that were applied, in order."""
        return self.routes.writes

    @property
    def whole_library_edits(self) -> list[RecordedWrite]:
        """The edits that named no item and so changed every item of a section."""
        return [write for write in self.writes if write.whole_library]

    @property
    def is_in_use(self) -> bool:
        """Whether anybody is connected: then a request may still be on its way."""
        with self._lock:
            return bool(self._connections)

    @property
    def uploads(self) -> list[RecordedUpload]:
        """The images that were uploaded, in order, those that Plex knew already among them."""
        return self.routes.images.uploads

    def clear_requests(self) -> None:
        """Forget what was asked, written and uploaded."""
        with self._lock:
            self.requests.clear()
            self.writes.clear()
            self.uploads.clear()

    def replaced_by(self, library: PlexLibrary) -> None:
        """Let another server answer at the same address."""
        self.routes.replace_library(library)

    # For the connections

    def opened(self, connection: socket.socket) -> None:
        """Note a connection, so that it can be cut."""
        with self._lock:
            self._connections.add(connection)
            if self.closing.is_set():
                _shut(connection)

    def closed(self, connection: socket.socket) -> None:
        """Forget a connection."""
        with self._lock:
            self._connections.discard(connection)

    def record(self, request: Request, status: int) -> None:
        """Remember a request; called before its answer is sent, so that the client finds it recorded."""
        identifier = request.plex_value("X-Plex-Client-Identifier")
        recorded = RecordedRequest(
            when=time.time(),
            method=request.method,
            path=request.path,
            query=request.query,
            has_token=request.plex_value("X-Plex-Token") is not None,
            token_in_query="X-Plex-Token" in request.query,
            start=request.plex_number("X-Plex-Container-Start"),
            size=request.plex_number("X-Plex-Container-Size"),
            status=status,
        )
        with self._lock:
            self.requests.append(recorded)
            if identifier:
                self.client_identifiers.add(identifier)

    def respond(self, request: Request, fault: Fault | None) -> Response:
        """The answer to a request, after it was carried out."""
        if fault is not None and fault.kind == "status":
            return Response(fault.code, fault.body, _kind_of(fault.body), dict(fault.headers))
        longest = self.behaviour.maximum_url
        if longest is not None and len(request.target) > longest:
            return error(414)
        token = request.plex_value("X-Plex-Token")
        if request.path not in _WITHOUT_TOKEN and token != self.token:
            if token is None or token != self.guest_token:
                return error(401, at_root=request.path == "/")
            its_own = request.method == "GET" or request.path.startswith("/:/")
            if not its_own or request.path in _FOR_THE_OWNER:
                return error(self.behaviour.refusal_of_guests)
            request.account = GUEST
        try:
            return self.routes.answer(request)
        except Exception:
            logger.exception("The Plex test server failed")
            self.failures.append(traceback.format_exc())
            return error(500)


class _HttpServer(UnmeasuredHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    plex: PlexTestServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that go away in the middle belong to the tests."""


class _Handler(QuickRequests):
    protocol_version = "HTTP/1.1"
    timeout = _KEEP_ALIVE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _HttpServer

    def setup(self) -> None:
        super().setup()
        self.server.plex.opened(self.connection)

    def finish(self) -> None:
        self.server.plex.closed(self.connection)
        super().finish()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Keep quiet; the requests are recorded."""

    def handle_one_request(self) -> None:
        """Read one request and answer it, or fail as the test wants it."""
        try:
            self.raw_requestline = self.rfile.readline(_LONGEST_REQUEST_LINE)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self._answer(Request(self.command, self.path, self.headers, body))
        except (OSError, ValueError):
            self.close_connection = True

    def _answer(self, request: Request) -> None:
        plex = self.server.plex
        fault = plex.faults.strike(request.method, request.target)
        if fault is not None:
            fault.arrived.set()
        if plex.latency:
            plex.closing.wait(plex.latency)
        if fault is not None and fault.kind == "hang":
            fault.released.wait()
        if plex.closing.is_set() or (fault is not None and fault.kind == "refuse"):
            plex.record(request, 0)
            self._cut()
            return
        if self._answer_oddly(request):
            return
        request.halved = fault is not None and fault.kind == "half_page"
        response = plex.respond(request, fault)
        plex.odd_answers.learn(_name_of(request), _as_sent(response))
        if fault is not None and fault.kind == "apply_then_drop":
            plex.record(request, 0)
            self._cut()
            return
        plex.record(request, response.status)
        self._send(request, response, fault)

    def _answer_oddly(self, request: Request) -> bool:
        """Answer otherwise than the truth, where the test wants it so; whether it does."""
        plex = self.server.plex
        rule = plex.odd_answers.take(_name_of(request))
        if rule is None:
            return False
        is_carried_out = request.method == "GET" or rule.kind in odd_answers.CARRIED_OUT
        true = _as_sent(plex.respond(request, None) if is_carried_out else Response())
        echo = f"You asked {request.target} with X-Plex-Token: {request.plex_value('X-Plex-Token')}"
        sent = odd_answers.instead(rule.kind, true, rule.used, echo) or true
        plex.record(request, sent.status)
        if sent.manner == odd_answers.HANGING:
            plex.odd_answers.released.wait(120)
            self._cut()
        elif not odd_answers.send(sent, self._write_now, plex.odd_answers):
            self._cut()
        return True

    def _write_now(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()

    def _send(self, request: Request, response: Response, fault: Fault | None) -> None:
        kind = fault.kind if fault is not None else ""
        body = response.body
        if kind == "invalid_xml":
            body = body[: len(body) // 2]
        if self.server.plex.behaviour.gzip and _takes_gzip(request) and _is_worth_packing(response):
            body = _compressed(body, response.headers)
        head = self._head(response, len(body))
        if kind == "drop":
            self.wfile.write(head + body[: len(body) // 2] if body else head[: len(head) // 2])
            self._cut()
        elif kind == "drip" and fault is not None:
            self._drip(head + body, fault.seconds)
        else:
            self.wfile.write(head + body)
            self.wfile.flush()

    def _head(self, response: Response, length: int) -> bytes:
        keep = not self.close_connection
        lines = [
            f"HTTP/1.1 {response.status} {self.responses.get(response.status, ('Error',))[0]}",
            "X-Plex-Protocol: 1.0",
            "Cache-Control: no-cache",
            f"Content-Type: {response.content_type}",
            f"Content-Length: {length}",
            f"Connection: {'Keep-Alive' if keep else 'close'}",
            *([f"Keep-Alive: timeout={_KEEP_ALIVE_SECONDS}"] if keep else []),
            f"Date: {self.date_time_string()}",
            *(f"{name}: {value}" for name, value in response.headers.items()),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _drip(self, data: bytes, seconds: float) -> None:
        step = max(1, -(-len(data) // _PIECES_OF_A_DRIP))
        for start in range(0, len(data), step):
            self.wfile.write(data[start : start + step])
            self.wfile.flush()
            self.server.plex.closing.wait(seconds / _PIECES_OF_A_DRIP)

    def _cut(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        _shut(self.connection)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _name_of(request: Request) -> str:
    return odd_answers.name_of(request.method, request.path, request.query)


def _as_sent(response: Response) -> odd_answers.Sent:
    headers = tuple(response.headers.items())
    return odd_answers.Sent(response.status, response.body, response.content_type, headers)


def _takes_gzip(request: Request) -> bool:
    return "gzip" in (request.headers.get("Accept-Encoding") or "")


def _is_worth_packing(response: Response) -> bool:
    return len(response.body) >= _SMALLEST_COMPRESSED and not response.content_type.startswith("image/")


def _compressed(body: bytes, headers: dict[str, str]) -> bytes:
    packed = gzip.compress(body, compresslevel=1, mtime=0)
    headers["Content-Encoding"] = "gzip"
    headers["X-Plex-Content-Original-Length"] = str(len(body))
    headers["X-Plex-Content-Compressed-Length"] = str(len(packed))
    return packed


def _kind_of(body: bytes) -> str:
    return "text/xml;charset=utf-8" if body.startswith(b"<?xml") else "text/html"
