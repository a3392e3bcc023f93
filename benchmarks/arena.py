"""Both test servers in processes of their own, the plugin as a process beside them, and what it costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from sync_queue.job import Job
from sync_queue.manager import QueueManager
from tests.servers.made_up_collection import MadeUpVideo, load_into_stash, make_collection, plan_gaps
from tests.servers.plex.process import PlexProcess
from tests.servers.stash.library import StashLibrary
from tests.servers.stash.process import StashServerProcess

ROOT = Path(__file__).resolve().parents[1]
TOKEN = "made-up-plex-token"
# A filter that is saved in Stash, with what it asks for; one scene in so many is in it.
CHOSEN, CRITERIA = "One in twenty", {"organized": True}
ONE_IN = 20
CONFIGURE = "mutation Configure($id: ID!, $input: Map!) { configurePlugin(plugin_id: $id, input: $input) }"


@dataclass(frozen=True)
class Cost:
    """What a process cost: seconds on the wall and of CPU, peak memory in MB."""

    wall: float
    cpu: float
    memory: float
    output: str


@dataclass
class Arena:
    """The servers with a collection loaded, and the plugin's data folder."""

    stash: StashServerProcess
    plex: PlexProcess
    sections: dict[str, int]
    data_dir: Path
    scenes: int
    settings: Mapping[str, Any]

    def run_task(self, mode: str) -> Cost:
        """Run a task of the plugin as Stash would."""
        document = {"server_connection": self.stash.server_connection(), "args": {"mode": mode}}
        environment = {**os.environ, "STASH2PLEX_DATA_DIR": str(self.data_dir)}
        cost = measured(
            [sys.executable, "-S", str(ROOT / "Stash2Plex.py")], json.dumps(document).encode(), environment
        )
        if '"output"' not in cost.output:
            raise RuntimeError(f"the task {mode} failed: {cost.output}")
        return cost

    def configure(self, **settings: Any) -> None:
        """Store settings of the plugin in Stash."""
        _post(self.stash.url, CONFIGURE, {"id": "Stash2Plex", "input": {**self.settings, **settings}})

    def edit(self, scenes: int) -> None:
        """Change so many scenes, spread over the collection, without a hook."""
        for number in range(scenes):
            scene_id = 1 + number * (self.scenes // scenes)
            self.stash.change("update_scene", scene_id, details=f"Edited by hand, number {number}")

    def queue(self, scene_ids: Iterable[int]) -> None:
        """Queue scenes, as hooks do whatever was edited."""
        manager = QueueManager(self.data_dir)
        manager.get_queue().put_jobs(Job(scene_id, "Scene.Update.Post", 1.0) for scene_id in scene_ids)
        manager.close()

    def clear_queue(self) -> None:
        """Forget what is queued."""
        manager = QueueManager(self.data_dir)
        manager.get_queue().clear()
        manager.close()

    def requests(self) -> int:
        """Requests to both servers since they were last counted."""
        count = sum(self.stash.request_counts().values()) + int(self.plex.counts()["requests"])
        self.stash.clear_requests()
        self.plex.clear_requests()
        return count


# Linux counts what the parent had in memory as the child's peak, so a small process is the parent.
LAUNCHER = """
import json, os, subprocess, sys, time
started = time.perf_counter()
process = subprocess.Popen(sys.argv[2:], stderr=open(sys.argv[1], "wb"), stdout=sys.stderr)
_, status, usage = os.wait4(process.pid, 0)
wall = time.perf_counter() - started
print(json.dumps([wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, status]))
"""


def measured(command: Sequence[str], stdin: bytes, environment: Mapping[str, str] | None = None) -> Cost:
    """Run a process to its end and take what the system counted for it."""
    with tempfile.NamedTemporaryFile() as log:
        done = subprocess.run(
            [sys.executable, "-S", "-c", LAUNCHER, log.name, *command],
            input=stdin,
            env=environment,
            capture_output=True,
            check=True,
        )
        wall, cpu, memory, status = json.loads(done.stdout)
        if status:
            raise RuntimeError(f"{command[-1]} ended with {status}: {log.read()[-2000:]!r}")
    return Cost(wall, cpu, memory, done.stderr.decode())


@contextmanager
def an_arena(count: int, in_plex: float = 1.0, settings: Mapping[str, Any] | None = None) -> Iterator[Arena]:
    """So many scenes, of which a share has an item in one of two libraries, known by file name only."""
    videos = [video for video in make_collection(count, seed=11) if len(video.files) == 1]
    library = StashLibrary()
    library.now = lambda: datetime.now(timezone.utc) - timedelta(days=30)
    load_into_stash(library, videos)
    for scene_id in library.scene_ids[::ONE_IN]:
        library.scenes[scene_id].organized = True
    library.saved_filters.save(CHOSEN, {"organized": {"modifier": "EQUALS", "value": "true"}})
    with (
        tempfile.TemporaryDirectory() as folder,
        StashServerProcess(library) as stash,
        PlexProcess(TOKEN) as plex,
    ):
        sections = {title: plex.add_section(title, [f"/media/{title}"]) for title in ("Films", "Clips")}
        _load_plex(plex, sections, videos, in_plex)
        configured = {
            "plex_url": plex.url,
            "plex_token": TOKEN,
            "path_map": "/data=>/media",
            "leave_fields": "poster, background",
            **(settings or {}),
        }
        arena = Arena(stash, plex, sections, Path(folder), len(videos), configured)
        arena.configure()
        yield arena


def _load_plex(plex: PlexProcess, sections: dict[str, int], videos: list[MadeUpVideo], share: float) -> None:
    states = plan_gaps(videos, seed=11, missing=1 - share, empty=share).states
    for title, key in sections.items():
        items = [
            {"files": (video.files[0].path_and_size("/media"),)}
            for video in videos
            if states[video.number] != "missing" and video.files[0].folder.startswith(title)
        ]
        for start in range(0, len(items), 5_000):
            plex.add_items(key, items[start : start + 5_000])


def _post(url: str, query: str, variables: Mapping[str, Any]) -> None:
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(f"{url}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        content = json.loads(answer.read())
    if content.get("errors"):
        raise RuntimeError(str(content["errors"]))


def show(*cells: object) -> None:
    """Print a row of a table."""
    sys.stdout.write("| " + " | ".join(str(cell) for cell in cells) + " |\n")
    sys.stdout.flush()


def heading(title: str, *columns: str) -> None:
    """Print a table's title and head."""
    sys.stdout.write(f"\n### {title}\n\n")
    show(*columns)
    show(*("---" for _ in columns))
