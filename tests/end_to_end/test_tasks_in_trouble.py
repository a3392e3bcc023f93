"""Tasks beside each other, under wrong settings and between servers that fail: all is told, nothing lost."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders.entry import ALL, DRAIN, RECENT, Here, Told, assert_one_plain_error, assert_plain
from tests.servers.world import TOKEN, World, log_text


def arguments_of(world: World, task: str) -> dict[str, str]:
    """What Stash gives to the task by its manifest."""
    in_manifest = world.stash.plugins.plugin().task(task)
    assert in_manifest is not None
    return dict(in_manifest.default_args)


def test_a_second_process_queue_beside_a_running_one_leaves_the_work_to_it(world: World, here: Here) -> None:
    world.add_film("one", details="Text", plex={})
    here.reconcile()
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


def test_a_drain_that_is_cancelled_in_stash_loses_no_job(world: World, here: Here) -> None:
    world.add_film("one", details="Text", plex={})
    here.reconcile()
    fault = world.plex.faults.add("hang", "/library/sections/1/all", method="PUT", times=1)
    job = world.stash.start_task(DRAIN)
    assert fault.arrived.wait(30)
    world.stash.plugins.stop_job(job)
    assert world.stash.wait_for_job(job).status == "CANCELLED"
    # Plex may still carry out what it was sent, and the next drain look in Stash: neither keeps the job.
    assert here.kept() == {1}
    world.plex.faults.clear()
    assert world.stash.run_task(DRAIN).exit_status == 0
    assert world.item("one").summary == "Text"
    assert here.kept() == set()


@pytest.mark.parametrize("settings", [{}, {"plex_url": "nonsense", "path_map": "?"}])
def test_a_hook_is_queued_whatever_the_settings_are(
    world: World, here: Here, settings: dict[str, Any]
) -> None:
    scene_id = world.add_film("one", details="Text", plex={})
    good = dict(world.settings)
    world.stash.plugin_settings["Stash2Plex"] = settings
    assert world.stash.fire_hook("Scene.Update.Post", scene_id).exit_status == 0
    world.stash.wait_for_jobs()
    world.stash.plugin_settings["Stash2Plex"] = good
    assert here.drain().status == 0
    assert world.item("one").summary == "Text"


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
def test_input_that_is_not_stashs_is_one_clear_error(here: Here, stdin: bytes, word: str) -> None:
    assert_one_plain_error(here.run(raw=stdin), word)


def test_wrong_settings_are_all_told_at_once_by_their_names(here: Here) -> None:
    here.world.settings.update({"plex_url": "ftp://x", "plex_token": "", "path_map": "/data"})
    told = here.reconcile()
    assert_plain(told)
    lines = told.texts("error")
    assert len(lines) == 3
    for word in ("“Plex URL”", "“Plex token”", "“Path map”"):
        assert any(word in line for line in lines)


def test_a_setting_that_is_not_known_is_only_a_warning(here: Here) -> None:
    here.world.settings["plex_colour"] = "blue"
    told = here.reconcile()
    assert told.status == 0
    assert any("plex_colour" in line for line in told.texts("warning"))


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


def everything(told: Told) -> str:
    """All that the run wrote."""
    return "\n".join([*(line.text for line in told.lines), told.stdout])


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
        assert_without_secrets(world, everything(run))


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


def test_a_token_typed_into_the_wrong_setting_is_not_repeated(here: Here) -> None:
    here.world.settings["plex_library"] = TOKEN
    told = here.reconcile()
    assert_one_plain_error(told, "plex_library")
    assert_without_secrets(here.world, everything(told))


def test_a_token_in_the_address_is_not_repeated(here: Here) -> None:
    here.world.settings["plex_url"] = f"{here.world.plex.url}/?X-Plex-Token={TOKEN}"
    here.world.plex.close()
    told = here.reconcile()
    assert_one_plain_error(told, "plex_url")
    assert_without_secrets(here.world, everything(told))


@pytest.mark.parametrize("task", [ALL, RECENT, DRAIN])
def test_a_stash_that_is_down_is_one_plain_error(here: Here, task: str) -> None:
    here.world.add_film("one", details="Text", plex={})
    here.reconcile()
    here.world.stash.stop_listening()
    told = here.run(arguments_of(here.world, task))
    assert_one_plain_error(told, "Stash cannot be reached")
    assert here.kept() == {1}
    here.world.stash.start_listening()


@pytest.mark.parametrize("task", [ALL, DRAIN])
def test_a_plex_that_is_down_is_one_plain_error_and_every_job_stays(here: Here, task: str) -> None:
    here.world.add_film("one", details="Text", plex={})
    here.reconcile()
    here.world.plex.close()
    told = here.run(arguments_of(here.world, task))
    assert_one_plain_error(told, "Plex cannot be reached", "plex_url")
    assert here.kept() == {1}
