"""A Plex test server with an empty library of films, and plexapi's connection to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from plexapi.server import PlexServer

from tests.servers.plex.arrangement import a_library
from tests.servers.plex.library import PlexLibrary
from tests.servers.plex.server import PlexTestServer


@pytest.fixture
def library() -> PlexLibrary:
    return a_library()


@pytest.fixture
def server(library: PlexLibrary) -> Iterator[PlexTestServer]:
    with PlexTestServer(library) as server:
        yield server
        assert server.failures == []


@pytest.fixture
def plex(server: PlexTestServer) -> PlexServer:
    return PlexServer(server.url, server.token, timeout=5)
