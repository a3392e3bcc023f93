"""What a reconcile costs beside the bare reading of both libraries, and how that grows."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from benchmarks.arena import (
    CHOSEN,
    CRITERIA,
    ONE_IN,
    TOKEN,
    Arena,
    Cost,
    an_arena,
    heading,
    measured,
    show,
)
from plex.listing import SLIM
from stash.documents import document_of_page
from stash.scene_pages import PAGE_SIZE

RECENTLY_EDITED = 20


def main(sizes: list[int]) -> None:
    """Measure libraries of these sizes: new, in sync, with a few edits, and with all of it out of date."""
    heading(
        "Reconcile",
        "scenes",
        "state",
        "wall s",
        "CPU s",
        "peak MB",
        "requests",
        "floor wall s",
        "wall / floor",
        "wall / in sync",
    )
    each = [measure(size) for size in sizes]
    for size in sizes:
        measure_chosen(size)
    show("slope", f"cost of a scene at {sizes[-1]:,} / at {sizes[0]:,}: {each[-1] / each[0]:.2f}")


def measure(size: int) -> float:
    """Print the rows of one size; returns the seconds a scene of a reconcile where all is in sync."""
    with an_arena(size) as arena:
        tell(arena, "all new, queued", run(arena), read_floor(arena))
        arena.run_task("process_queue")
        arena.edit(RECENTLY_EDITED)
        recent = run(arena, "reconcile_recent")
        arena.run_task("process_queue")
        floor = read_floor(arena)
        tell(arena, f"recent, {RECENTLY_EDITED} edited", recent, floor)
        in_sync, stale = in_turns(arena, {}, {"leave_fields": "poster, background, rating"})
        tell(arena, "in sync", in_sync, floor)
        tell(arena, "all stale, queued", stale, floor, in_sync)
        return in_sync[0].wall / arena.scenes


def measure_chosen(size: int) -> None:
    """Print the rows of one size where a saved filter chooses one scene in twenty."""
    with an_arena(size) as arena:
        arena.configure(scene_filter=CHOSEN)
        floor = read_floor(arena, CRITERIA)
        tell(arena, f"one in {ONE_IN} chosen, new", run(arena), floor)
        arena.run_task("reconcile_all")
        arena.run_task("process_queue")
        (in_sync,) = in_turns(arena, {"scene_filter": CHOSEN})
        tell(arena, f"one in {ONE_IN} chosen, in sync", in_sync, floor)


def in_turns(arena: Arena, *settings: Mapping[str, str]) -> list[tuple[Cost, int]]:
    """Reconcile under each of these settings, twice in turns; the quicker run of each."""
    runs: list[list[tuple[Cost, int]]] = [[] for _ in settings]
    for _ in range(2):
        for one, done in zip(settings, runs, strict=True):
            arena.configure(**one)
            done.append(run(arena))
    return [min(done, key=lambda one: one[0].wall) for done in runs]


def run(arena: Arena, mode: str = "reconcile_all") -> tuple[Cost, int]:
    """Run a task with nothing queued; its cost and the requests that it made."""
    arena.clear_queue()
    arena.requests()
    cost = arena.run_task(mode)
    return cost, arena.requests()


def tell(
    arena: Arena, state: str, done: tuple[Cost, int], floor: float, in_sync: tuple[Cost, int] | None = None
) -> None:
    """Print one run's row."""
    cost, requests = done
    show(
        f"{arena.scenes:,}",
        state,
        f"{cost.wall:.2f}",
        f"{cost.cpu:.2f}",
        f"{cost.memory:.0f}",
        requests,
        f"{floor:.2f}",
        f"{cost.wall / floor:.2f}",
        f"{cost.wall / in_sync[0].wall:.2f}" if in_sync else "",
    )


def read_floor(arena: Arena, criteria: Mapping[str, Any] | None = None) -> float:
    """Seconds that the bare reading of both libraries takes, of Stash by a filter: the better of two runs."""
    orders = {
        "criteria": criteria or {},
        "arguments": SLIM,
        "page": document_of_page(()),
        "page_size": PAGE_SIZE,
        "plex_port": arena.plex.port,
        "stash_port": arena.stash.port,
        "sections": list(arena.sections.values()),
        "token": TOKEN,
    }
    command = [sys.executable, "-m", "benchmarks.floor", "reconcile"]
    return min(measured(command, json.dumps(orders).encode()).wall for _ in range(2))


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [1_000, 10_000, 100_000])
