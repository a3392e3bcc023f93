"""What a drain costs beside the same number of bare edits."""

from __future__ import annotations

import json
import sys
from urllib.parse import quote

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
    puts = int(arena.plex.counts().get("PUT", 0))
    others = arena.requests() - puts
    floor = put_floor(arena, puts) if puts else 0.0
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


def put_floor(arena: Arena, count: int) -> float:
    """Seconds that so many edits of an ordinary size take over one bare connection."""
    values = {"title.value": "An ordinary title", "summary.value": "Some words about it. " * 10}
    arguments = "&".join(f"{name}={quote(value)}" for name, value in values.items())
    orders = {
        "plex_port": arena.plex.port,
        "token": TOKEN,
        "section": arena.sections["Films"],
        "rating_keys": [1] * count,
        "arguments": arguments,
    }
    return measured([sys.executable, "-m", "benchmarks.floor", "puts"], json.dumps(orders).encode()).wall


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [1_000, 10_000])
