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
from tests.builders.entry import Here
from tests.servers.stash.process_run import PluginResult
from tests.servers.world import ROOT, TOKEN, World, log_text

pytestmark = pytest.mark.measured

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


def test_a_second_process_queue_beside_a_running_one_leaves_the_work_to_it(world: World) -> None:
    world.add_film("one", details="Text", plex={})
    world.stash.run_task(ALL)
    fault = world.plex.faults.add("hang", "/library/sections/1/all", method="PUT", times=1)
    job = world.stash.start_task(DRAIN)
    assert fault.arrived.wait(30)
    second = world.stash.run_plugin({"mode": "process_queue"})
    assert (second.exit_status, second.error) == (0, None)
    assert "already running" in log_text(second, "info")
    world.plex.faults.clear()
    assert world.stash.wait_for_job(job).exit_status == 0
    assert world.item("one").summary == "Text"
    assert len(world.plex.writes) == 1


def test_a_drain_that_is_cancelled_in_stash_loses_no_job(world: World) -> None:
    world.add_film("one", details="Text", plex={})
    world.stash.run_task(ALL)
    fault = world.plex.faults.add("hang", "/library/sections/1/all", method="PUT", times=1)
    job = world.stash.start_task(DRAIN)
    assert fault.arrived.wait(30)
    world.stash.plugins.stop_job(job)
    assert world.stash.wait_for_job(job).status == "CANCELLED"
    world.plex.faults.clear()
    assert world.stash.run_task(DRAIN).exit_status == 0
    assert world.item("one").summary == "Text"
    assert queued(world) == []


def test_an_unknown_mode_is_an_error_with_the_modes_that_exist(world: World) -> None:
    assert_failed(world.stash.run_plugin({"mode": "tidy_up"}), "tidy_up", "reconcile_all", "process_queue")


@pytest.mark.parametrize(
    ("stdin", "word"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"mode=reconcile", "JSON"),
        (b"\xff\xfe\x00", "JSON"),
        (b'["a list"]', "object"),
        (b'{"server_connection": {"Port": 1}, "args": null}', "args"),
        (b'{"server_connection": {"Port": 1}}', "args"),
        (b'{"args": {"mode": "reconcile_all"}}', "server_connection"),
        (b'{"server_connection": null, "args": {"mode": "reconcile_all"}}', "server_connection"),
    ],
)
def test_input_that_is_not_stashs_is_one_clear_error(world: World, stdin: bytes, word: str) -> None:
    assert_failed(world.stash.run_plugin({}, raw_stdin=stdin), word)


@pytest.mark.parametrize("hook_type", ["Scene.Create.Post", "Scene.Update.Post"])
def test_a_hook_queues_its_scene_and_answers_with_output(world: World, hook_type: str) -> None:
    scene_id = world.add_film("one", details="Text", plex={})
    result = world.stash.fire_hook(hook_type, scene_id, {"id": str(scene_id), "title": None})
    assert (result.exit_status, result.error) == (0, None)
    assert set(json.loads(result.stdout)) == {"output"}
    world.stash.wait_for_jobs()
    world.stash.run_task(DRAIN)
    assert world.item("one").summary == "Text"


def hook_input(scene_id: int, connection: Any = None) -> bytes:
    context = {"id": scene_id, "type": "Scene.Update.Post", "input": None}
    return json.dumps({"server_connection": connection, "args": {"hookContext": context}}).encode()


def test_a_hook_without_a_connection_is_queued_all_the_same(world: World) -> None:
    scene_id = world.add_film("one", details="Text")
    result = world.stash.run_plugin({}, raw_stdin=hook_input(scene_id))
    assert_failed(result, "server_connection")
    assert queued(world) == [scene_id]


@pytest.mark.parametrize("settings", [{}, {"plex_url": "nonsense", "path_map": "?"}])
def test_a_hook_is_queued_whatever_the_settings_are(world: World, settings: dict[str, Any]) -> None:
    scene_id = world.add_film("one", details="Text", plex={})
    good = dict(world.settings)
    world.stash.plugin_settings["Stash2Plex"] = settings
    assert world.stash.fire_hook("Scene.Update.Post", scene_id).exit_status == 0
    world.stash.wait_for_jobs()
    world.stash.plugin_settings["Stash2Plex"] = good
    world.stash.run_task(DRAIN)
    assert world.item("one").summary == "Text"


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


def test_wrong_settings_are_all_told_at_once_by_their_names(world: World) -> None:
    world.settings.update({"plex_url": "ftp://x", "plex_token": "", "path_map": "/data"})
    result = world.stash.run_task(ALL)
    assert_failed(result, "“Plex URL”", "“Plex token”", "“Path map”")
    assert len(result.messages("error")) == 3


def test_a_setting_that_is_not_known_is_only_a_warning(world: World) -> None:
    world.settings["plex_colour"] = "blue"
    result = world.stash.run_task(ALL)
    assert result.exit_status == 0
    assert any("plex_colour" in line for line in result.messages("warning"))


FAULTS: dict[str, dict[str, Any]] = {
    "unauthorized": {"kind": "status", "code": 401},
    "not found": {"kind": "status", "code": 404},
    "broken": {"kind": "status", "code": 500},
    "starting": {"kind": "status", "code": 503},
    "redirect": {"kind": "status", "code": 302, "headers": {"Location": f"http://127.0.0.1:9/?t={TOKEN}"}},
    "echo": {"kind": "status", "code": 400, "body": f"<h1>no {TOKEN} here</h1>".encode()},
    "refused": {"kind": "refuse"},
    "cut off": {"kind": "drop"},
    "no xml": {"kind": "invalid_xml"},
}


FAILING = (("/library/metadata", DRAIN), ("/library/sections/1/all", ALL), ("/", DRAIN))


def assert_without_secrets(world: World, told: str) -> None:
    assert TOKEN not in told
    sessions = {request.session for request in world.stash.requests if request.session}
    assert sessions
    assert not [session for session in sessions if session in told]


@pytest.mark.parametrize("fault", FAULTS)
def test_the_token_and_the_cookie_are_in_no_line_however_plex_fails(
    world: World, here: Here, fault: str
) -> None:
    world.add_film("one", details="Text", plex={})
    runs = [here.reconcile()]
    for path, task in FAILING:
        world.plex.faults.clear()
        world.plex.faults.add(path=path, **FAULTS[fault])
        runs.append(here.drain() if task == DRAIN else here.reconcile())
    assert all(run.lines for run in runs)
    for run in runs:
        assert_without_secrets(world, "\n".join([*(line.text for line in run.lines), run.stdout]))


def test_the_token_and_the_cookie_are_in_nothing_that_a_process_writes(world: World) -> None:
    world.add_film("one", details="Text", plex={})
    runs = [world.stash.run_task(ALL)]
    for path, task in FAILING:
        world.plex.faults.clear()
        world.plex.faults.add(path=path, **FAULTS["echo"])
        runs.append(world.stash.run_task(task))
    assert all(run.log for run in runs)
    for run in runs:
        assert_without_secrets(world, log_text(run) + run.stdout.decode())


def test_a_token_typed_into_the_wrong_setting_is_not_repeated(world: World) -> None:
    world.settings["plex_library"] = TOKEN
    result = world.stash.run_task(ALL)
    assert_failed(result, "plex_library")
    assert TOKEN not in log_text(result) + result.stdout.decode()


def test_a_token_in_the_address_is_not_repeated(world: World) -> None:
    world.settings["plex_url"] = f"{world.plex.url}/?X-Plex-Token={TOKEN}"
    world.plex.close()
    result = world.stash.run_task(ALL)
    assert_failed(result, "plex_url")
    assert TOKEN not in log_text(result) + result.stdout.decode()


@pytest.mark.parametrize("task", [ALL, RECENT, DRAIN])
def test_a_stash_that_is_down_is_one_plain_error(world: World, task: str) -> None:
    world.add_film("one", details="Text", plex={})
    world.stash.run_task(ALL)
    connection = world.stash.server_connection()
    in_manifest = world.stash.plugins.plugin().task(task)
    assert in_manifest is not None
    world.stash.stop_listening()
    stdin = json.dumps({"server_connection": connection, "args": dict(in_manifest.default_args)}).encode()
    result = world.stash.run_plugin({}, raw_stdin=stdin)
    assert_failed(result, "Stash cannot be reached")
    assert len(queued(world)) == 1
    world.stash.start_listening()


@pytest.mark.parametrize("task", [ALL, DRAIN])
def test_a_plex_that_is_down_is_one_plain_error_and_every_job_stays(world: World, task: str) -> None:
    world.add_film("one", details="Text", plex={})
    world.stash.run_task(ALL)
    world.plex.close()
    assert_failed(world.stash.run_task(task), "Plex cannot be reached", "plex_url")
    assert len(queued(world)) == 1


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
