"""What a hook costs, as a whole process, beside a Python that does nothing."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import venv
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from benchmarks.arena import ROOT, heading, measured, show
from stash.process_lock import WORKER_LOCK, exclusive
from sync_queue.drain_request import TASK_NAME
from tests.servers.stash.library import StashLibrary
from tests.servers.stash.process import StashServerProcess

RUNS = 60
# As Stash starts it, by the manifest.
HOOK = ["-S", str(ROOT / "Stash2Plex.py")]
NOTHING, NOTHING_WITHOUT_SITE = ["-c", "pass"], ["-S", "-c", "pass"]
PACKAGES = 100
# One package in ten brings such a line, which Python runs at each start.
PTH_LINE = "import importlib.util, sys, types; types.ModuleType('package_{number}')\n"


def main() -> None:
    """Measure in turns, in an empty environment and in one with many packages.

    A hook of a bulk edit finds a drain at work; one that asks makes two requests to the Stash test server.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        StashServerProcess(StashLibrary(), plugins_dir=a_plugin_that_does_nothing(Path(folder))) as stash,
    ):
        context = {"id": 45, "type": "Scene.Update.Post", "input": None}
        document = {"server_connection": stash.server_connection(), "args": {"hookContext": context}}
        stdin = json.dumps(document).encode()
        bulk, asking = Path(folder) / "bulk", Path(folder) / "asking"
        bulk.mkdir()
        empty = an_environment(Path(folder) / "empty", packages=0)
        full = an_environment(Path(folder) / "full", packages=PACKAGES)
        with exclusive(str(bulk / WORKER_LOCK)):
            seconds = in_turns(
                {
                    "python -S -c pass": partial(run, empty, NOTHING_WITHOUT_SITE),
                    "hook of a bulk edit": partial(run, empty, HOOK, stdin, bulk),
                    "hook that asks": partial(run_as_the_first, empty, stdin, asking),
                    f"python -c pass, {PACKAGES} packages": partial(run, full, NOTHING),
                    f"hook of a bulk edit, {PACKAGES} packages": partial(run, full, HOOK, stdin, bulk),
                }
            )
    report(seconds)


def report(seconds: Mapping[str, float]) -> None:
    """Print the medians, beside those of both Pythons that do nothing."""
    without_site, full = (median for name, median in seconds.items() if name.startswith("python"))
    heading("Hook", "process", "median ms", "/ python -S -c pass", f"/ python -c pass, {PACKAGES} packages")
    for name, median in seconds.items():
        show(name, f"{median * 1000:.1f}", f"{median / without_site:.2f}", f"{median / full:.2f}")


def in_turns(processes: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """The median seconds of each."""
    times: dict[str, list[float]] = {name: [] for name in processes}
    for process in processes.values():
        process()
    for _ in range(RUNS):
        for name, process in processes.items():
            times[name].append(process())
    return {name: statistics.median(values) for name, values in times.items()}


def run(python: str, arguments: list[str], stdin: bytes = b"", data_dir: Path | None = None) -> float:
    """The seconds that a process took, which finds its byte code as after the first task."""
    environment = {**os.environ, "STASH2PLEX_DATA_DIR": str(data_dir)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return measured([python, *arguments], stdin, environment).wall


def run_as_the_first(python: str, stdin: bytes, data_dir: Path) -> float:
    """The seconds of a hook for which nobody has asked for a drain."""
    for mark in data_dir.glob("drain.*"):
        mark.unlink()
    return run(python, HOOK, stdin, data_dir)


def an_environment(folder: Path, packages: int) -> str:
    """A virtual environment with so many made-up packages; its Python."""
    venv.create(folder, symlinks=os.name == "posix")
    (site_packages,) = folder.rglob("site-packages")
    for number in range(packages):
        for name in (f"package_{number}", f"package_{number}-1.0.dist-info"):
            (site_packages / name).mkdir()
        if number % 10 == 0:
            (site_packages / f"package_{number}.pth").write_text(PTH_LINE.format(number=number))
    return str(folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))


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
