"""What the page's preview lists beside items: what collections would get, and what would come to Stash."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders.bench import Bench
from tests.builders.operation import Operations
from tests.builders.page import rows_of
from tests.builders.sync import a_picture, changing_requests
from tests.servers.world import World

EVERYTHING = {"collection_details": True, "back_to_stash": "ratings, plays, resume"}
EVENING = 1_760_000_000
KINDS = {"items": "Items in Plex", "collections": "Collections in Plex", "back": "From Plex to Stash"}


@pytest.fixture
def films(world: World) -> list[int]:
    """Two films of a group, never synced; the owner has rated and watched the first in Plex."""
    world.settings.update(EVERYTHING)
    world.stash.library.add_group("Saga", image=a_picture("front"), synopsis="All about it")
    ids = [
        world.add_film(name, title=name, details="Text", groups=[(1, place)], plex={"duration": 3_000_000})
        for place, name in ((2, "one"), (1, "two"))
    ]
    library, key = world.plex.library, world.item("one").rating_key
    world.stash.library.scene(ids[0]).files[0].duration = 3_000.0
    library.watch(key, at=EVENING)
    library.stop_at(key, 600_000, at=EVENING + 60)
    library.rate(key, 8.0, at=EVENING + 61)
    return ids


def preview(operations: Operations) -> dict[str, dict[str, Any]]:
    """Make a preview; the answer for each list. Nothing was sent that changes anything."""
    world = operations.world
    world.clear_requests()
    operations.here.run({"mode": "preview"})
    lists = {kind: operations.result("preview", kind=kind) for kind in KINDS}
    assert [one.method for one in world.plex.requests if one.method not in ("GET", "HEAD")] == []
    assert [one.query for one in world.stash.requests if one.query.startswith("mutation")] == []
    return lists


def changes(row: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {change["title"]: (change["old"], change["new"]) for change in row["changes"]}


def test_before_the_first_sync_all_three_lists_have_rows_and_counts(
    films: list[int], operations: Operations
) -> None:
    lists = preview(operations)
    for kind, answer in lists.items():
        assert answer["kind"] == kind
        assert {one["kind"]: (one["title"], one["count"]) for one in answer["kinds"]} == {
            "items": (KINDS["items"], 2),
            "collections": (KINDS["collections"], 1),
            "back": (KINDS["back"], 1),
        }
    (saga,) = lists["collections"]["rows"]
    assert (saga["scene_id"], saga["title"], saga["file"]) == (None, "Saga", "New in Films, of group 1")
    assert changes(saga) == {
        "summary": ("", "All about it"),
        "poster": (None, "compared with the picture of group 1"),
        "order": (None, "that of group 1"),
    }
    (back,) = lists["back"]["rows"]
    assert (back["scene_id"], back["title"]) == (films[0], "one")
    told = changes(back)
    assert (told["rating"], told["resume time"]) == (("none", "80"), ("none", "600 s"))
    assert (told["plays"][0], len(told["plays"][1])) == ([], 1)


def test_what_the_page_says_beside_the_lists_are_the_words_of_the_log(
    films: list[int], operations: Operations
) -> None:
    operations.world.plex.faults.add("status", "/accounts", code=403)
    told = operations.here.run({"mode": "preview"}).texts("info")
    for kind in KINDS:
        said = operations.result("preview", kind=kind)["said"]
        assert said
        assert set(said) <= set(told)
    assert "token" in operations.result("preview", kind="back")["said"][-1]


def test_a_row_is_gone_when_it_was_written(films: list[int], operations: Operations, bench: Bench) -> None:
    preview(operations)
    operations.here.run({"mode": "bring_back"})
    assert rows_of(operations, "preview", kind="back") == []
    assert len(rows_of(operations, "preview", kind="collections")) == 1
    bench.reconcile()
    bench.drain()
    assert changing_requests(bench)
    for kind in KINDS:
        assert rows_of(operations, "preview", kind=kind) == []


def test_what_came_by_itself_is_gone_and_what_only_the_task_brings_stays(
    films: list[int], operations: Operations
) -> None:
    preview(operations)
    assert "From Plex to Stash: 1 rating, 1 resume time." in operations.here.reconcile().texts("info")
    (row,) = rows_of(operations, "preview", kind="back")
    assert list(changes(row)) == ["plays"]
    assert [one["field"] for one in operations.result("preview", kind="back")["fields"]] == ["plays"]
    operations.here.run({"mode": "bring_back"})
    assert rows_of(operations, "preview", kind="back") == []


def test_a_list_is_searched_and_one_field_of_it_is_shown_alone(
    films: list[int], operations: Operations
) -> None:
    preview(operations)
    for kind, search, fields in (
        ("collections", "SAGA", ("name", "summary", "poster", "order")),
        ("back", "ONE", ("rating", "plays", "resume")),
    ):
        assert len(rows_of(operations, "preview", kind=kind, search=search)) == 1
        assert rows_of(operations, "preview", kind=kind, search="nowhere") == []
        found = {name: len(rows_of(operations, "preview", kind=kind, field=name)) for name in fields}
        counted = {one["field"]: one["count"] for one in operations.result("preview", kind=kind)["fields"]}
        assert {name: count for name, count in found.items() if count} == counted


def test_lists_that_the_settings_do_not_want_are_not_offered(world: World, operations: Operations) -> None:
    world.add_film("one", title="One", details="Text", plex={})
    answer = preview(operations)["items"]
    assert [one["kind"] for one in answer["kinds"]] == ["items"]


def test_an_ignored_scene_is_in_no_list(films: list[int], operations: Operations, bench: Bench) -> None:
    preview(operations)
    operations.result("ignore", scenes=films)
    assert rows_of(operations, "preview", kind="items") == rows_of(operations, "preview", kind="back") == []


def test_the_field_that_is_asked_for_is_named_also_where_nothing_is_left_of_it(
    films: list[int], operations: Operations
) -> None:
    preview(operations)
    fields = operations.result("preview", field="contentRating")["fields"]
    assert {one["title"]: one["count"] for one in fields}["content rating"] == 0
