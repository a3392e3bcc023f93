"""A Plex test server with an empty library of films, and a connection to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plex.client import Plex
from plex.library import LibrarySection
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
        assert server.whole_library_edits == []


@pytest.fixture
def plex(server: PlexTestServer) -> Plex:
    plex = Plex(server.url, server.token, "the identifier of these tests")
    server.clear_requests()
    return plex


@pytest.fixture
def films() -> LibrarySection:
    return LibrarySection(1, "Films", ("/media",))
