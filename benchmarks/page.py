"""How long a person waits for each tab of the page in a large library: from its address to its first content.

    python -m benchmarks.page [scenes]

Needs what the browser tests need. Stash's own page, the scripts and the browser's time are in it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, sync_playwright

from benchmarks.arena import heading, show
from tests.page.tools import chromium, host_page
from tests.page.visitor import FLAGS, Visitor, a_visitor, a_window
from tests.servers.made_up_collection import make_collection, plan_gaps
from tests.servers.world import World, a_world

RUNS = 3
# Seconds: a preview of 100,000 scenes takes more than what the Stash test server grants a task by itself.
LONGEST_TASK = 900.0
TASKS = ("Reconcile Library (All)", "Preview Sync (Dry Run)", "Find Orphans")


def _first_row(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("table").locator("tbody tr").first


CONTENT: dict[str, Callable[[Visitor], Locator]] = {
    "overview": lambda visitor: visitor.page.get_by_role("region", name="Queue"),
    "set_up": lambda visitor: visitor.button("Test"),
    "settings": lambda visitor: visitor.page.get_by_label("Plex URL").first,
    "gaps": _first_row,
    "preview": _first_row,
    "queue": _first_row,
    "orphans": _first_row,
}


def main(scenes: int = 100_000) -> None:
    """Open each tab and print how long it took, the quickest of some times."""
    heading("Page", "scenes", "tab", "first content s")
    with (
        tempfile.TemporaryDirectory() as folder,
        a_large_world(Path(folder), scenes) as world,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        with a_window(world, browser) as host, a_visitor(host) as visitor:
            for tab, content in CONTENT.items():
                seconds = min(_seconds_until(visitor, tab, content) for _ in range(RUNS))
                show(f"{scenes:,}", tab, f"{seconds:.2f}")
        browser.close()


@contextmanager
def a_large_world(folder: Path, count: int) -> Iterator[World]:
    """So many scenes, most of which are in Plex, none of them synced: each is a gap, and waits."""
    videos = make_collection(count, seed=11)
    plan = plan_gaps(videos, seed=11, missing=0.02)
    with a_world(folder, videos, plan, timeout=LONGEST_TASK) as world:
        world.stash.page = host_page()
        world.settings["manual_drain"] = True
        for number in range(100):
            path = f"/media/Films/Home {number}.mp4"
            world.plex.library.add_item(world.section_keys["Films"], files=((path, 4000),), title="Home")
        for task in TASKS:
            world.stash.run_task(task, timeout=LONGEST_TASK)
        yield world


def _seconds_until(visitor: Visitor, tab: str, content: Callable[[Visitor], Locator]) -> float:
    began = time.perf_counter()
    visitor.opens(tab)
    content(visitor).wait_for()
    return time.perf_counter() - began


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
