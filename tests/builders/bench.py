"""Short words for tests of queue, drain and reconcile: values with defaults, and a bench to act on."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from plex.client import connect
from plex.fields import FIELDS, Kind, PlexFields
from reconciliation.detector import SceneFacts
from reconciliation.engine import GapDetectionEngine
from reconciliation.result import GapDetectionResult
from stash.chosen_scenes import as_set
from stash.client import Stash
from sync_queue.claims import DrainSummary
from sync_queue.job import Job
from sync_queue.manager import JobQueue, QueueManager
from sync_queue.state import SyncState
from sync_queue.worker import SyncWorker
from tests.servers.made_up_collection import GapPlan, MadeUpVideo
from tests.servers.world import World, a_world
from validation.config import read_settings
from validation.plugin_input import parse_connection

LEVELS = {"t": "trace", "d": "debug", "i": "info", "w": "warning", "e": "error", "p": "progress"}
_PREFIXED = re.compile("\x01(.)\x02(.*)")


@dataclass(frozen=True)
class Line:
    """A line of the log as Stash reads it from standard error."""

    level: str
    text: str


def log_lines(stderr: str) -> list[Line]:
    """The log that was written to standard error; every line has to carry Stash's prefix."""
    lines = []
    for written in stderr.split("\n"):
        if written:
            prefixed = _PREFIXED.fullmatch(written)
            assert prefixed, f"a line without Stash's prefix: {written!r}"
            lines.append(Line(LEVELS[prefixed.group(1)], prefixed.group(2)))
    return lines


def texts(lines: Sequence[Line], *levels: str) -> list[str]:
    """The texts of these levels (of all but progress where none is named)."""
    return [line.text for line in lines if (line.level in levels if levels else line.level != "progress")]


def a_job(
    scene_id: int = 1, reason: str = "stale sync", queued_at: float = 1_700_000_000.0, **record: Any
) -> Job:
    """A job with nothing tried yet."""
    return Job(scene_id, reason, queued_at, **record)


def read_log(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[Line]]:
    """A function that reads the log since it was last read."""
    return lambda: log_lines(capsys.readouterr().err)


def some_fields(**values: str | tuple[str, ...]) -> PlexFields:
    """Plex's fields, empty but for these."""
    return PlexFields({field.name: () if field.kind is Kind.TAGS else "" for field in FIELDS} | values)


def some_facts(scene_id: int = 1, **facts: Any) -> SceneFacts:
    """A scene with metadata that is in Plex as item 10 and up to date there, but for these facts."""
    usual: dict[str, Any] = {
        "is_worth_pushing": True,
        "fingerprint": b"now",
        "rating_keys": (10,),
        "pushed": {10: b"now"},
    }
    return SceneFacts(scene_id=scene_id, **{**usual, **facts})


class Bench:
    """A world with the plugin at work in the test's own process; each act opens its own connections."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.manager = QueueManager(world.data_dir)
        # Seconds by which the worker's clock is ahead.
        self.later = 0.0

    @property
    def queue(self) -> JobQueue:
        """The queue on disk."""
        return self.manager.get_queue()

    def save(self, *scene_ids: int) -> None:
        """What the hook does when scenes were saved."""
        for scene_id in scene_ids:
            self.manager.append(a_job(scene_id, "Scene.Update.Post", queued_at=time.time()))

    def reconcile(self, scope: str = "all", **settings: Any) -> GapDetectionResult:
        """Run the engine; the settings are the world's but for these."""
        engine = GapDetectionEngine(
            stash=self.stash(settings),
            config=self.config(settings),
            data_dir=self.world.data_dir,
            queue=self.queue,
        )
        return engine.run(scope)

    def drain(self, **settings: Any) -> DrainSummary:
        """Run the worker; the settings are the world's but for these."""
        config = self.config(settings)
        with self.state() as state:
            plex = connect(config, self.world.data_dir)
            worker = SyncWorker(self.queue, state, self.stash(settings), plex, config, clock=self.clock)
            return worker.drain()

    def clock(self) -> float:
        """The worker's clock."""
        return time.time() + self.later

    def stash(self, settings: Mapping[str, Any] | None = None) -> Stash:
        """A connection of its own, as every process has; it reads what the settings want."""
        stash = Stash(parse_connection(self.world.stash.server_connection()))
        return as_set(stash, self.config(settings or {}), mode="")

    @contextmanager
    def state(self) -> Iterator[SyncState]:
        """The state database, open for a moment."""
        state = SyncState(self.world.data_dir)
        try:
            yield state
        finally:
            state.close()

    def waiting(self) -> list[Job]:
        """The jobs that wait."""
        return [queued.job for queued in self.queue.pending_jobs()]

    def failed(self) -> list[Job]:
        """The jobs that failed for good."""
        return [queued.job for queued in self.queue.failed_jobs()]

    def puts(self) -> int:
        """How many writes Plex was sent."""
        return sum(request.method == "PUT" for request in list(self.world.plex.requests))

    def requests(self) -> int:
        """How many requests both servers were sent."""
        return len(self.world.plex.requests) + len(self.world.stash.requests)

    def config(self, settings: Mapping[str, Any]) -> Any:
        return read_settings({**self.world.settings, **settings}).config


@contextmanager
def a_bench(
    folder: Path, videos: Sequence[MadeUpVideo] = (), plan: GapPlan | None = None, **options: Any
) -> Iterator[Bench]:
    """A world (see there) and a bench in it; fails where a test server itself has failed."""
    with a_world(folder, videos, plan, **options) as world:
        bench = Bench(world)
        try:
            yield bench
        finally:
            bench.manager.close()
        assert not world.plex.failures
        assert not world.stash.crashes
