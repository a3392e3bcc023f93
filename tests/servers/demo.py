"""`make demo`: the plugin at work between a made-up Stash and a made-up Plex, as a person would see it."""

from __future__ import annotations

import json
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from tests.servers.made_up_collection import MadeUpVideo, make_collection, plan_gaps
from tests.servers.plex.items import PlexItem
from tests.servers.world import PLEX_ROOT, World, a_world

SCENES = 80
SHOWN = 4
LEVELS = {"i": "INFO", "info": "INFO", "w": "WARN", "warning": "WARN", "e": "ERROR", "error": "ERROR"}
SAVE = "mutation Save($input: SceneUpdateInput!) { sceneUpdate(input: $input) { id } }"


def main() -> int:
    """Run the demo; 0 when the last reconcile finds no gaps."""
    started = time.monotonic()
    videos = make_collection(SCENES, seed=8)
    plan = plan_gaps(videos, seed=8, missing=0.04)
    with tempfile.TemporaryDirectory() as folder, a_world(Path(folder), videos, plan) as world:
        say(
            f"A Stash with {len(videos)} scenes below /data, and a Plex with "
            f"{len(world.plex.library.items())} items of the same files below {PLEX_ROOT}.",
            "Plex has not found some files yet, and knows nothing of most others but their names.",
        )
        shown = typical(videos, world)
        before = {video.number: snapshot(item_of(world, video)) for video in shown}

        heading("A person edits a scene in Stash; Stash runs the plugin's hook")
        edit_a_scene(world, shown[0])
        run(world, "Reconcile Library (All)")
        run(world, "Process Queue")

        heading("In Plex, before and after")
        for video in shown:
            show_change(before[video.number], snapshot(item_of(world, video)))

        heading("Plex scans its folders and finds the files that were missing")
        for path, size, section in missing_files(world, videos):
            world.plex.library.add_item(section, files=((path, size),))
        run(world, "Reconcile Library (Recent)")
        run(world, "Process Queue")
        log = run(world, "Reconcile Library (All)")
    clean = "Gaps found: 0" in log
    say(
        "",
        f"Done in {time.monotonic() - started:.1f} s: "
        + ("no gaps are left." if clean else "gaps are left!"),
        "",
        "make demo-page shows the page in Stash of such a world: it serves it on this machine until Ctrl-C.",
    )
    return 0 if clean else 1


def say(*lines: str) -> None:
    """Print lines as they are."""
    sys.stdout.write("\n".join(lines) + "\n")


def heading(text: str) -> None:
    """Print what happens next."""
    say("", f"── {text} " + "─" * max(0, 76 - len(text)))


def run(world: World, task: str) -> str:
    """Run a task as its button in Stash does, and print its part of Stash's log."""
    heading(f"Task: {task}")
    result = world.stash.run_task(task)
    lines = [line for line in result.log if line.level in LEVELS]
    say(*(f"{LEVELS[line.level]:5} [Plugin / Stash2Plex] {line.text}" for line in lines))
    say(f"      finished in {result.seconds:.1f} s")
    return "\n".join(line.text for line in lines)


def edit_a_scene(world: World, video: MadeUpVideo) -> None:
    """Save a scene over GraphQL, as Stash's web page does."""
    scene = world.stash.library.scene(world.scene_ids[video.number])
    body = {
        "query": SAVE,
        "variables": {"input": {"id": str(scene.id), "title": f"{video.title}, second cut"}},
    }
    request = urllib.request.Request(
        f"{world.stash.url}/graphql", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()
    (hook,) = world.stash.last_hooks
    say(f"{hook.type} queued the scene in {hook.seconds * 1000:.0f} ms and said {json.dumps(hook.output)}.")


def typical(videos: list[MadeUpVideo], world: World) -> list[MadeUpVideo]:
    """A few videos that are in Plex and have something in every field."""
    rich = [
        video
        for video in videos
        if world.rating_keys[video.number]
        and video.kind == "ordinary"
        and all((video.title, video.details, video.date, video.studio, video.performers, video.tags))
    ]
    return rich[:SHOWN]


def missing_files(world: World, videos: list[MadeUpVideo]) -> list[tuple[str, int, int]]:
    """Path, size and library section of the files that Plex has not found."""
    files = [file for video in videos if not world.rating_keys[video.number] for file in video.files]
    return [(*file.path_and_size(PLEX_ROOT), world.section_keys[file.folder.split("/")[0]]) for file in files]


def item_of(world: World, video: MadeUpVideo) -> PlexItem:
    """The video's first item in Plex."""
    item = world.plex.library.item(world.rating_keys[video.number][0])
    assert item is not None
    return item


def snapshot(item: PlexItem) -> dict[str, str]:
    """What Plex shows of an item."""
    fields: dict[str, Any] = {
        "title": item.title,
        "studio": item.studio,
        "date": item.date,
        "roles": ", ".join(item.roles),
        "genres": ", ".join(item.genres),
        "summary": item.summary,
    }
    return {name: shortened(str(value or "")) for name, value in fields.items()}


def shortened(text: str, width: int = 34) -> str:
    """One line of the text that fits a column."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def show_change(before: dict[str, str], after: dict[str, str]) -> None:
    """Print one item as a table."""
    say(f"  {'':8} {'before':34}   after")
    for name in before:
        say(f"  {name:8} {before[name] or '-':34}   {after[name] or '-'}")
    say("")


if __name__ == "__main__":
    sys.exit(main())
