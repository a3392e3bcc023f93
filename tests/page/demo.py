"""`make demo-page`: the page between a made-up Stash and a made-up Plex, to be opened in a browser."""

from __future__ import annotations

import re
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from tests.page.landscape import landscape
from tests.page.tools import host_page, what_the_page_needs
from tests.page.visitor import ADDRESS
from tests.servers.demo import SCENES, say
from tests.servers.made_up_collection import MadeUpVideo, make_collection, plan_gaps
from tests.servers.world import PLEX_ROOT, World, a_world

RECONCILE, DRAIN = "Reconcile Library (All)", "Process Queue"
# How many scenes are edited before the second sync, whose items Plex then refuses to change, and after it.
EDITED_FIRST, REFUSED, EDITED_THEN = 6, 2, 12
WATCHED = 4
HOME_FILMS = ("Grandma's 80th", "Ferry to the islands", "School play")


def main() -> int:
    """Serve the page until Ctrl-C."""
    if missing := what_the_page_needs():
        say(f"The page cannot be shown: {missing}")
        return 1
    say("A made-up Stash and Plex are started, and the plugin's tasks run once …")
    with tempfile.TemporaryDirectory() as folder, a_demo(Path(folder)) as world:
        say(
            "",
            f"    {world.stash.url}{ADDRESS}",
            "",
            "Open this address in a browser on this machine. Ctrl-C ends it.",
        )
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
    return 0


@contextmanager
def a_demo(
    folder: Path, environment: Mapping[str, str] | None = None, **stash_options: Any
) -> Iterator[World]:
    """A collection of which most is in Plex, with something to see on every tab."""
    videos = [_with_picture(video) for video in make_collection(SCENES, seed=8)]
    plan = plan_gaps(videos, seed=8, missing=0.06)
    with a_world(folder, videos, plan, environment, **stash_options) as world:
        world.stash.page = host_page()
        # What waits is to be seen waiting.
        world.settings["manual_drain"] = True
        _add_films_of_nobody(world)
        _run(world, RECONCILE, DRAIN)
        edits = _edits(world, videos)
        for rating_key in list(islice(edits, EDITED_FIRST))[:REFUSED]:
            world.plex.faults.add("status", re.compile(rf"[?&]id={rating_key}(&|$)"), method="PUT", code=400)
        _run(world, RECONCILE, DRAIN)
        for _ in islice(edits, EDITED_THEN):
            pass
        _run(world, RECONCILE)
        _switch_on_the_rest(world)
        _run(world, "Preview Sync (Dry Run)", "Find Orphans")
        yield world


def _with_picture(video: MadeUpVideo) -> MadeUpVideo:
    return replace(video, cover=video.cover and landscape(video.number))


def _add_films_of_nobody(world: World) -> None:
    """Items of Plex that belong to no scene."""
    for name in HOME_FILMS:
        path = f"{PLEX_ROOT}/Films/{name}.mp4"
        world.plex.library.add_item(world.section_keys["Films"], files=((path, 4000),), title=name)


def _edits(world: World, videos: Sequence[MadeUpVideo]) -> Iterator[int]:
    """Edit one scene after the other, and tell which item of Plex is its."""
    for video in videos:
        keys = world.rating_keys[video.number]
        if video.title and keys and video.kind == "ordinary":
            scene_id = world.scene_ids[video.number]
            world.stash.library.update_scene(scene_id, title=f"{video.title}, second cut", rating100=80)
            yield keys[0]


def _switch_on_the_rest(world: World) -> None:
    """Let collections get what groups have, and what was watched in Plex come to Stash."""
    world.settings.update(collection_details=True, back_to_stash="plays, resume")
    for group in world.stash.library.groups.values():
        group.synopsis = f"All that belongs to {group.name}."
    items = (item for item in world.plex.library.items() if item.studio)
    for number, item in enumerate(islice(items, WATCHED)):
        world.plex.library.watch(item.rating_key, at=1_790_000_000 + number * 90_000)


def _run(world: World, *tasks: str) -> None:
    for task in tasks:
        world.stash.run_task(task)


if __name__ == "__main__":
    sys.exit(main())
