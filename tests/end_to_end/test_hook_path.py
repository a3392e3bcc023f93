"""What a hook costs and leaves behind: Stash waits for it, and others may read what lies around."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from stash.byte_code import HOOK_MODULES
from sync_queue.drain_request import OFF_MARK
from tests.builders.entry import ALL, DRAIN, hook, run, start, until
from tests.servers.stash.process_run import plugin_input
from tests.servers.world import ROOT, TOKEN, World, log_text

# Everything of ours that a hook may load; it loads no installed package.
OURS = {
    "validation": {"exceptions", "json_text", "plugin_input"},
    "stash": {"process_lock"},
    "sync_queue": {"drain_request", "hook"},
}
OURS_WHERE_IT_ASKS = {**OURS, "stash": {*OURS["stash"], "exceptions", "run_task"}}
# All of Python's own that a hook may load beside what each start loads, and where it asks Stash.
OF_PYTHON = {"__future__", "_json", "errno", "fcntl", "msvcrt"}
OF_PYTHON_WHERE_IT_ASKS = {*OF_PYTHON, "_socket"}
TELL_MODULES = """
import os, sys
started_with, leave = set(sys.modules), os._exit
def tell_and_leave(status):
    sys.stderr.write(" ".join(sorted(set(sys.modules) - started_with)))
    sys.stderr.flush()
    leave(status)
os._exit = tell_and_leave
__file__ = sys.argv[1]
exec(compile(open(__file__).read(), __file__, "exec"))
"""


def modules_loaded(world: World) -> set[str]:
    """The modules that a hook loads, those of the interpreter's own start aside."""
    process = subprocess.run(
        [sys.executable, "-S", "-c", TELL_MODULES, str(ROOT / "Stash2Plex.py")],
        input=plugin_input(world.stash.server_connection(), hook(1)),
        env={**os.environ, "STASH2PLEX_DATA_DIR": str(world.data_dir)},
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert json.loads(process.stdout) == {"output": "ok"}
    return set(process.stderr.decode().split())


def assert_nothing_else(loaded: set[str], ours: Mapping[str, set[str]], of_python: set[str]) -> None:
    known = {f"{room}.{module}" for room, modules in ours.items() for module in modules}
    assert loaded <= {*known, *ours, *of_python}


def switch_off(world: World) -> None:
    """A hook then asks Stash for nothing."""
    world.data_dir.mkdir(mode=0o700)
    (world.data_dir / OFF_MARK).touch(mode=0o600)


def test_a_hook_that_asks_for_nothing_loads_only_the_modules_that_are_named_here(world: World) -> None:
    switch_off(world)
    assert_nothing_else(modules_loaded(world), OURS, OF_PYTHON)


def test_a_hook_that_asks_stash_loads_only_the_modules_that_are_named_here(world: World) -> None:
    loaded = modules_loaded(world)
    assert world.stash.request_counts() == {"jobQueue": 1, "runPluginTask": 1}
    assert_nothing_else(loaded, OURS_WHERE_IT_ASKS, OF_PYTHON_WHERE_IT_ASKS)
    assert {name for name in loaded if name.partition(".")[0] in OURS} == set(HOOK_MODULES)


def test_a_hook_that_asks_for_nothing_makes_no_request_at_all(world: World) -> None:
    switch_off(world)
    assert run(world, hook(1)).output == "ok"
    assert (world.stash.requests, world.plex.requests) == ([], [])


@pytest.mark.skipif(sys.platform == "win32", reason="rights are another matter there")
def test_what_is_kept_can_be_read_by_its_owner_only(world: World) -> None:
    world.settings["manual_drain"] = True
    scene_id = world.add_film("one", title="One", plex={})
    assert run(world, hook(scene_id)).output == "ok"
    for mode in ("reconcile_all", "process_queue", "preview"):
        assert run(world, {"mode": mode}).exit_status == 0
    assert stat.S_IMODE(world.data_dir.stat().st_mode) == 0o700
    databases = [path for path in world.data_dir.iterdir() if ".db" in path.name]
    assert {path.name for path in databases} >= {"queue.db", "state.db"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in databases} == {0o600}


def secrets(world: World) -> list[str]:
    """The token, and every session that Stash gave to the plugin."""
    return [TOKEN, *world.stash.sessions._issued]


def test_token_and_session_are_in_no_file_and_in_no_line_of_the_log(world: World) -> None:
    scene_id = world.add_film("one", title="One", plex={})
    runs = [world.stash.fire_hook("Scene.Update.Post", scene_id), *world.stash.wait_for_jobs()]
    runs += [world.stash.run_task(task) for task in (ALL, DRAIN, "Preview Sync (Dry Run)", "Queue Status")]
    world.plex.faults.add("status", code=401)
    world.stash.faults.add("status", "runPluginTask", code=500)
    runs += [world.stash.fire_hook("Scene.Update.Post", scene_id), world.stash.run_task(DRAIN)]
    assert all(run.log for run in runs[1:2])
    folders = (world.data_dir, world.reports)
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"queue.db", "state.db", "preview.html"}
    assert len(secrets(world)) > len(runs)
    told = "".join(log_text(run) + run.stdout.decode() for run in runs)
    for secret in secrets(world):
        assert secret not in told
        for path in files:
            assert secret.encode() not in path.read_bytes(), path.name


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux")
def test_token_and_session_are_not_in_the_process_list(world: World) -> None:
    world.add_film("one", title="One", plex={})
    fault = world.plex.faults.add("hang", "/library/sections", times=1)
    task = start(world, {"mode": "reconcile_all"})
    assert fault.arrived.wait(30)
    world.stash.faults.add("hang", "runPluginTask", times=1)
    hooked = start(world, hook(1))
    until(world.stash.faults.reached.is_set)
    for process in (task, hooked):
        for name in ("cmdline", "environ"):
            shown = Path(f"/proc/{process.pid}/{name}").read_bytes()
            assert shown
            for secret in secrets(world):
                assert secret.encode() not in shown
    world.plex.faults.clear()
    world.stash.faults.clear()
    assert [process.wait(60).exit_status for process in (task, hooked)] == [0, 0]
    world.stash.wait_for_jobs()
