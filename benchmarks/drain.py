"""What a drain costs beside the same edits, sent bare."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from benchmarks.arena import TOKEN, Arena, an_arena, heading, measured, show


def main(sizes: list[int]) -> None:
    """Measure drains of so many changed scenes, at two latencies of Plex, and of as many unchanged ones."""
    heading(
        "Drain",
        "scenes",
        "latency ms",
        "wall s",
        "CPU s",
        "peak MB",
        "PUTs",
        "other requests",
        "of these a scene",
        "floor s",
        "wall / floor",
    )
    for size in sizes:
        for latency in (0.0, 0.02):
            with an_arena(size) as arena:
                arena.run_task("reconcile_all")
                arena.plex.set_latency(latency)
                drain(arena, f"{arena.scenes:,} changed", latency)
                if not latency:
                    # First those that were no gap: they have a title and nothing else.
                    arena.queue(range(1, arena.scenes + 1))
                    arena.run_task("process_queue")
                    arena.queue(range(1, arena.scenes + 1))
                    drain(arena, f"{arena.scenes:,} unchanged", latency)


def drain(arena: Arena, scenes: str, latency: float) -> None:
    """Run Process Queue and print its row."""
    arena.requests()
    cost = arena.run_task("process_queue")
    edits = edits_of(arena.plex.requests())
    puts = len(edits)
    others = arena.requests() - puts
    # The quicker of two runs counts, but where Plex's latency is nearly all of it.
    floor = min(put_floor(arena, edits) for _ in range(1 if latency else 2)) if puts else 0.0
    show(
        scenes,
        round(latency * 1000),
        f"{cost.wall:.2f}",
        f"{cost.cpu:.2f}",
        f"{cost.memory:.0f}",
        puts,
        others,
        f"{others / arena.scenes:.3f}",
        f"{floor:.2f}" if puts else "",
        f"{cost.wall / floor:.2f}" if puts else "",
    )


def edits_of(requests: Iterable[Mapping[str, Any]]) -> list[str]:
    """The edits among requests to Plex: their paths, with what they ask for."""
    return [
        f"{one['path']}?{urlencode(one['query'], quote_via=quote)}"
        for one in requests
        if one["method"] == "PUT"
    ]


def put_floor(arena: Arena, edits: Sequence[str]) -> float:
    """Seconds that these edits take over one bare connection."""
    orders = {"plex_port": arena.plex.port, "token": TOKEN, "paths": edits}
    command = [sys.executable, "-m", "benchmarks.floor", "puts"]
    return measured(command, json.dumps(orders).encode()).wall


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [1_000, 10_000])
