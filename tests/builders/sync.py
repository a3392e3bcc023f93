"""Short words for tests of a sync: pictures, a clock that moves, and what both servers were asked."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from hashlib import sha1
from itertools import count
from typing import Any

import pytest
import requests

from tests.builders.bench import Bench
from tests.servers.world import World

IMAGES_IN_PLEX = re.compile(r"/library/metadata/\d+/(posters?|arts?)")
IMAGES_IN_STASH = re.compile(r"/scene/\d+/screenshot")


def a_picture(name: str) -> bytes:
    """Bytes that begin as a PNG and are no other picture's."""
    return b"\x89PNG\r\n\x1a\n" + name.encode()


def sha1_of(content: bytes) -> str:
    """The name that Plex gives an image."""
    return sha1(content, usedforsecurity=False).hexdigest()


class AClock:
    """Stands in for the module time where a module asks it only for the time of day."""

    def __init__(self, now: float) -> None:
        self.now = now

    def time(self) -> float:
        return self.now


def let_time_pass(world: World) -> None:
    """Every change in Stash comes a second after the one before, all of them days ago."""
    start, seconds = datetime.now(timezone.utc) - timedelta(days=3), count()
    world.stash.library.now = lambda: start + timedelta(seconds=next(seconds))


def sync(bench: Bench, **settings: Any) -> None:
    """Reconcile and drain, as a person who presses both buttons; the requests are those of these two."""
    bench.world.clear_requests()
    assert bench.reconcile(**settings).errors == []
    assert bench.drain(**settings).stopped == ""


def changing_requests(bench: Bench) -> list[str]:
    """What was sent to Plex that could change something there, images included."""
    sent = list(bench.world.plex.requests)
    return [f"{one.method} {one.path}" for one in sent if one.method not in ("GET", "HEAD")]


def image_fetches(bench: Bench) -> int:
    """How often Stash was asked for a cover, whatever it answered."""
    return sum(bool(IMAGES_IN_STASH.fullmatch(one.path)) for one in list(bench.world.stash.requests))


def image_requests(bench: Bench) -> list[str]:
    """The methods of all requests to Plex about images, in order."""
    return [one.method for one in list(bench.world.plex.requests) if IMAGES_IN_PLEX.fullmatch(one.path)]


def logged(caplog: pytest.LogCaptureFixture, level: str) -> list[str]:
    """The lines that were logged at one level; some are written together."""
    told = (record.getMessage() for record in caplog.records if record.levelname == level)
    return [line for text in told for line in text.split("\n")]


def graphql(world: World, query: str) -> None:
    """Do something in Stash as its page does, hooks included."""
    answer = requests.post(f"{world.stash.url}/graphql", json={"query": query}, timeout=60).json()
    assert "errors" not in answer, answer


def retried_until_it_fails(bench: Bench, most: int = 20) -> int:
    """Drain whenever something is due, until nothing waits; how many drains that took."""
    for drains in range(1, most + 1):
        bench.drain()
        waiting = bench.waiting()
        if not waiting:
            return drains
        bench.later += max(job.due_at for job in waiting) - bench.clock() + 1
    raise AssertionError(f"after {most} drains {len(waiting)} jobs still wait")


def films(bench: Bench, count: int) -> list[int]:
    """Films that were saved; each is in Plex without metadata."""
    ids = [bench.world.add_film(f"film {n}", details=f"Text {n}", plex={}) for n in range(count)]
    bench.save(*ids)
    return ids
