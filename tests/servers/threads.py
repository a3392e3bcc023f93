"""Threads of the test servers: what runs in them is never measured."""

from __future__ import annotations

import sys
from http.server import ThreadingHTTPServer
from typing import Any


class UnmeasuredHTTPServer(ThreadingHTTPServer):
    """Handles each connection in a thread that coverage, or whoever else traces threads, does not follow.

    To be followed, a server takes twice as long for each answer, and it is not what a test is about.
    """

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Handle one connection."""
        sys.settrace(None)
        super().process_request_thread(request, client_address)
