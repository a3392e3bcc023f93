"""A set-up is looked at before any of it is saved, by the code of the tasks, and nothing is changed by it."""

from __future__ import annotations

from typing import Any

import pytest

from sync_queue.drain_request import OFF_MARK
from tests.builders.entry import Here
from tests.builders.operation import Operations
from tests.operations.test_sign_in import a_sign_in_that_is_done, account
from tests.servers.account.server import AccountServer
from tests.servers.world import TOKEN, World

__all__ = ["account"]

ASKING = ("check_setup", "libraries", "path_map")


def some_films(world: World, count: int = 3, **scene: Any) -> None:
    for number in range(count):
        world.add_film(f"film {number}", 1000 + number, details="About it", plex={"title": "x"}, **scene)


def unset(world: World, *keys: str) -> dict[str, Any]:
    """Take these settings away; what a person would type to have them back."""
    return {key: world.settings.pop(key) for key in keys}


def test_a_set_up_that_is_not_saved_is_checked_as_the_task_checks_a_saved_one(
    operations: Operations, here: Here
) -> None:
    some_films(operations.world)
    task = here.run({"mode": "check_setup"})
    operations.world.settings["tags_as"] = "colours"
    unset(operations.world, "path_map")
    typed = {
        **unset(operations.world, "plex_url", "plex_token"),
        "path_map": [["/data", "/media"]],
        "tags_as": None,
    }
    findings = operations.result("check_setup", settings=typed)["findings"]
    told = {(line.level, line.text) for line in task.lines if line.level in ("info", "warning", "error")}
    of_the_task_alone = {"Looking for some scenes", "Everything is right", "Nothing is wrong"}
    assert {(finding["level"], finding["text"]) for finding in findings} == {
        (level, text) for level, text in told if not text.startswith(tuple(of_the_task_alone))
    }


def test_each_finding_names_the_setting_that_it_is_about(operations: Operations) -> None:
    typed = {"path_map": "/data", "plex_library": ["Fims"], "parallel_writes": 9}
    findings = operations.result("check_setup", settings=typed)["findings"]
    wrong = {finding["setting"] for finding in findings if finding["level"] != "info"}
    assert {"path_map", "plex_library", "parallel_writes"} <= wrong
    assert all(finding["setting"] is None for finding in findings if finding["level"] == "info")


def test_a_check_changes_nothing_not_even_whether_hooks_ask_for_a_drain(operations: Operations) -> None:
    world = operations.world
    world.data_dir.mkdir()
    some_films(world)
    before = dict(world.settings)
    for name in ASKING:
        operations.result(name, settings={"manual_drain": True, "tags_as": "labels"})
    assert world.settings == before
    assert not (world.data_dir / OFF_MARK).exists()
    assert list(world.data_dir.iterdir()) == []
    assert world.plex.writes == []
    assert "configurePlugin" not in world.stash.request_counts()


@pytest.mark.parametrize("name", ASKING)
def test_a_token_that_was_not_saved_is_used_and_told_to_nobody(
    operations: Operations, account: AccountServer, name: str
) -> None:
    some_films(operations.world)
    unset(operations.world, "plex_token")
    account.token = TOKEN
    a_sign_in_that_is_done(operations, account)
    for typed in ({"use_sign_in": True}, {"settings": {"plex_token": f"X-Plex-Token={TOKEN}"}}):
        told = operations.told(name, **typed)
        assert "result" in told.answer["output"]
        assert TOKEN not in told.stdout
        assert not [line for line in told.lines if TOKEN in line.text]
    assert "plex_token" not in operations.world.settings


@pytest.mark.parametrize("name", ["libraries", "path_map"])
@pytest.mark.parametrize(
    ("typed", "setting", "words"),
    [
        ({"plex_url": None}, "plex_url", "is not set"),
        ({"plex_url": "ftp://plex"}, "plex_url", "is not a web address"),
        ({"plex_token": ""}, "plex_token", "is not set"),
        ({"plex_token": "wrong"}, "plex_token", "does not accept the token"),
        ({"plex_url": "http://127.0.0.1:9"}, "plex_url", "cannot be reached"),
    ],
)
def test_settings_that_lead_to_no_plex_are_a_problem_that_names_the_setting(
    operations: Operations, name: str, typed: dict[str, Any], setting: str, words: str
) -> None:
    problem = operations.problem(name, settings=typed)
    assert problem["setting"] == setting
    assert words in problem["text"]


def test_every_library_is_listed_with_what_it_is_for_and_whether_it_is_chosen(operations: Operations) -> None:
    world = operations.world
    some_films(world)
    world.plex.library.add_section("Series", type="show", locations=("/media/Series",))
    shows = operations.result("libraries", settings={"plex_library": ["films"]})["libraries"]
    assert [(one["title"], one["type"], one["items"], one["is_chosen"]) for one in shows] == [
        ("Films", "movie", 3, True),
        ("Clips", "movie", 0, False),
        ("Series", "show", None, False),
    ]
    assert shows[0]["locations"] == ["/media/Films"]
    everything = operations.result("libraries")["libraries"]
    assert [one["is_chosen"] for one in everything] == [True, True, False]


def test_a_path_map_is_suggested_from_the_files_that_both_have(operations: Operations) -> None:
    some_films(operations.world, 12)
    unset(operations.world, "path_map")
    help = operations.result("path_map")
    assert help["stash_folders"] == ["/data"]
    assert help["plex_folders"] == ["/media/Films", "/media/Clips"]
    assert (help["pairs"], help["suggested"]) == ([], [{"stash": "/data", "plex": "/media"}])
    assert len(help["samples"]) == 10
    sample = help["samples"][0]
    assert (sample["level"], sample["level_words"]) == ("name_and_size", "by file name and size")
    assert sample["cover"] == f"/scene/{sample['scene_id']}/screenshot"
    assert sample["plex_path_looked_for"] == sample["file"]
    assert sample["item"]["library"] == "Films"
    assert sample["item"]["file"] == sample["file"].replace("/data", "/media")


def test_with_the_suggested_map_typed_in_every_sample_matches_by_its_path(operations: Operations) -> None:
    some_films(operations.world)
    unset(operations.world, "path_map")
    suggested = operations.result("path_map")["suggested"]
    pairs = [[pair["stash"], pair["plex"]] for pair in suggested]
    help = operations.result("path_map", settings={"path_map": pairs})
    assert (help["pairs"], help["suggested"]) == (suggested, [])
    assert {sample["level"] for sample in help["samples"]} == {"exact"}


@pytest.mark.parametrize(("seconds", "scenes"), [(-1.0, 10), (60.0, 30)])
def test_a_slow_plex_is_asked_for_fewer_scenes_and_never_for_too_few(
    operations: Operations, monkeypatch: pytest.MonkeyPatch, seconds: float, scenes: int
) -> None:
    monkeypatch.setattr("operations.setup.SCENES", 30)
    monkeypatch.setattr("operations.setup.SECONDS", seconds)
    some_films(operations.world, 40)
    findings = operations.result("check_setup")["findings"]
    assert any(
        f"Of {scenes} scenes from all over Stash, found by path: {scenes}" in one["text"] for one in findings
    )
    assert len(operations.result("path_map")["samples"]) == 10


def test_where_a_reconcile_has_found_the_files_plex_is_not_asked_for_their_names(
    operations: Operations, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plex.item_finder.PAGE_SIZE", 1)
    some_films(operations.world, 40)

    def asked_by_name() -> int:
        operations.world.clear_requests()
        samples = operations.result("path_map")["samples"]
        assert {sample["level"] for sample in samples} == {"exact"}
        return sum("file" in request.query for request in operations.world.plex.requests)

    assert asked_by_name() >= 20
    here.reconcile()
    assert asked_by_name() == 0
    operations.world.plex.library.machine_identifier = "another server"
    assert asked_by_name() >= 20


def test_where_plex_has_none_of_the_files_the_names_of_folders_tell_the_map(operations: Operations) -> None:
    world = operations.world
    unset(world, "path_map")
    world.add_film("one", details="About it")
    help = operations.result("path_map")
    assert help["suggested"] == [{"stash": "/data", "plex": "/media"}]
    (sample,) = help["samples"]
    assert (sample["level"], sample["item"]) == ("none", None)


def test_a_wrong_setting_elsewhere_does_not_keep_the_map_from_being_found(operations: Operations) -> None:
    some_films(operations.world)
    typed = {"path_map": "/data", "tags_as": "colours", "plex_library": ["Fims"]}
    help = operations.result("path_map", settings=typed)
    assert help["suggested"] == [{"stash": "/data", "plex": "/media"}]


def test_both_servers_are_told_with_the_libraries(operations: Operations) -> None:
    some_films(operations.world)
    operations.world.settings["plex_library"] = "Films"
    servers = operations.result("servers")
    plex = operations.world.plex
    assert servers["stash"]["version"].count(".") == 2
    assert servers["stash"]["address"] == f"http://127.0.0.1:{operations.world.stash.port}"
    assert servers["plex"]["is_owner"] is True
    assert servers["plex"]["address"] == plex.url
    assert servers["plex"]["machine_identifier"] == plex.library.machine_identifier
    assert [(one["title"], one["items"], one["is_chosen"]) for one in servers["libraries"]] == [
        ("Films", 3, True),
        ("Clips", 0, False),
    ]
    assert servers["problem"] is None
    assert not operations.world.data_dir.exists()


def test_a_plex_that_does_not_answer_leaves_what_can_be_told_of_stash(operations: Operations) -> None:
    operations.world.settings["plex_url"] = "http://127.0.0.1:9"
    servers = operations.result("servers")
    assert (servers["plex"], servers["libraries"]) == (None, [])
    assert servers["problem"]["setting"] == "plex_url"
    operations.world.settings["path_map"] = "/data"
    assert operations.result("servers")["problem"]["setting"] == "path_map"


def test_how_many_items_of_a_library_are_in_sync_is_told_once_a_reconcile_has_counted(
    operations: Operations, here: Here
) -> None:
    some_films(operations.world)

    def in_sync() -> list[int | None]:
        return [library["in_sync"] for library in operations.result("servers")["libraries"]]

    assert in_sync() == [None, None]
    here.reconcile()
    assert in_sync() == [0, 0]
    here.drain()
    assert in_sync() == [3, 0]
    operations.world.stash.library.update_scene(2, details="Edited since")
    here.reconcile()
    assert in_sync() == [2, 0]


def test_a_guest_of_the_server_is_told_apart_from_its_owner(operations: Operations) -> None:
    operations.world.plex.guest_token = "guest"
    operations.world.settings["plex_token"] = "guest"
    assert operations.result("servers")["plex"]["is_owner"] is False


@pytest.mark.parametrize("name", ["servers", "settings", *ASKING])
def test_a_stash_that_does_not_answer_is_a_problem_in_words(operations: Operations, name: str) -> None:
    operations.world.stash.faults.add("status")
    assert "Stash answered" in operations.problem(name)["text"]
