"""The head of a request, read for a test server as quickly as Python can.

http.server reads it as an e-mail's, which takes longer than most answers: a benchmark would measure that.
"""

from __future__ import annotations

from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase
from typing import Any


class Headers(HTTPMessage):
    """Headers of a request, each once, under their names in whatever case."""

    def __init__(self, file: BufferedIOBase) -> None:
        """Read them, up to and with the empty line after them."""
        super().__init__()
        self._values: dict[str, str] = {}
        while (line := file.readline()).strip():
            name, _, value = line.decode("iso-8859-1").partition(":")
            self._values[name.lower()] = value.strip()

    def get(self, name: str, failobj: Any = None) -> Any:
        """A header, or `failobj` where there is none."""
        return self._values.get(name.lower(), failobj)

    def __getitem__(self, name: str) -> Any:
        """A header; None where there is none, as in a Message."""
        return self.get(name)

    def __contains__(self, name: object) -> bool:
        """Whether there is such a header."""
        return str(name).lower() in self._values


class QuickRequests(BaseHTTPRequestHandler):
    """Handles requests of HTTP/1.1, and leaves all others to http.server."""

    raw_requestline: bytes

    def parse_request(self) -> bool:
        """Read the head of a request; tells whether it can be answered."""
        self.requestline = self.raw_requestline.decode("iso-8859-1").rstrip("\r\n")
        words = self.requestline.split(" ")
        if len(words) != 3 or words[2] != "HTTP/1.1":
            return super().parse_request()
        self.command, self.path, self.request_version = words
        self.headers = Headers(self.rfile)
        self.close_connection = str(self.headers.get("Connection", "")).lower() == "close"
        return True
