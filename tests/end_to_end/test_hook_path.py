"""What a hook costs and leaves behind: Stash waits for it, and others may read what lies around."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sync_queue.drain_request import OFF_MARK
from tests.builders_entry import ALL, DRAIN, hook, run, start, until
from tests.servers.stash_process_run import plugin_input
from tests.servers.world import ROOT, TOKEN, World, log_text

# Everything of ours and of the installed packages that a hook may load.
OURS = {
    "validation": {"exceptions", "plugin_input", "user_log"},
    "sync_queue": {"append", "data_folder", "drain_request", "exclusive"},
}
# What takes the time of a start: none of it is needed to write down a number.
HEAVY = {
    "asyncio",
    "email",
    "http",
    "pydantic",
    "plexapi",
    "requests",
    "socket",
    "ssl",
    "stashapi",
    "urllib3",
}
TELL_MODULES = """
import json, os, runpy, sys
started_with, leave = set(sys.modules), os._exit
def tell_and_leave(status):
    print(json.dumps(sorted(set(sys.modules) - started_with)), file=sys.stderr)
    leave(status)
os._exit = tell_and_leave
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def modules_loaded(world: World) -> set[str]:
    """The modules that a hook loads, those of the interpreter's own start aside."""
    process = subprocess.run(
        [sys.executable, "-c", TELL_MODULES, str(ROOT / "Stash2Plex.py")],
        input=plugin_input(world.stash.server_connection(), hook(1)),
        env={**os.environ, "STASH2PLEX_DATA_DIR": str(world.data_dir)},
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert json.loads(process.stdout) == {"output": "ok"}
    return set(json.loads(process.stderr.decode().strip().split("\n")[-1]))


def switch_off(world: World) -> None:
    """A hook then asks Stash for nothing."""
    world.data_dir.mkdir(mode=0o700)
    (world.data_dir / OFF_MARK).touch(mode=0o600)


def test_a_hook_that_asks_for_nothing_loads_only_the_modules_that_are_named_here(world: World) -> None:
    switch_off(world)
    loaded = modules_loaded(world)
    assert not {name.partition(".")[0] for name in loaded} & HEAVY
    for package, allowed in OURS.items():
        ours = {name.partition(".")[2] for name in loaded if name.startswith(f"{package}.")}
        assert ours <= allowed, f"a hook loads more of {package}"
    foreign = {name.partition(".")[0] for name in loaded} - set(OURS) - set(sys.stdlib_module_names)
    # Measuring coverage is the tests' own doing.
    assert {name for name in foreign if "coverage" not in name} == set()


def test_a_hook_that_asks_stash_loads_no_installed_package_for_it(world: World) -> None:
    loaded = {name.partition(".")[0] for name in modules_loaded(world)}
    assert world.stash.request_counts() == {"jobQueue": 1, "runPluginTask": 1}
    assert not loaded & {"asyncio", "pydantic", "plexapi", "requests", "stashapi", "urllib3"}
    assert "http" in loaded


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
    files = [path for path in world.data_dir.rglob("*") if path.is_file()]
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
