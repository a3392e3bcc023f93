"""Short words for tests against a Plex test server: a film in the first section, a request with the token."""

from __future__ import annotations

from typing import Any

import requests

from tests.servers.plex.items import PlexItem
from tests.servers.plex.library import PlexLibrary
from tests.servers.plex.server import PlexTestServer

PNG = b"\x89PNG\r\n\x1a\n first picture"
OTHER_PNG = b"\x89PNG\r\n\x1a\n second picture"
SECTION = "/library/sections/1/all"


def a_library() -> PlexLibrary:
    """One with a section `Films` at /media, whose clock stands still."""
    library = PlexLibrary(clock=lambda: 1_700_000_000.0)
    library.add_section("Films", locations=("/media",))
    return library


def a_film(library: PlexLibrary, name: str = "one", **fields: Any) -> PlexItem:
    """Add the film /media/<name>.mkv."""
    return library.add_item(1, ((f"/media/{name}.mkv", 1000),), **fields)


def ask(server: PlexTestServer, target: str, method: str = "GET", **options: Any) -> requests.Response:
    """Ask a server as somebody who knows its token."""
    headers = {"X-Plex-Token": server.token, **options.pop("headers", {})}
    return requests.request(method, server.url + target, headers=headers, timeout=5, **options)


def tags(shown: list[Any]) -> list[str]:
    """The names of tags as plexapi shows them."""
    return [one.tag for one in shown]
