"""What a hook costs, as a whole process, beside an empty Python."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.arena import ROOT, heading, measured, show
from sync_queue.drain_request import OFF_MARK, TASK_NAME
from tests.servers.stash_library import StashLibrary
from tests.servers.stash_process import StashServerProcess

RUNS = 40


def main() -> None:
    """Measure, in turns, an empty Python, a hook that asks nobody and a hook that asks Stash for a drain."""
    with (
        tempfile.TemporaryDirectory() as folder,
        StashServerProcess(StashLibrary(), plugins_dir=a_plugin_that_does_nothing(Path(folder))) as stash,
    ):
        context = {"id": 45, "type": "Scene.Update.Post", "input": None}
        document = {"server_connection": stash.server_connection(), "args": {"hookContext": context}}
        stdin = json.dumps(document).encode()
        quiet, asking = Path(folder) / "quiet", Path(folder) / "asking"
        quiet.mkdir()
        (quiet / OFF_MARK).touch()
        hook = [sys.executable, str(ROOT / "Stash2Plex.py")]
        times: dict[str, list[float]] = {"python -c pass": [], "hook": [], "hook that asks": []}
        for _ in range(RUNS):
            times["python -c pass"].append(measured([sys.executable, "-c", "pass"], b"").wall)
            environment = {**os.environ, "STASH2PLEX_DATA_DIR": str(quiet)}
            times["hook"].append(measured(hook, stdin, environment).wall)
            environment = {**os.environ, "STASH2PLEX_DATA_DIR": str(asking)}
            times["hook that asks"].append(measured(hook, stdin, environment).wall)
            for mark in asking.glob("drain.requested"):
                mark.unlink()
    heading("Hook", "process", "median ms", "ratio")
    floor = statistics.median(times["python -c pass"])
    for name, seconds in times.items():
        median = statistics.median(seconds)
        show(name, f"{median * 1000:.1f}", f"{median / floor:.2f}")


def a_plugin_that_does_nothing(folder: Path) -> Path:
    """What Stash runs when it is asked for a drain, so that only the asking is measured."""
    plugin = folder / "plugins" / "Stash2Plex"
    plugin.mkdir(parents=True)
    tasks = [{"name": TASK_NAME, "defaultArgs": {"mode": "process_queue"}}]
    manifest = {"name": "Stash2Plex", "exec": ["true"], "interface": "raw", "tasks": tasks}
    (plugin / "Stash2Plex.yml").write_text(json.dumps(manifest), encoding="utf-8")
    return folder / "plugins"


if __name__ == "__main__":
    main()
