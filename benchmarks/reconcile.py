"""What a reconcile costs beside the bare reading of both libraries."""

from __future__ import annotations

import json
import sys

from benchmarks.arena import TOKEN, Arena, an_arena, heading, measured, show


def main(sizes: list[int]) -> None:
    """Measure libraries of these sizes: first all gaps, then again with all of them queued already."""
    heading(
        "Reconcile", "scenes", "run", "wall s", "CPU s", "peak MB", "requests", "floor wall s", "wall / floor"
    )
    for size in sizes:
        with an_arena(size) as arena:
            floor = read_floor(arena)
            arena.requests()
            for run in ("all gaps, queued", "gaps already queued", "the same again"):
                cost = arena.run_task("reconcile_all")
                show(
                    f"{arena.scenes:,}",
                    run,
                    f"{cost.wall:.2f}",
                    f"{cost.cpu:.2f}",
                    f"{cost.memory:.0f}",
                    arena.requests(),
                    f"{floor:.2f}",
                    f"{cost.wall / floor:.2f}",
                )


def read_floor(arena: Arena) -> float:
    """Seconds that the bare reading of both libraries takes: the better of two runs."""
    orders = {
        "plex_port": arena.plex.port,
        "stash_port": arena.stash.port,
        "sections": list(arena.sections.values()),
        "token": TOKEN,
    }
    command = [sys.executable, "-m", "benchmarks.floor", "reconcile"]
    return min(measured(command, json.dumps(orders).encode()).wall for _ in range(2))


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [1_000, 10_000, 100_000])
