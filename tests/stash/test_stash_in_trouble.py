"""Whose fault it is that scenes cannot be read: the trouble of Stash is never held against a scene."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stash import scene_pages as stash_scene_pages
from stash import session as stash_session
from stash.client import Stash
from stash.exceptions import EntityUnusable, StashAnswerInvalid, StashError, StashUnavailable
from tests.servers.stash.library import StashLibrary
from tests.servers.stash.server import StashServer
from validation.plugin_input import parse_connection

pytestmark = pytest.mark.unmeasured

TROUBLES = (
    "sql: database is closed",
    "attempt to write a readonly database",
    "context canceled",
    "disk I/O error",
    "database disk image is malformed",
    "unable to open database file",
)
Content = dict[str, Any]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StashServer]:
    monkeypatch.setattr(stash_scene_pages, "PAGE_SIZE", 4)
    monkeypatch.setattr(stash_session, "LOCKED_RETRIES", 1)
    library = StashLibrary()
    studio = library.add_studio("Harbour")
    for number in range(1, 11):
        library.add_scene(title=f"Clip {number}", studio=studio.id, files=((f"/data/{number}.mp4", number),))
    with StashServer(library) as server:
        yield server
        assert server.crashes == []


@pytest.fixture
def stash(server: StashServer) -> Stash:
    stash = Stash(parse_connection(server.server_connection()))
    server.clear_requests()
    return stash


def answer(
    server: StashServer, change: Callable[[Content], Any], match: str = "findScene", **how: Any
) -> None:
    """Change the answers in place."""

    def changed(content: Content) -> Any:
        change(content)
        return content

    server.faults.add("change", match, change=changed, **how)


def titles(found: dict[int, Any]) -> dict[int, str | None]:
    return {scene_id: one and one.title for scene_id, one in found.items()}


@pytest.mark.parametrize("message", TROUBLES)
@pytest.mark.parametrize("count", [1, 2, 7, 50])
def test_where_no_scene_can_be_read_it_is_stash_that_is_in_trouble(
    server: StashServer, stash: Stash, message: str, count: int
) -> None:
    server.faults.add("graphql_error", "findScene", message=message)
    with pytest.raises(StashUnavailable, match=message):
        stash.scenes_by_id(range(1, count + 1))
    assert len(server.requests) < 30


@pytest.mark.parametrize("after", range(4))
@pytest.mark.parametrize("times", range(1, 9))
def test_trouble_that_comes_and_goes_is_held_against_no_scene(
    server: StashServer, stash: Stash, after: int, times: int
) -> None:
    server.failing_scenes.add(3)
    server.faults.add("graphql_error", "findScene", times, after=after, message="disk I/O error")
    try:
        found, malformed = stash.scenes_by_id([1, 2, 3, 4, 5])
    except StashUnavailable:
        return
    assert titles(found) == {n: f"Clip {n}" for n in (1, 2, 4, 5)}
    assert list(malformed) == [3]


def test_a_scene_that_stash_cannot_read_is_named_with_stashs_own_words(
    server: StashServer, stash: Stash
) -> None:
    server.failing_scenes.update({2, 3})
    found, malformed = stash.scenes_by_id([1, 2, 3, 4])
    assert titles(found) == {1: "Clip 1", 4: "Clip 4"}
    assert [str(malformed[n]) for n in (2, 3)] == [
        f"Scene {n}: Stash could not read it (reading scene {n}: disk image is malformed);"
        " open and save it in Stash."
        for n in (2, 3)
    ]


@pytest.mark.parametrize("scene_id", [1, 5, 10])
def test_a_scene_that_is_asked_for_alone_is_unreadable_only_where_another_one_can_be_read(
    server: StashServer, stash: Stash, scene_id: int
) -> None:
    server.failing_scenes.add(scene_id)
    assert list(stash.scenes_by_id([scene_id])[1]) == [scene_id]
    server.failing_scenes.update(range(1, 11))
    with pytest.raises(StashUnavailable, match="malformed"):
        stash.scenes_by_id([scene_id])


def test_a_scene_far_from_all_others_is_unreadable_where_one_of_them_can_be_read(
    server: StashServer, stash: Stash
) -> None:
    server.library.skip_scene_ids(70_000)
    lonely = server.library.add_scene(title="Far away")
    server.malformed_scenes[lonely.id] = lambda scene: scene.update(files=None)
    assert list(stash.scenes_by_id([lonely.id])[1]) == [lonely.id]


def test_a_null_beside_an_error_is_no_deleted_scene(server: StashServer, stash: Stash) -> None:
    def spoil(content: Content) -> None:
        content["data"]["s1"] = None
        content["errors"] = [{"message": "context deadline exceeded", "path": ["s1"]}]

    answer(server, spoil, times=1)
    found, malformed = stash.scenes_by_id([1, 2, 3])
    assert (titles(found), malformed) == ({1: "Clip 1", 2: "Clip 2", 3: "Clip 3"}, {})


def test_a_null_for_all_scenes_beside_an_error_is_trouble(server: StashServer, stash: Stash) -> None:
    def spoil(content: Content) -> None:
        content["data"] = dict.fromkeys(content["data"])
        content["errors"] = [
            {"message": "sql: database is closed", "path": [name]} for name in content["data"]
        ]

    answer(server, spoil)
    with pytest.raises(StashUnavailable, match="database is closed"):
        stash.scenes_by_id([1, 2, 3])


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_scene_that_an_answer_leaves_out_is_not_deleted(
    server: StashServer, stash: Stash, left: int
) -> None:
    def spoil(content: Content) -> None:
        content["data"] = dict(list(content["data"].items())[:left])

    answer(server, spoil)
    with pytest.raises(StashAnswerInvalid, match="leaves out"):
        stash.scenes_by_id([1, 2, 3])


def test_a_deleted_scene_is_none(server: StashServer, stash: Stash) -> None:
    server.library.destroy_scene(2)
    assert titles(stash.scenes_by_id([1, 2, 99])[0]) == {1: "Clip 1", 2: None, 99: None}


@pytest.mark.parametrize("nulled", [("s0",), ("s1", "s2"), ("s0", "s1", "s2")])
def test_a_null_without_an_error_is_a_deleted_scene_only_where_stash_counts_none_of_its_id(
    server: StashServer, stash: Stash, nulled: tuple[str, ...]
) -> None:
    def spoil(content: Content) -> None:
        if all("id" in (one or {}) for one in content["data"].values()):
            content["data"].update(dict.fromkeys(nulled))

    answer(server, spoil)
    with pytest.raises(StashAnswerInvalid, match="both that it is there and that it is not"):
        stash.scenes_by_id([1, 2, 3])


def test_a_scene_in_anothers_place_is_never_taken_for_it(server: StashServer, stash: Stash) -> None:
    def swap(content: Content) -> None:
        if "s1" in content["data"]:
            content["data"]["s0"], content["data"]["s1"] = content["data"]["s1"], content["data"]["s0"]

    answer(server, swap)
    found, malformed = stash.scenes_by_id([1, 2, 3])
    assert (titles(found), malformed) == ({1: "Clip 1", 2: "Clip 2", 3: "Clip 3"}, {})


@pytest.mark.parametrize("value", [None, {}, "", "x", 7])
def test_where_every_scene_is_unusable_nothing_is_concluded_about_any(
    server: StashServer, stash: Stash, value: Any
) -> None:
    for scene_id in range(1, 11):
        server.malformed_scenes[scene_id] = lambda scene: scene.update(files=value)
    for ids in ([1], [1, 2, 3]):
        with pytest.raises(StashAnswerInvalid, match="no usable scene"):
            stash.scenes_by_id(ids)
    with pytest.raises(StashAnswerInvalid, match="no usable scene"):
        list(stash.pages())


def test_scenes_that_are_unusable_all_together_are_named_where_others_are_well(
    server: StashServer, stash: Stash
) -> None:
    for scene_id in (5, 6, 7, 8):
        server.malformed_scenes[scene_id] = lambda scene: scene.update(date="next summer")
    found, malformed = stash.scenes_by_id([5, 6])
    assert (found, list(malformed)) == ({}, [5, 6])
    pages = list(stash.pages())
    assert [scene.id for page in pages for scene in page.scenes] == [1, 2, 3, 4, 9, 10]
    assert [one.scene_id for page in pages for one in page.unusable] == ["5", "6", "7", "8"]


def test_the_files_of_a_scene_that_is_unusable_otherwise_are_known(server: StashServer, stash: Stash) -> None:
    server.malformed_scenes[2] = lambda scene: scene.update(date="next summer")
    server.malformed_scenes[3] = lambda scene: scene["files"][0].update(size="large")
    pages = list(stash.pages())
    files = {one.scene_id: one.files for page in pages for one in page.unusable}
    assert files["3"] is None
    assert [(file.path, file.size) for file in files["2"] or ()] == [("/data/2.mp4", 2)]


# What names a performer, studio, tag or group


def test_a_studio_that_stash_cannot_answer_for_is_named_while_other_reads_go_well(
    server: StashServer, stash: Stash
) -> None:
    studio = server.library.add_studio("Loop").id
    server.faults.add(
        "graphql_error", message="recursive studio", when=lambda asked: "studios" in asked["where"]
    )
    with pytest.raises(EntityUnusable, match="recursive studio") as raised:
        stash.scene_ids_with("studio", studio)
    assert (raised.value.entity, raised.value.entity_id) == ("studio", studio)


@pytest.mark.parametrize("message", TROUBLES)
def test_trouble_of_stash_is_no_studios(server: StashServer, stash: Stash, message: str) -> None:
    server.faults.add("graphql_error", "findScenes", message=message)
    with pytest.raises(StashUnavailable, match=message):
        stash.scene_ids_with("studio", 1)


def test_trouble_that_passes_is_no_studios(server: StashServer, stash: Stash) -> None:
    for times in (1, 2, 3):
        server.faults.add("graphql_error", "findScenes", times, message="context canceled")
        try:
            assert len(stash.scene_ids_with("studio", 1)) == 10
        except StashUnavailable:
            continue


def test_a_scene_that_stash_cannot_read_does_not_hide_the_others_of_its_studio(
    server: StashServer, stash: Stash
) -> None:
    server.failing_scenes.update({1, 4, 5, 10})
    assert stash.scene_ids_with("studio", 1) == list(range(1, 11))


@pytest.mark.parametrize("kind", ["gallery", "", "scene", "Studio", "marker"])
def test_a_kind_that_this_version_does_not_know_is_named(stash: Stash, kind: str) -> None:
    with pytest.raises(EntityUnusable, match="this version"):
        stash.scene_ids_with(kind, 1)


@pytest.mark.parametrize("entry", [None, {}, {"id": None}, {"id": "x"}, 7])
def test_an_entry_without_an_id_does_not_hide_the_other_scenes_of_a_studio(
    server: StashServer, stash: Stash, entry: Any
) -> None:
    def spoil(content: Content) -> None:
        if "scenes" in content["data"]["findScenes"]:
            content["data"]["findScenes"]["scenes"][4] = entry

    answer(server, spoil, "findScenes")
    assert stash.scene_ids_with("studio", 1) == [1, 2, 3, 4, 6, 7, 8, 9, 10]


@pytest.mark.parametrize(
    "data", [None, {}, {"findScenes": None}, {"findScenes": {"scenes": None}}, {"other": 1}]
)
def test_an_answer_with_nothing_in_it_says_nothing_about_any_scene(
    server: StashServer, stash: Stash, data: Any
) -> None:
    answer(server, lambda content: content.update(data=data), "findScenes")
    for read in (
        lambda: list(stash.pages()),
        lambda: stash.scene_ids_with("studio", 1),
        lambda: stash.sample_ids(3),
        stash.count_scenes,
    ):
        with pytest.raises(StashError):
            read()
