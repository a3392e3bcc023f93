"""The HTTP side of the Stash test server: sessions, GraphQL requests, images and faults."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.servers import odd_answers
from tests.servers.odd_answers import Rule
from tests.servers.quick_requests import QuickRequests
from tests.servers.stash.faults import Fault
from tests.servers.stash.pages import find_page
from tests.servers.stash.process_run import go_json
from tests.servers.stash.schema import Document, InvalidDocumentError
from tests.servers.stash.sessions import COOKIE_NAME, first_session_cookie
from tests.servers.stash.subscriptions import PROTOCOL, Subscriptions
from tests.servers.stash.websocket import WebSocket, accepting_key
from tests.servers.threads import UnmeasuredHTTPServer

if TYPE_CHECKING:
    from tests.servers.stash.server import StashServer

PLACEHOLDER = b'<svg xmlns="http://www.w3.org/2000/svg" width="16" height="9"><rect fill="#333"/></svg>'
LOGIN_PAGE = b"<!DOCTYPE html><title>Login</title>"
JSON_TYPE = "application/json; charset=utf-8"
IMAGES = ("/scene/", "/performer/", "/studio/", "/group/")
SCENE_PATH = re.compile(r"/scene/(\d+)/screenshot")
ENTITY_PATH = re.compile(r"/(performer|studio|group)/(\d+)/(?:image|frontimage)")


@dataclass(frozen=True)
class Request:
    """A request that the server got; `operation` names the root fields of its query."""

    when: float
    method: str
    path: str
    operation: str
    authorized: bool
    session: str | None = None
    variables: dict[str, Any] | None = None
    query: str = ""


@dataclass
class Answer:
    """What goes back to the client."""

    status: int
    content_type: str | None = None
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class StashHTTPServer(UnmeasuredHTTPServer):
    """Connections in threads; a client that goes away is nothing to write home about."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, stash: StashServer, port: int) -> None:
        self.stash = stash
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), StashRequestHandler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Errors of the server itself are kept in `StashServer.crashes` by the handler."""


class StashRequestHandler(QuickRequests):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: StashHTTPServer
    _headers_buffer: list[bytes]

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: tests read `StashServer.requests`."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(self.server.stash.now().timestamp())

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        try:
            self._serve_request()
        except ConnectionError:
            self.close_connection = True
        except Exception as error:  # noqa: BLE001 - whatever it is, the test must see it
            self.server.stash.crashes.append(error)
            self._send(Answer(500, "text/plain", repr(error).encode()))

    def _serve_request(self) -> None:
        stash = self.server.stash
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request, document = self._read_graphql(body) if url.path == "/graphql" else ({}, None)
        fields = document.root_fields if isinstance(document, Document) else ()
        session = first_session_cookie(self.headers.get("Cookie"))
        authorized = self._is_authorized(session, url.query)
        variables, query = request.get("variables"), request.get("query") or ""
        stash.requests.append(
            Request(
                time.time(), self.command, url.path, ",".join(fields), authorized, session, variables, query
            )
        )
        if stash.latency:
            time.sleep(stash.latency)
        if authorized and url.path == "/graphql" and self.headers.get("Sec-WebSocket-Key"):
            self._subscribe()
            return
        fault = stash.faults.take(url.path, fields, variables)
        answer = self._faulty_answer(fault) if fault else None
        is_authorized = authorized and not (fault and fault.kind == "unauthorized")

        def true_answer() -> Answer:
            return self._true_answer(url.path, is_authorized, session, request, document)

        name = _name_of(self.command, url.path, query)
        if answer is None and (rule := stash.odd_answers.take(name)):
            self._answer_oddly(rule, true_answer, session)
            return
        if answer is None:
            answer = true_answer()
            if fault and fault.kind == "change" and url.path == "/graphql":
                answer.body = go_json(fault.change(json.loads(answer.body)))
            stash.odd_answers.learn(name, _as_sent(answer))
        if fault and fault.kind == "refuse":
            self._reset()
        else:
            self._send(answer, fault)

    def _subscribe(self) -> None:
        """Speak over a websocket until the page leaves."""
        self.close_connection = True
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accepting_key(self.headers["Sec-WebSocket-Key"]))
        self.send_header("Sec-WebSocket-Protocol", PROTOCOL)
        self.end_headers()
        self.wfile.flush()
        plugins = self.server.stash.plugins
        feeds = {"jobsSubscribe": plugins.job_feed, "loggingSubscribe": plugins.log}
        socket = WebSocket(self.rfile, self.wfile, self.server.stash.sent_to_browsers)
        Subscriptions(socket, feeds).serve()

    def _true_answer(
        self,
        path: str,
        is_authorized: bool,
        session: str | None,
        request: dict[str, Any],
        document: Document | InvalidDocumentError | None,
    ) -> Answer:
        if path == "/login":
            answer = Answer(200, "text/html; charset=utf-8", LOGIN_PAGE)
        elif not is_authorized:
            answer = _unauthorized(path)
        elif path == "/graphql":
            answer = self._graphql(request, document)
        elif path.startswith(IMAGES):
            answer = self._image(path)
        else:
            stash = self.server.stash
            found = find_page(path, self.command, stash.plugins.loaded, stash.page)
            answer = Answer(found.status, found.content_type, found.body, found.headers)
            if self.headers.get("If-None-Match") in dict(found.headers).values():
                answer = Answer(304, headers=found.headers)
        if answer.status not in (302, 401):
            answer.headers += self._renewed_session(session)
        return answer

    def _answer_oddly(self, rule: Rule, true_answer: Callable[[], Answer], session: str | None) -> None:
        """Answer otherwise than the truth."""
        answers = self.server.stash.odd_answers
        is_carried_out = "mutation" not in rule.name or rule.kind in odd_answers.CARRIED_OUT
        true = _as_sent(true_answer() if is_carried_out else Answer(200, JSON_TYPE))
        echo = f"Cookie: session={session}"
        sent = odd_answers.instead(rule.kind, true, rule.used, echo) or true
        if sent.manner == odd_answers.HANGING:
            answers.released.wait(120)
            self.close_connection = True
        elif not odd_answers.send(sent, self._write_now, answers):
            self.close_connection = True

    def _write_now(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()

    # -- who asks ----------------------------------------------------------------------------------

    def _is_authorized(self, session: str | None, query: str) -> bool:
        stash = self.server.stash
        if not stash.credentials:
            return True
        key = self.headers.get("ApiKey") or next(iter(parse_qs(query).get("apikey", ())), None)
        if key:
            return bool(stash.api_key) and key == stash.api_key
        return stash.sessions.is_valid(session)

    def _renewed_session(self, session: str | None) -> tuple[tuple[str, str], ...]:
        """Every answer to a valid session brings a fresh cookie."""
        sessions = self.server.stash.sessions
        if not sessions.is_valid(session):
            return ()
        value = f"{COOKIE_NAME}={sessions.mint()}; Path=/; Max-Age={int(sessions.max_age)}; HttpOnly"
        return (("Set-Cookie", value),)

    # -- what is asked -------------------------------------------------------------------------------

    def _read_graphql(self, body: bytes) -> tuple[dict[str, Any], Document | InvalidDocumentError | None]:
        try:
            request = json.loads(body)
            query = request["query"]
        except (ValueError, KeyError, TypeError):
            return {}, None
        try:
            return request, self.server.stash.documents.get(query)
        except InvalidDocumentError as error:
            return request, error

    def _graphql(self, request: dict[str, Any], document: Document | InvalidDocumentError | None) -> Answer:
        if document is None:
            return Answer(
                400, JSON_TYPE, b'{"errors":[{"message":"json request body could not be decoded"}]}'
            )
        try:
            if isinstance(document, InvalidDocumentError):
                raise document
            content = self.server.stash.answer(document, request.get("variables"), self._base_url())
        except InvalidDocumentError as error:
            return Answer(422, JSON_TYPE, go_json(error.answer))
        return Answer(200, JSON_TYPE, go_json(content))

    def _base_url(self) -> str:
        return self.server.stash.external_host or f"http://{self.headers.get('Host', '127.0.0.1')}"

    def _image(self, path: str) -> Answer:
        library = self.server.stash.library
        content, content_type = None, "image/jpeg"
        if match := SCENE_PATH.fullmatch(path):
            scene = library.scenes.get(int(match.group(1)))
            found = scene is not None
            if scene is not None:
                content, content_type = scene.cover, scene.cover_type
        elif match := ENTITY_PATH.fullmatch(path):
            entity = library.entities(match.group(1)).get(int(match.group(2)))
            found = entity is not None
            content = entity.image if entity else None
            content_type = "image/svg+xml" if (content or b"").startswith(b"<svg") else content_type
        else:
            found = False
        if not found:
            return Answer(404, "text/plain; charset=utf-8", b"404 page not found\n")
        if content is None:
            content, content_type = PLACEHOLDER, "image/svg+xml"
        tag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
        headers = (("ETag", tag), ("Cache-Control", "no-cache"))
        if self.headers.get("If-None-Match") == tag:
            return Answer(304, headers=headers)
        return Answer(200, content_type, content, headers)

    # -- how it is answered --------------------------------------------------------------------------

    def _faulty_answer(self, fault: Fault) -> Answer | None:
        """The answer a fault gives instead of the real one, or None where it spoils the real one."""
        if fault.kind == "refuse":
            return Answer(0)
        if fault.kind == "hang":
            self.server.stash.faults.wait_for_release()
        if fault.kind == "status":
            return Answer(fault.code, fault.content_type, fault.body, tuple(fault.headers.items()))
        if fault.kind == "bomb":
            packed = gzip.compress(b" " * fault.size)
            return Answer(200, JSON_TYPE, packed, (("Content-Encoding", "gzip"),))
        if fault.kind == "invalid_json":
            return Answer(200, JSON_TYPE, b'{"data":{"findScenes":{"scenes":[{"id":"1","ti')
        if fault.kind == "graphql_error":
            content = {"errors": [{"message": fault.message, "path": []}], "data": None}
            return Answer(200, JSON_TYPE, go_json(content))
        return None

    def _reset(self) -> None:
        """Close with a reset instead of a proper end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _send(self, answer: Answer, fault: Fault | None = None) -> None:
        kind = fault.kind if fault else ""
        if self.headers.get("Sec-Fetch-Site") and not self.path.startswith("/page/"):
            self.server.stash.sent_to_browsers.append(answer.body)
        self.send_response(answer.status)
        if answer.content_type:
            self.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.status not in (204, 304) and kind != "endless":
            self.send_header("Content-Length", str(len(answer.body)))
        self._end_head(fault)
        body = b"" if self.command == "HEAD" else answer.body
        if kind == "drop":
            self.close_connection = True
            body = body[: len(body) // 2]
        if fault and kind == "drip":
            self._drip(body, -(-len(body) // fault.pieces), fault.pause)
        elif kind == "endless":
            self._send_without_end()
        else:
            self.wfile.write(body)
        self.wfile.flush()

    def _end_head(self, fault: Fault | None) -> None:
        """Send the head that was collected, however slowly."""
        if fault is None or fault.kind != "slow_headers":
            self.end_headers()
            return
        head = b"".join(self._headers_buffer)
        self._headers_buffer = []
        self._drip(head + b"\r\n", 1, fault.pause)

    def _drip(self, data: bytes, size: int, pause: float) -> None:
        for start in range(0, len(data), max(1, size)):
            self.wfile.write(data[start : start + max(1, size)])
            self.wfile.flush()
            self.server.stash.faults.pause(pause)

    def _send_without_end(self) -> None:
        self.close_connection = True
        while not self.server.stash.faults.is_released:
            self.wfile.write(b" " * 65_536)


def _name_of(method: str, path: str, query: str) -> str:
    return odd_answers.name_of_document(query) if path == "/graphql" else odd_answers.name_of(method, path)


def _as_sent(answer: Answer) -> odd_answers.Sent:
    return odd_answers.Sent(answer.status, answer.body, answer.content_type or "", answer.headers)


def _unauthorized(path: str) -> Answer:
    """GraphQL says 401 with nothing else; a page sends to the login."""
    if path == "/graphql":
        return Answer(401)
    return Answer(302, "text/html; charset=utf-8", headers=(("Location", f"/login?returnURL={path}"),))
