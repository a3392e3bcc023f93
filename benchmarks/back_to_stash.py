"""What it costs to look at what people did in Plex, beside the bare reading of the same pages."""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections.abc import Mapping
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from back_to_stash.look import look
from benchmarks.arena import TOKEN, Arena, an_arena, heading, show
from plex.client import Plex, client_identifier
from stash.client import Stash
from sync_queue.state import SyncState
from validation.config import read_settings
from validation.plugin_input import ServerConnection, parse_connection

WATCHED = 30
KINDS = "ratings, plays, resume"
# Seconds since 1970.
EVENING = 1_760_000_000


def main(sizes: list[int]) -> None:
    """Measure libraries of these sizes: the first look, and one at what a few people did since."""
    heading("Back to Stash", "items", "look", "wall s", "to Plex", "to Stash", "bare s", "wall / bare")
    for size in sizes:
        with an_arena(size) as arena:
            arena.run_task("reconcile_all")
            tell(arena, "the first, at all items")
            watch(arena)
            tell(arena, f"{WATCHED} watched and rated, read and decided", is_dry=True)
            tell(arena, f"{WATCHED} watched and rated, written too")
            tell(arena, "nothing new")


def watch(arena: Arena) -> None:
    """The owner watches and rates a few items, which lie all over a library."""
    arena.plex.behave(marking_leaves_history=True)
    plex = HTTPConnection("127.0.0.1", arena.plex.port)
    for number in range(WATCHED):
        key = 1 + number * (arena.scenes // WATCHED)
        known = {"key": key, "identifier": "com.plexapp.plugins.library"}
        ask(plex, "/:/scrobble", **known)
        ask(plex, "/:/rate", rating=7, **known)


def ask(plex: HTTPConnection, path: str, **arguments: object) -> None:
    """Do something as a player does."""
    method = "PUT" if path.endswith("rate") else "GET"
    plex.request(method, f"{path}?{urlencode(arguments)}", headers={"X-Plex-Token": TOKEN})
    answer = plex.getresponse()
    answer.read()
    assert answer.status == 200, (path, answer.status)


def tell(arena: Arena, name: str, is_dry: bool = False) -> None:
    """Take a look and print its row."""
    config = read_settings({**arena.settings, "back_to_stash": KINDS}).config
    arena.requests()
    state = SyncState(arena.data_dir)
    stash = Recording(parse_connection(arena.stash.server_connection()))
    plex = Plex(config.plex_url, TOKEN, client_identifier(arena.data_dir))
    arena.requests()
    # What is only read is read twice: the servers keep what they made of a question.
    wall = 0.0
    for number in range(1 + is_dry):
        arena.requests()
        stash.asked.clear()
        started = time.perf_counter()
        brought = look(stash, plex, state, config, is_dry=is_dry)
        seconds = time.perf_counter() - started
        wall = min(wall, seconds) if number else seconds
    state.close()
    in_stash = sum(arena.stash.request_counts().values())
    reads = [one for one in arena.plex.requests() if one["method"] == "GET"]
    asked = [one for one in stash.asked if not one["query"].startswith("mutation")]
    bare = min(read_bare(arena, reads, asked) for _ in range(3))
    words = f"{name}: {len(brought.changes)} changes"
    show(f"{arena.scenes:,}", words, f"{wall:.2f}", len(reads), in_stash, f"{bare:.2f}", f"{wall / bare:.2f}")


class Recording(Stash):
    """A connection to Stash that remembers what it was asked."""

    def __init__(self, connection: ServerConnection) -> None:
        super().__init__(connection)
        self.asked: list[dict[str, Any]] = []

    def ask(self, document: str, variables: dict[str, Any]) -> Mapping[str, Any]:
        self.asked.append({"query": document, "variables": variables})
        return super().ask(document, variables)


def read_bare(arena: Arena, reads: list[dict[str, Any]], asked: list[dict[str, Any]]) -> float:
    """Seconds that the same reading takes over bare connections, parsed by the C parsers and kept nowhere."""
    plex = HTTPConnection("127.0.0.1", arena.plex.port)
    started = time.perf_counter()
    for one in reads:
        headers = {"X-Plex-Token": TOKEN, "Accept-Encoding": "gzip"}
        if one["size"] is not None:
            headers["X-Plex-Container-Start"] = str(one["start"])
            headers["X-Plex-Container-Size"] = str(one["size"])
        plex.request("GET", f"{one['path']}?{urlencode(one['query'])}", headers=headers)
        answer = plex.getresponse()
        content = answer.read()
        if answer.getheader("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        ElementTree.fromstring(content)
    stash = HTTPConnection("127.0.0.1", arena.stash.port)
    for question in asked:
        stash.request("POST", "/graphql", json.dumps(question), {"Content-Type": "application/json"})
        json.loads(stash.getresponse().read())
    return time.perf_counter() - started


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [10_000, 100_000])
