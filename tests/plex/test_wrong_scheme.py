"""An address with http where https is spoken, or the other way round, is told as what it is."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from plex.client import Plex
from plex.exceptions import PlexUnavailable
from tests.servers.plex.server import PlexTestServer

TLS_ALERT = b"\x15\x03\x01\x00\x02\x02\x16"
NGINX = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n"
    b"<html><body><h1>400 Bad Request</h1>The plain HTTP request was sent to HTTPS port</body></html>"
)
GO = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"


@pytest.fixture
def answer_to_plain_http(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of something that speaks TLS alone and answers plain HTTP with these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65_536)
                    connection.sendall(request.param)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)


@pytest.mark.parametrize("answer_to_plain_http", [TLS_ALERT, NGINX, GO], indirect=True)
def test_http_where_https_is_spoken_is_told_with_what_to_write(answer_to_plain_http: str) -> None:
    with pytest.raises(PlexUnavailable, match="rite https://"):
        Plex(f"http://{answer_to_plain_http}", "token", "identifier")


def test_https_where_http_is_spoken_is_told_with_what_to_write(server: PlexTestServer) -> None:
    address = server.url.replace("http:", "https:")
    with pytest.raises(PlexUnavailable, match=r"does not speak https\. Write http://") as raised:
        Plex(address, "token", "identifier")
    assert address in str(raised.value)


def test_a_plex_that_is_not_there_is_told_with_the_address_that_was_asked(server: PlexTestServer) -> None:
    server.close()
    with pytest.raises(PlexUnavailable, match="cannot be reached") as raised:
        Plex(f"{server.url}", "token", "identifier")
    assert f"is {server.url} in setting “Plex URL” (plex_url)" in str(raised.value)
