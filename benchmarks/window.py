"""What becomes of a person's edits in Plex while a drain writes the same items.

    python -m benchmarks.window [scenes [edits [seed]]]

Every scene was in Plex and has another summary in Stash now; somebody enters summaries in Plex at
random moments of the drain. The window is the time from the reading that a write was planned from to
the moment in which Plex carries the write out; what is unseen of it is the part after the last look.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.arena import ROOT, TOKEN, Arena, heading, show
from benchmarks.drain import edits_of, put_floor
from tests.servers.plex.process import PlexProcess
from tests.servers.stash.library import StashLibrary
from tests.servers.stash.process import StashServerProcess

SECONDS_A_WRITE = 0.06
DETAILS = re.compile(r"/library/metadata/([\d,]+)")
# A batch is read with more items at once than one group of them.
LARGEST_GROUP = 10


def main(scenes: int = 500, edits: int = 100, seed: int | None = None) -> None:
    """Drain so many scenes beside so many edits and print what became of these."""
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    with films(scenes) as arena:
        print(f"seed {seed}", flush=True)
        keys = brought_and_changed(arena)
        arena.plex.set_latency(SECONDS_A_WRITE)
        arena.requests()
        seconds, log, edited = drain_beside(arena, keys, edits, random.Random(seed))
        requests = arena.plex.requests()
        sent = edits_of(requests)
        # Before the floor, which sends the same edits once more.
        summaries = {scene: shown(arena, rating_key=keys[scene])["summary"] for scene in edited}
        floor = put_floor(arena, sent)
    kept = {scene for scene, text in edited.items() if summaries[scene] == text}
    told = {scene for scene in edited if f"Scene {scene}: summary changed in Plex" in log} - kept
    windows, unseen = windows_of(requests)
    for scene in sorted(edited.keys() - kept - told):
        print(f"overwritten without a word: scene {scene}, item {keys[scene]}", flush=True)
    heading(
        "Window",
        "scenes",
        "PUTs",
        "window s, median",
        "window s, most",
        "unseen ms, median",
        "looked at in time",
        "edits",
        "kept",
        "overwritten and told",
        "overwritten without a word",
        "wall s",
        "wall / floor",
    )
    show(
        scenes,
        len(sent),
        f"{median(windows):.3f}",
        f"{max(windows):.3f}",
        f"{median(unseen) * 1000:.1f}",
        f"{sum(one < SECONDS_A_WRITE / 2 for one in unseen) / len(unseen):.0%}",
        len(edited),
        len(kept),
        len(told),
        len(edited) - len(kept) - len(told),
        f"{seconds:.1f}",
        f"{seconds / floor:.2f}",
    )


@contextmanager
def films(count: int) -> Iterator[Arena]:
    """So many scenes with one file each, and their items in Plex."""
    library = StashLibrary()
    library.now = lambda: datetime.now(timezone.utc) - timedelta(days=30)
    names = [f"Films/film {n}.mp4" for n in range(count)]
    for name in names:
        library.add_scene(files=((f"/data/{name}", 1000),), title=name, details="Before")
    with (
        tempfile.TemporaryDirectory() as folder,
        StashServerProcess(library) as stash,
        PlexProcess(TOKEN) as plex,
    ):
        sections = {"Films": plex.add_section("Films", ["/media/Films"])}
        plex.add_items(sections["Films"], [{"files": ((f"/media/{name}", 1000),)} for name in names])
        settings = {"plex_url": plex.url, "plex_token": TOKEN, "path_map": "/data=>/media"}
        arena = Arena(
            stash, plex, sections, Path(folder), count, {**settings, "leave_fields": "poster, background"}
        )
        arena.configure()
        yield arena


def brought_and_changed(arena: Arena) -> dict[int, int]:
    """Bring all scenes to Plex, change them in Stash and queue them; rating keys by scene id."""
    arena.run_task("reconcile_all")
    arena.run_task("process_queue")
    scene_ids = range(1, arena.scenes + 1)
    for scene_id in scene_ids:
        arena.stash.change("update_scene", scene_id, details=f"After {scene_id}")
    arena.queue(scene_ids)
    paths = {scene_id: f"/media/Films/film {scene_id - 1}.mp4" for scene_id in scene_ids}
    return {scene_id: int(shown(arena, path=path)["rating_key"]) for scene_id, path in paths.items()}


def shown(arena: Arena, **which: Any) -> dict[str, Any]:
    """What Plex shows of an item that is there."""
    item = arena.plex.item(**which)
    assert item is not None, which
    return item


def drain_beside(
    arena: Arena, keys: dict[int, int], edits: int, chance: random.Random
) -> tuple[float, str, dict[int, str]]:
    """Drain while somebody edits; seconds, the log, and what was entered by scene id."""
    moments = sorted(chance.uniform(0.5, arena.scenes * SECONDS_A_WRITE) for _ in range(edits))
    edited = {scene: f"By hand {scene}" for scene in chance.sample(sorted(keys), edits)}
    document = {"server_connection": arena.stash.server_connection(), "args": {"mode": "process_queue"}}
    with tempfile.TemporaryFile() as log:
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "Stash2Plex.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=log,
            env={**os.environ, "STASH2PLEX_DATA_DIR": str(arena.data_dir)},
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(document).encode())
        process.stdin.close()
        for moment, (scene, text) in zip(moments, edited.items(), strict=True):
            time.sleep(max(0.0, started + moment - time.perf_counter()))
            arena.plex.edit_by_hand(keys[scene], summary=text)
        process.wait()
        seconds = time.perf_counter() - started
        log.seek(0)
        return seconds, log.read().decode(), edited


def windows_of(requests: list[dict[str, Any]]) -> tuple[list[float], list[float]]:
    """For each write, seconds since it was planned and since the last look at its item."""
    looks: dict[str, list[float]] = {}
    windows, unseen = [], []
    for one in sorted(requests, key=lambda one: one["when"]):
        found = DETAILS.fullmatch(one["path"])
        if one["method"] == "PUT" and "id" in one["query"]:
            before = looks.get(one["query"]["id"], [])
            if before:
                windows.append(one["when"] - before[0])
                unseen.append(one["when"] - before[-1])
        elif found and found[1].count(",") < LARGEST_GROUP:
            for key in found[1].split(","):
                looks.setdefault(key, []).append(one["when"])
    return windows, unseen


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
