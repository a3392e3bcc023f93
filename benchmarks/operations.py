"""What each operation of the page costs in a large library, after a reconcile has found what there is.

An operation is a process, as Stash starts one; the start of a Python that does nothing is taken off, since
nobody can do without it. The servers' own time is in the seconds on the wall.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from benchmarks.arena import ROOT, Arena, Cost, an_arena, heading, measured, show
from operations.registry import OPERATIONS
from operations.sign_in import SERVICE_VARIABLE
from tests.servers.account.server import AccountServer

# Seconds, of which a person does not notice that they wait.
PROMISED = 1.0
RUNS = 3
# Edited after the last sync, so that there is something to list.
EDITED = 2_000
# What is sent with an operation that wants to be told something.
SENT: Mapping[str, Mapping[str, Any]] = {
    "check_settings": {"settings": {"path_map": [["/data", "/media"]], "tags_as": "labels"}},
    "save_settings": {"settings": {"recent_days": 2}},
    "gaps": {"page": 1, "kind": "all", "search": "a"},
    "preview": {"page": 1, "field": None, "search": "a"},
    "queue": {"page": 1, "state": "waiting", "search": "a"},
    "orphans": {"page": 1, "library": None, "search": "a"},
    "scene": {"scene_id": 77},
    "sync_now": {"scenes": [77, 78]},
    "retry": {"scenes": "all", "list": "failed"},
    "clear": {"scenes": "all", "list": "later", "state": "later"},
    "ignore": {"scenes": [99], "is_ignored": True},
}


def main(sizes: list[int]) -> None:
    """Measure every operation in libraries of these sizes."""
    heading("Operations", "scenes", "operation", "wall s", "CPU s", "peak MB", "answer kB", "within 1 s")
    for size in sizes:
        with an_arena(size) as arena, AccountServer() as account:
            bare = min((measured([sys.executable, "-S", "-c", "pass"], b"") for _ in range(RUNS)), key=_wall)
            for name in ("check_setup", "path_map"):
                runs = [ask(arena, account, name, {})[0] for _ in range(RUNS)]
                tell(arena, f"{name}, before any task", bare, runs)
            arena.run_task("reconcile_all")
            arena.clear_queue()
            arena.edit(min(EDITED, arena.scenes // 2))
            for mode in ("reconcile_all", "preview", "find_orphans"):
                arena.run_task(mode)
            waiting = ask(arena, account, "sign_in_begin", {})[1]["sign_in"]
            account.sign_in()
            for name in OPERATIONS:
                sent = {"sign_in": waiting} if name == "sign_in_wait" else SENT.get(name, {})
                tell(arena, name, bare, [ask(arena, account, name, sent)[0] for _ in range(RUNS)])


def ask(arena: Arena, account: AccountServer, name: str, sent: Mapping[str, Any]) -> tuple[Cost, Any]:
    """Ask once as the page does; what it cost, and the result."""
    args = {"mode": "operation", "operation": name, "version": 1, **sent}
    document = {"server_connection": arena.stash.server_connection(), "args": args}
    environment = {
        **os.environ,
        "STASH2PLEX_DATA_DIR": str(arena.data_dir),
        SERVICE_VARIABLE: account.url,
    }
    command = [sys.executable, "-S", str(ROOT / "Stash2Plex.py")]
    cost = measured(command, json.dumps(document).encode(), environment)
    answer = json.loads(cost.output).get("output", {})
    if "result" not in answer:
        raise RuntimeError(f"the operation {name} failed: {cost.output}")
    return cost, answer["result"]


def tell(arena: Arena, name: str, bare: Cost, runs: list[Cost]) -> None:
    """A row: the quickest of the runs, without the start of the interpreter."""
    best = min(runs, key=_wall)
    wall = best.wall - bare.wall
    show(
        f"{arena.scenes:,}",
        name,
        f"{wall:.2f}",
        f"{best.cpu - bare.cpu:.2f}",
        f"{best.memory:.0f}",
        f"{len(best.output) / 1000:.1f}",
        "yes" if wall < PROMISED else "NO",
    )


def _wall(cost: Cost) -> float:
    return cost.wall


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [100_000])
