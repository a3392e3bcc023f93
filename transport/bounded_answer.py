"""An HTTP answer with an end: bounded in time as a whole, and in size after it was unpacked.

The time-outs of requests begin anew with each byte, and what it unpacks has no bound. A server or a
proxy that sends a byte a second, or without end, would hold Stash's one job queue for hours.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from http.client import HTTPResponse
from io import BufferedReader, BytesIO, RawIOBase
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import DecodeError, HTTPError, ReadTimeoutError

from validation.amounts import number

# From the end of the request to the last byte of its answer, in seconds.
LONGEST_ANSWER = 90.0
# A page of 500 scenes or 1,000 items has a few million bytes.
LARGEST_ANSWER = 32 * 1024 * 1024
# Unpacked, gzip's best case of a chunk is about as large as the largest answer.
CHUNK = 32 * 1024
# What is asked for; others could unpack a few bytes into more than there is memory.
ENCODINGS = ("gzip", "deflate")


class AnswerTooLarge(requests.RequestException):
    """The body is larger than what was to be read."""


class AnswerUnusable(requests.RequestException):
    """The body is cut off, or packed in a way that was not asked for."""


def bound_in_time(session: requests.Session) -> None:
    """Let every answer of this session end `LONGEST_ANSWER` seconds after its request, headers included.

    What is slower raises requests.Timeout or requests.ConnectionError, as any other silence does.
    """
    session.headers["Accept-Encoding"] = ", ".join(ENCODINGS)
    for scheme in ("http://", "https://"):
        session.mount(scheme, BoundedAdapter())


def read_whole(response: requests.Response, largest: int = LARGEST_ANSWER) -> bytes:
    """Read the body of an answer that was asked for with `stream=True`; `response.content` has it then.

    Raises AnswerTooLarge for more than `largest` bytes, AnswerUnusable, requests.Timeout and
    requests.ConnectionError.
    """
    try:
        content = _unpacked(response, largest)
    except requests.RequestException:
        response.close()
        raise
    # requests reads the body from here; it is not asked for again.
    response.raw = _ReadAlready(content)
    return response.content


class _ReadAlready(BytesIO):
    """A body that was read and unpacked, as requests asks for it: in one piece."""

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self.getvalue()


def _unpacked(response: requests.Response, largest: int) -> bytes:
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity", *ENCODINGS):
        raise AnswerUnusable("the answer is packed in a way that was not asked for")
    content = bytearray()
    for chunk in _chunks(response):
        content += chunk
        if len(content) > largest:
            raise AnswerTooLarge(f"the answer is larger than {number(largest)} bytes")
    if _is_cut(response):
        raise AnswerUnusable("the answer is cut off")
    return bytes(content)


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """The unpacked body, with urllib3's errors in the words of requests."""
    try:
        yield from response.raw.stream(CHUNK, decode_content=True)
    except (TimeoutError, ReadTimeoutError) as error:
        raise requests.ReadTimeout(error) from error
    except DecodeError as error:
        raise AnswerUnusable("the answer cannot be unpacked") from error
    except (HTTPError, OSError) as error:
        raise requests.ConnectionError(error) from error


def _is_cut(response: requests.Response) -> bool:
    """Whether fewer bytes came than were announced; older versions of urllib3 do not look."""
    announced = response.headers.get("Content-Length", "")
    has_body = response.request.method != "HEAD" and response.status_code not in (204, 304)
    if "Transfer-Encoding" in response.headers or not has_body or not announced.isdigit():
        return False
    return int(response.raw.tell()) < int(announced)


class _UntilDeadline(RawIOBase):
    """What comes out of a socket, after what came out of it already, until a moment of `time.monotonic`."""

    def __init__(self, connection: socket.socket, begun: bytes, deadline: float) -> None:
        self._connection = connection
        self._begun = begun
        self._deadline = deadline
        self._silence = connection.gettimeout()
        # Keeps the socket open until the answer was read, as http.client relies on.
        self._incoming = connection.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._begun:
            count = min(len(buffer), len(self._begun))
            buffer[:count], self._begun = self._begun[:count], self._begun[count:]
            return count
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer did not end in time")
        self._connection.settimeout(left if self._silence is None else min(left, self._silence))
        return self._incoming.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._incoming.close()
        super().close()


class _BoundedSocket:
    """The one thing that http.client asks of a socket for an answer: a file to read it from."""

    def __init__(self, connection: socket.socket, begun: bytes) -> None:
        self._connection = connection
        self._begun = begun

    def makefile(self, mode: str) -> BufferedReader:
        assert mode == "rb"
        deadline = time.monotonic() + LONGEST_ANSWER
        return BufferedReader(_UntilDeadline(self._connection, self._begun, deadline))


class BoundedResponse(HTTPResponse):
    """An answer that ends in time; `begun` is what was read of it already."""

    def __init__(self, sock: Any, *arguments: Any, begun: bytes = b"", **options: Any) -> None:
        super().__init__(_BoundedSocket(sock, begun), *arguments, **options)  # type: ignore[arg-type]


class _BoundedConnection(HTTPConnection):
    response_class = BoundedResponse


class _BoundedSecureConnection(HTTPSConnection):
    response_class = BoundedResponse


class _BoundedPool(HTTPConnectionPool):
    ConnectionCls = _BoundedConnection

    def fresh_connection(self) -> HTTPConnection:
        return cast(HTTPConnection, self._new_conn())


class _BoundedSecurePool(HTTPSConnectionPool):
    ConnectionCls = _BoundedSecureConnection

    def fresh_connection(self) -> HTTPConnection:
        return cast(HTTPConnection, self._new_conn())


class BoundedAdapter(HTTPAdapter):
    """Sends over connections whose answers end in time."""

    _pool: _BoundedPool | _BoundedSecurePool | None = None

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """What requests calls to make its pools."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _BoundedPool, "https": _BoundedSecurePool}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """What requests calls before each request, with the pool of its connections."""
        super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]
        self._pool = conn

    def fresh_connection(self) -> HTTPConnection:
        """One more connection to where the last request went, as yet unopened, with its certificates."""
        assert self._pool is not None
        return self._pool.fresh_connection()
