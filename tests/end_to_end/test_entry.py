"""The plugin as Stash runs it: a process with JSON on its standard input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stash.log import IN_THE_LOG
from tests.builders.bench import Bench
from tests.servers.stash.process_run import PluginResult
from tests.servers.world import ROOT, World, log_text

pytestmark = pytest.mark.whole_processes

ALL, RECENT, DRAIN = "Reconcile Library (All)", "Reconcile Library (Recent)", "Process Queue"


def queued(world: World) -> list[int]:
    """The scenes that wait in the queue."""
    bench = Bench(world)
    scenes = [job.scene_id for job in bench.waiting()]
    bench.manager.close()
    return scenes


def assert_failed(result: PluginResult, *words: str) -> None:
    """The reason is in the log, the answer says that there is one, and the status says it, too."""
    assert result.exit_status == 1
    assert json.loads(result.stdout) == {"error": IN_THE_LOG}
    errors = result.messages("error")
    assert errors
    for word in words:
        assert any(word in error for error in errors)
    assert "Traceback" not in "\n".join(errors)


def test_reconcile_and_process_queue_bring_a_scene_to_plex(world: World) -> None:
    world.add_film("one", details="Text", studio=world.studio_id("Lake House"), plex={})
    found = world.stash.run_task(ALL)
    assert (found.exit_status, json.loads(found.stdout)) == (0, {"output": "ok"})
    assert "Gaps found: 1" in log_text(found, "info")
    assert world.item("one").summary == ""
    written = world.stash.run_task(DRAIN)
    assert (written.exit_status, written.error) == (0, None)
    assert (world.item("one").summary, world.item("one").studio) == ("Text", "Lake House")
    assert "Gaps found: 0" in log_text(world.stash.run_task(RECENT), "info")


def test_process_queue_with_nothing_to_do_says_so(world: World) -> None:
    result = world.stash.run_task(DRAIN)
    assert (result.exit_status, json.loads(result.stdout)) == (0, {"output": "ok"})
    assert "empty" in log_text(result, "info")


def test_an_unknown_mode_is_an_error_with_the_modes_that_exist(world: World) -> None:
    assert_failed(world.stash.run_plugin({"mode": "tidy_up"}), "tidy_up", "reconcile_all", "process_queue")


def test_nothing_on_standard_input_is_one_clear_error(world: World) -> None:
    assert_failed(world.stash.run_plugin({}, raw_stdin=b""), "empty")


def test_a_hook_queues_its_scene_and_answers_with_output(world: World) -> None:
    for hook_type in ("Scene.Create.Post", "Scene.Update.Post"):
        scene_id = world.add_film(hook_type, details="Text", plex={})
        result = world.stash.fire_hook(hook_type, scene_id, {"id": str(scene_id), "title": None})
        assert (result.exit_status, result.error) == (0, None)
        assert set(json.loads(result.stdout)) == {"output"}
        world.stash.wait_for_jobs()
        assert world.item(hook_type).summary == "Text"


def hook_input(scene_id: int, connection: Any = None) -> bytes:
    context = {"id": scene_id, "type": "Scene.Update.Post", "input": None}
    return json.dumps({"server_connection": connection, "args": {"hookContext": context}}).encode()


def test_a_hook_without_a_connection_is_queued_all_the_same(world: World) -> None:
    scene_id = world.add_film("one", details="Text")
    result = world.stash.run_plugin({}, raw_stdin=hook_input(scene_id))
    assert_failed(result, "server_connection")
    assert queued(world) == [scene_id]


def test_a_hook_makes_no_request_to_plex(world: World) -> None:
    scene_id = world.add_film("one", details="Text", plex={})
    world.plex.close()
    assert world.stash.fire_hook("Scene.Update.Post", scene_id).error is None


def test_a_hook_imports_none_of_the_heavy_packages(world: World, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-X", "importtime", str(ROOT / "Stash2Plex.py")],
        input=hook_input(1, world.stash.server_connection()),
        env={**os.environ, "STASH2PLEX_DATA_DIR": str(tmp_path / "new")},
        capture_output=True,
        timeout=60,
        check=False,
    )
    imported = {
        line.rpartition("|")[2].strip().partition(".")[0]
        for line in run.stderr.decode().splitlines()
        if line.startswith("import time:")
    }
    assert run.returncode == 0
    assert [path.name for path in (tmp_path / "new").glob("hooks.*")]
    assert "sync_queue" in imported
    assert not imported & {"pydantic", "requests", "plexapi", "stashapi", "asyncio"}


def test_a_data_folder_that_cannot_be_used_is_named_with_what_to_do(world: World) -> None:
    world.data_dir.write_text("a file where the folder should be")
    hook = world.stash.fire_hook("Scene.Update.Post", 1)
    assert_failed(hook, str(world.data_dir), "STASH2PLEX_DATA_DIR")
    drain = world.stash.run_task(DRAIN)
    assert drain.exit_status == 1
    assert any("STASH2PLEX_DATA_DIR" in line for line in drain.messages("error"))
    assert world.data_dir.read_text() == "a file where the folder should be"


@pytest.mark.parametrize("package", ["stashapi", "pydantic", "plexapi"])
def test_a_missing_package_is_named_with_the_command_that_installs_it(
    tmp_path: Path, package: str, world: World
) -> None:
    """A package of the same name that is found first says that it is not there."""
    folder = tmp_path / "first"
    folder.mkdir()
    text = f"raise ModuleNotFoundError({package!r}, name={package!r})"
    (folder / f"{package}.py").write_text(text)
    stdin = {"server_connection": world.stash.server_connection(), "args": {"mode": "reconcile_all"}}
    run = subprocess.run(
        [sys.executable, str(ROOT / "Stash2Plex.py")],
        input=json.dumps(stdin).encode(),
        env={**os.environ, "PYTHONPATH": str(folder), "STASH2PLEX_DATA_DIR": str(world.data_dir)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, json.loads(run.stdout)) == (1, {"error": IN_THE_LOG})
    (error,) = (line for line in run.stderr.decode().splitlines() if line.startswith("\x01e\x02"))
    assert package in error
    assert "pip install" in error
    assert "requirements.txt" in error
    assert b"Traceback" not in run.stderr
