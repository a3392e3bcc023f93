"""Whatever is killed at whatever moment: run it again, and Plex has what Stash has, and a person's edits."""

from __future__ import annotations

import io
import multiprocessing
import os
import random
import re
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.builders.bench import Bench
from tests.builders.entry import hook, until
from tests.servers.stash.process_run import plugin_input
from tests.servers.world import World, a_world

ROUNDS = int(os.environ.get("STASH2PLEX_KILL_ROUNDS", "20"))
SCENES = 30
# Of these scenes the cover changes in Stash; of the next ones a person chooses the poster in Plex.
COVERED, HER_POSTERS = range(1, SCENES + 1, 3), range(2, SCENES + 1, 3)
# Of these a person sets the title in Plex, where Plex's edits are to be preserved.
HER_TITLES = range(5, SCENES + 1, 5)
HER_GENRE = "Hers"
TAGS = ("Autumn", "Boat", "Candle", "Dune")
RECONCILE, DRAIN = {"mode": "reconcile_all"}, {"mode": "process_queue"}
# Plex's side of a worker's way: before its first item is read, before the write, before it is read back.
PLEX_EVENTS = (
    {"path": "/library/metadata"},
    {"path": "/library/sections/1/all", "method": "PUT"},
    {"path": "/library/sections/1/all", "method": "PUT", "after": 1},
    {"path": "/library/metadata", "after": 1},
    {"path": "/library/sections/1/all", "method": "GET"},
)
STASH_EVENTS = ("configuration", "findScene", "findScenes", "jobQueue", "runPluginTask")

# Processes are forked from one that has imported everything: what is killed is the work, not the imports.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__, "Stash2Plex", "sync_queue.worker", "http.client"])
# Seconds that an event may take to come; where it does not come, the kill does.
PATIENCE = 0.25


def plugin(stdin: bytes, data_dir: str, log: str) -> None:
    """The life of one process."""
    os.environ["STASH2PLEX_DATA_DIR"] = data_dir
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin))
    sys.stdout = io.StringIO()
    sys.stderr = open(log, "a", encoding="utf-8", buffering=1)  # noqa: SIM115 - closed by the end
    import Stash2Plex

    os._exit(Stash2Plex.main())


class Killing:
    """Edits, and the processes that are started and killed under them."""

    def __init__(self, world: World, names: Mapping[int, str], seed: int) -> None:
        self.world = world
        self.names = names
        self.preserve = bool(world.settings.get("preserve_plex_edits"))
        self.random = random.Random(seed)
        self.log = world.data_dir.parent / "log"
        self.edits = 0
        # What the owner has seen last, by scene.
        self.latest: dict[int, tuple[str, set[str]]] = {}
        self.covers: dict[int, bytes] = {}
        # What a person has made in Plex, by scene: field and value.
        self.hers: dict[int, dict[str, Any]] = {}
        self.processes: list[Any] = []
        self.kills = 0

    def edit(self) -> int:
        """Save a random scene in Stash; its title has the number of the edit."""
        self.edits += 1
        scenes = sorted(self.world.stash.library.scenes)
        # Some are edited again and again: a write of theirs that was cut short meets the next edit.
        scene_id = self.random.choice(scenes if self.random.random() < 0.5 else scenes[:3])
        names = self.random.sample(TAGS, self.random.randint(1, len(TAGS)))
        title = f"Edit {self.edits:06}"
        changes: dict[str, Any] = {"title": title, "tags": self.world.tag_ids(*names)}
        if scene_id in COVERED and self.random.random() < 0.5:
            changes["cover"] = self.covers[scene_id] = a_cover(title)
        self.world.stash.library.update_scene(scene_id, **changes)
        self.latest[scene_id] = (title, set(names))
        return scene_id

    def edit_in_plex(self) -> None:
        """A person changes something in Plex that Stash leaves alone, or that is to be preserved."""
        self.edits += 1
        scene_id = self.random.choice(sorted(self.names))
        library, item = self.world.plex.library, self.world.item(self.names[scene_id])
        hers = self.hers.setdefault(scene_id, {})
        kind = self.random.choice(("genre", "summary", "poster", "title"))
        if kind == "genre":
            library.edit_by_hand(item.rating_key, genres=[*item.genres, HER_GENRE])
            hers["genre"] = HER_GENRE
        elif kind == "summary":
            hers["summary"] = f"Her words {self.edits}"
            library.edit_by_hand(item.rating_key, summary=hers["summary"])
        elif kind == "poster" and scene_id in HER_POSTERS:
            hers["poster"] = a_cover(f"Her poster {self.edits}")
            library.upload_image(item.rating_key, "poster", hers["poster"])
        elif kind == "title" and self.preserve and scene_id in HER_TITLES:
            hers["title"] = f"Her title {self.edits}"
            library.edit_by_hand(item.rating_key, title=hers["title"])

    def wrong(self) -> list[str]:
        """What Plex does not show as it has to: Stash's latest values, and whatever a person made."""
        wrong = []
        for scene_id, name in self.names.items():
            item, hers = self.world.item(name), self.hers.get(scene_id, {})
            title, tags = self.latest.get(scene_id, (f"Film {scene_id}", set()))
            poster = self.world.plex.library.images.get(item.selected_poster or "")
            shown: dict[str, Any] = {"title": item.title, "summary": item.summary, "poster": poster}
            shown["genres"] = set(item.genres)
            wanted: dict[str, Any] = {
                "title": title,
                "summary": f"Words of {name}",
                "poster": self.covers[scene_id],
            }
            wanted |= {field: value for field, value in hers.items() if field != "genre"}
            wanted["genres"] = tags | ({HER_GENRE} if "genre" in hers else set())
            wrong += [
                f"scene {scene_id} shows {field} {shown[field]!r} instead of {value!r}"
                for field, value in wanted.items()
                if shown[field] != value
            ]
        return wrong

    def start(self, args: Mapping[str, Any]) -> Any:
        stdin = plugin_input(self.world.stash.server_connection(), args)
        process = FORKS.Process(target=plugin, args=(stdin, str(self.world.data_dir), str(self.log)))
        process.start()
        self.processes.append(process)
        return process

    def run(self, args: Mapping[str, Any]) -> int | None:
        """The status of a process that nobody kills."""
        process = self.start(args)
        process.join(60)
        status: int | None = process.exitcode
        return status

    def kill(self, process: Any) -> None:
        self.kills += process.exitcode is None
        process.kill()

    def play_round(self) -> None:
        """Edits, their hooks and a task at once; then at some moment a kill."""
        with self.moment() as wait:
            task = self.start(self.random.choices([DRAIN, RECONCILE], [4, 1])[0])
            hooks = [self.start(hook(self.edit())) for _ in range(self.random.randint(1, 2))]
            wait(task)
            for process in (task, *(one for one in hooks if self.random.random() < 0.3)):
                self.kill(process)
            is_quiet = self.random.random() < 0.5
            if is_quiet:
                # What the hooks asked for runs in Stash's own queue, and is cancelled there.
                self.world.stash.plugins.stop_all_jobs()
        for process in (task, *hooks):
            process.join(30)
            assert process.exitcode is not None, "a process did not end"
        # A hook that was killed before it could queue its scene is what the reconcile is for.
        if is_quiet:
            self.world.stash.wait_for_jobs(30)
            # A write that was sent before the kill may still be on its way.
            until(lambda: not self.world.plex.is_in_use)
            self.edit_in_plex()

    @contextmanager
    def moment(self) -> Iterator[Any]:
        """When the kill comes: after a while, or as a request arrives at one of the servers."""
        kind = self.random.choice(("delay", "delay", "plex", "plex", "stash"))
        if kind == "plex":
            fault = self.world.plex.faults.add("hang", times=1, **self.random.choice(PLEX_EVENTS))
            yield lambda process: _first(process, fault.arrived)
            self.world.plex.faults.clear()
        elif kind == "stash":
            faults = self.world.stash.faults
            faults.add("hang", self.random.choice(STASH_EVENTS), times=1)
            yield lambda process: _first(process, faults.reached)
            faults.clear()
        else:
            delay = self.random.uniform(0.0, PATIENCE)
            yield lambda process: process.join(delay)


def _first(process: Any, event: Any) -> None:
    """Wait until the event, or until it does not look as if it would come."""
    deadline = time.monotonic() + PATIENCE
    until(lambda: event.is_set() or process.exitcode is not None or time.monotonic() > deadline)


def integrity(path: Path) -> list[tuple[str]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall()


def titles_written(world: World) -> dict[int, list[str]]:
    """The titles in the order in which Plex got them, by item."""
    written: dict[int, list[str]] = {}
    for write in world.plex.writes:
        if "title.value" in write.arguments:
            for key in write.rating_keys:
                written.setdefault(key, []).append(write.arguments["title.value"])
    return written


def a_cover(text: str) -> bytes:
    """An image that is no other."""
    return b"\x89PNG\r\n\x1a\n" + text.encode()


@contextmanager
def a_synced_world(folder: Path, preserve: bool) -> Iterator[Killing]:
    """Scenes that are in Plex as Stash has them."""
    with a_world(folder) as world:
        world.settings["preserve_plex_edits"] = preserve
        names, covers = {}, {}
        for n in range(1, SCENES + 1):
            covers[n] = a_cover(f"Cover {n}")
            film: dict[str, Any] = {"title": f"Film {n}", "details": f"Words of film {n}", "cover": covers[n]}
            names[world.add_film(f"film {n}", plex={}, **film)] = f"film {n}"
        killing = Killing(world, names, seed=20260101)
        killing.covers = covers
        for args in (RECONCILE, DRAIN):
            assert killing.run(args) == 0
        assert killing.wrong() == []
        world.clear_requests()
        try:
            yield killing
        finally:
            for process in killing.processes:
                with suppress(ValueError):
                    process.kill()


@pytest.mark.parametrize("preserve", [False, True], ids=["Stash wins", "Plex's edits are preserved"])
def test_whatever_is_killed_plex_ends_with_the_latest_of_every_scene_and_with_a_persons_edits(
    tmp_path: Path, preserve: bool
) -> None:
    with a_synced_world(tmp_path, preserve) as killing:
        world = killing.world
        for _ in range(ROUNDS // 2):
            killing.play_round()
        world.stash.plugins.stop_all_jobs()
        world.stash.wait_for_jobs(60)
        assert killing.kills > ROUNDS // 4, "most processes ended before they were killed"
        assert killing.hers
        for args in (RECONCILE, DRAIN):
            assert killing.run(args) == 0

        assert killing.wrong() == []
        bench = Bench(world)
        assert (bench.waiting(), bench.failed()) == ([], [])
        bench.manager.close()
        for titles in titles_written(world).values():
            edits = [title for title in titles if title.startswith("Edit")]
            assert edits == sorted(edits), "an older version was written over a newer one"
        for name in ("queue.db", "state.db"):
            assert integrity(world.data_dir / name) == [("ok",)]
        assert not re.search("\x01[iwe]\x02.*(Traceback|fault in Stash2Plex)", killing.log.read_text())
        assert not world.plex.failures
        assert not world.plex.whole_library_edits
        assert not world.stash.crashes
