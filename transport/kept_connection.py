"""Writes over one connection that is kept: sent and read as they are, without what usually lies between.

A drain sends thousands of requests that differ in their addresses alone, and nearly all answers say
“done” and nothing else. Such an answer is recognized by its bytes. Any other is handed on, and read
like every answer of the session to which the connection belongs, whose certificates it was opened with.
"""

from __future__ import annotations

import re
from http.client import HTTPException, HTTPResponse
from typing import Any, cast
from urllib.parse import urlsplit

import requests
import urllib3
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError

from transport.bounded_answer import BoundedAdapter, BoundedResponse

# More than any plain answer has.
LARGEST_PLAIN = 16 * 1024
_DONE = re.compile(rb"HTTP/1\.1 20[01] [^\r\n]*")
# Whatever says that there is more to do than to take the bytes.
_NOT_PLAIN = (b"transfer-encoding", b"content-encoding", b"set-cookie", b"trailer", b"upgrade")


class KeptConnection:
    """One connection of a session's, for one thread; opened when it is needed, and again when it was closed.

    All requests are `form`, without a body, but for what follows its address. `connect_timeout` and
    `read_timeout` are seconds, as requests has them.
    """

    def __init__(
        self,
        adapter: BoundedAdapter,
        form: requests.PreparedRequest,
        connect_timeout: float,
        read_timeout: float,
    ) -> None:
        self._adapter = adapter
        self._form = form
        self._start = f"{form.method} {form.path_url.rstrip('/')}"
        headers = {"Host": urlsplit(str(form.url)).netloc.rpartition("@")[2], **form.headers}
        lines = "".join(f"{name}: {_text(value)}\r\n" for name, value in headers.items())
        self._end = f" HTTP/1.1\r\n{lines}\r\n".encode("latin-1")
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._connection: HTTPConnection | None = None

    def send(self, place: str) -> bytes | requests.Response | None:
        """Send the request to this place, path and quoted arguments, below the address.

        Returns the content of a plain success; any other answer, with its body unread; or None where
        nobody answered: it is to be sent by the session then. Raises requests.Timeout.
        """
        try:
            answer = self._answer((self._start + _quoted(place)).encode("ascii") + self._end)
        except ConnectTimeoutError as error:
            self.close()
            raise requests.ConnectTimeout(error) from error
        except TimeoutError as error:
            self.close()
            raise requests.ReadTimeout(error) from error
        except (HTTPException, HTTPError, OSError):
            # Among these is a server that closed an idle connection; whatever it is, the session says it.
            self.close()
            return None
        return self._response(place, answer) if isinstance(answer, HTTPResponse) else answer

    def request(self, place: str) -> requests.PreparedRequest:
        """The same request as the session sends it."""
        request = self._form.copy()
        request.url = str(self._form.url).rstrip("/") + place
        return request

    def close(self) -> None:
        """Close it, if it is open."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _answer(self, request: bytes) -> bytes | HTTPResponse:
        connection = self._open()
        connection.sock.settimeout(self._connect_timeout)
        connection.sock.sendall(request)
        connection.sock.settimeout(self._read_timeout)
        begun = connection.sock.recv(LARGEST_PLAIN)
        content = content_of_plain(begun)
        if content is not None:
            return content
        answer = BoundedResponse(connection.sock, method=self._form.method, begun=begun)
        answer.begin()
        return answer

    def _response(self, place: str, answer: HTTPResponse) -> requests.Response:
        """An answer that is not plain, as requests has it."""
        if answer.will_close:
            # It is closed when the answer was read.
            self._connection = None
        raw = urllib3.HTTPResponse(
            body=answer,
            # One name may come twice, which a mapping would not tell.
            headers=cast(Any, answer.headers.items()),
            status=answer.status,
            version=answer.version,
            reason=answer.reason,
            preload_content=False,
            decode_content=False,
            original_response=answer,
            request_method=self._form.method,
        )
        return self._adapter.build_response(self.request(place), raw)

    def _open(self) -> HTTPConnection:
        if self._connection is None:
            connection = self._adapter.fresh_connection()
            connection.timeout = self._connect_timeout
            connection.connect()
            self._connection = connection
        return self._connection


def _quoted(place: str) -> str:
    """What may not stand in an address as it is: plexapi quotes the values, and leaves the names."""
    return place.replace("[", "%5B").replace("]", "%5D")


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def content_of_plain(answer: bytes) -> bytes | None:
    """What an answer holds that came as a whole and says no more than “done”; None for any other."""
    head, end, content = answer.partition(b"\r\n\r\n")
    status, *headers = head.split(b"\r\n")
    if not end or not _DONE.fullmatch(status):
        return None
    announced = None
    for line in headers:
        name, _, value = line.partition(b":")
        name = name.lower()
        if name == b"content-length":
            if announced is not None:
                return None
            announced = value.strip()
        elif name in _NOT_PLAIN or (name == b"connection" and value.strip().lower() != b"keep-alive"):
            return None
    return content if announced == str(len(content)).encode() else None
