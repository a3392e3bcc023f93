"""The collections of groups and studios get what Stash has for these, where nobody's hand was there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from plexapi.collection import Collection
from plexapi.server import PlexServer

from plex.client import Plex
from tests.builders.bench import Bench, a_bench
from tests.builders.sync import a_picture, changing_requests, let_time_pass, logged, sha1_of, sync
from tests.servers.world import TOKEN

FRONT, LOGO = a_picture("front"), a_picture("logo")
ABOUT_COLLECTIONS = re.compile(
    r"/library/(collections/|metadata/\d+/(posters|poster|prefs)|sections/\d+/all)"
)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Three films of the group Saga, by studio North; the group's order is not that of the dates."""
    with a_bench(tmp_path) as bench:
        bench.world.settings["collection_details"] = True
        let_time_pass(bench.world)
        library = bench.world.stash.library
        group = library.add_group("Saga", image=FRONT, synopsis="All about it")
        studio = library.add_studio("North", image=LOGO, details="Made in the north")
        for name, index, date in (
            ("one", 3, "2001-01-01"),
            ("two", 1, "2002-01-01"),
            ("three", 2, "2003-01-01"),
        ):
            bench.world.add_film(
                name,
                title=name,
                date=date,
                studio=studio.id,
                groups=[(group.id, index)],
                plex={"title": name},
            )
        yield bench


def library_of(bench: Bench) -> Any:
    return bench.world.plex.library


def kept(bench: Bench, title: str) -> Any:
    """A collection as the server keeps it."""
    return library_of(bench).collection(bench.world.section_keys["Films"], title)


def shown(bench: Bench, title: str) -> Collection:
    """A collection as plexapi shows it."""
    section = PlexServer(bench.world.plex.url, TOKEN).library.section("Films")
    collection = section.collection(title)
    collection.reload()
    return collection


def titles(bench: Bench, title: str = "Saga") -> list[str]:
    return [item.title for item in shown(bench, title).items()]


def save_all(bench: Bench) -> None:
    """What the hook of a group or studio comes to: all its scenes are looked at."""
    bench.save(1, 2, 3)


def test_a_group_gives_its_collection_poster_summary_and_order(bench: Bench) -> None:
    sync(bench)
    collection = shown(bench, "Saga")
    assert collection.summary == "All about it"
    assert [poster.ratingKey for poster in collection.posters() if poster.selected] == [
        f"upload://posters/{sha1_of(FRONT)}"
    ]
    assert [field.name for field in collection.fields] == ["summary", "thumb"]
    assert titles(bench) == ["two", "three", "one"]
    assert collection.collectionSort == 2


def test_a_studio_gives_its_collection_poster_and_summary_and_no_order(bench: Bench) -> None:
    sync(bench)
    collection = shown(bench, "North")
    assert (collection.summary, collection.collectionSort) == ("Made in the north", 0)
    assert kept(bench, "North").selected_poster == sha1_of(LOGO)


def test_a_second_sync_changes_nothing(bench: Bench) -> None:
    sync(bench)
    sync(bench)
    assert changing_requests(bench) == []
    bench.world.clear_requests()
    save_all(bench)
    bench.drain()
    assert changing_requests(bench) == []
    assert [one.path for one in bench.world.stash.requests if "image" in one.path] == []


def test_without_the_setting_nobody_asks_for_a_collection(bench: Bench) -> None:
    bench.reconcile(collection_details=False)
    bench.world.clear_requests()
    bench.drain(collection_details=False)
    for request in [*bench.world.plex.requests]:
        assert request.query.get("type") != "18"
        assert "/library/collections" not in request.path
    assert {one.operation for one in bench.world.stash.requests} <= {"version", "findScene", "", "findScenes"}
    assert kept(bench, "Saga").summary == ""


def test_switching_it_on_later_dresses_what_is_there(bench: Bench) -> None:
    sync(bench, collection_details=False)
    sync(bench)
    assert shown(bench, "Saga").summary == "All about it"
    assert titles(bench) == ["two", "three", "one"]


@pytest.mark.parametrize("field", ["summary", "poster", "collections"])
def test_a_field_to_leave_alone_is_left_alone_in_collections_too(bench: Bench, field: str) -> None:
    sync(bench, collection_details=False)
    sync(bench, leave_fields=field)
    collection = kept(bench, "Saga")
    assert collection.summary == ("All about it" if field == "poster" else "")
    assert (collection.selected_poster is not None) == (field == "summary")
    assert (collection.sort == 2) == (field != "collections")


def test_what_changes_in_the_group_is_carried_over(bench: Bench) -> None:
    sync(bench)
    other = a_picture("other")
    bench.world.stash.library.change("group", 1, synopsis="More", image=other)
    save_all(bench)
    bench.world.clear_requests()
    bench.drain()
    collection = kept(bench, "Saga")
    assert (collection.summary, collection.selected_poster) == ("More", sha1_of(other))
    key = collection.rating_key
    assert sorted(changing_requests(bench)) == [
        f"POST /library/metadata/{key}/posters",
        f"PUT /library/sections/{bench.world.section_keys['Films']}/all",
    ]


def test_a_text_that_is_given_up_in_stash_is_taken_away_and_the_poster_stays(bench: Bench) -> None:
    sync(bench)
    bench.world.stash.library.change("group", 1, synopsis="", image=None)
    save_all(bench)
    bench.drain()
    collection = kept(bench, "Saga")
    assert (collection.summary, collection.selected_poster) == ("", sha1_of(FRONT))
    assert "summary" not in collection.locked


def test_what_a_person_entered_first_stays(bench: Bench) -> None:
    sync(bench, collection_details=False)
    key = kept(bench, "Saga").rating_key
    library_of(bench).all_collections.edit_by_hand(key, summary="Mine")
    library_of(bench).upload_image(key, "poster", a_picture("mine"))
    library_of(bench).all_collections.sort_by(kept(bench, "Saga"), 1)
    sync(bench)
    collection = kept(bench, "Saga")
    assert (collection.summary, collection.selected_poster) == ("Mine", sha1_of(a_picture("mine")))
    assert collection.sort == 1


def test_what_a_person_changed_since_stays_whatever_changes_in_stash(bench: Bench) -> None:
    sync(bench)
    key = kept(bench, "Saga").rating_key
    library_of(bench).all_collections.edit_by_hand(key, summary="Mine")
    library_of(bench).upload_image(key, "poster", a_picture("mine"))
    bench.world.stash.library.change("group", 1, synopsis="More", image=a_picture("other"))
    for _ in range(2):
        save_all(bench)
        bench.world.clear_requests()
        bench.drain()
        assert changing_requests(bench) == []
    collection = kept(bench, "Saga")
    assert (collection.summary, collection.selected_poster) == ("Mine", sha1_of(a_picture("mine")))


def test_what_a_person_unlocks_again_is_stashs_after_the_next_reconcile(bench: Bench) -> None:
    sync(bench)
    collection = kept(bench, "Saga")
    library_of(bench).all_collections.edit_by_hand(collection.rating_key, summary="Mine")
    library_of(bench).upload_image(collection.rating_key, "poster", a_picture("mine"))
    collection.locked.clear()
    sync(bench)
    assert (collection.summary, collection.selected_poster) == ("All about it", sha1_of(FRONT))
    assert len(changing_requests(bench)) == 2


def test_an_order_that_a_person_made_since_stays(bench: Bench) -> None:
    sync(bench)
    collection = kept(bench, "Saga")
    one, two = (bench.world.item(name).rating_key for name in ("one", "two"))
    library_of(bench).all_collections.move(collection, one, two)
    bench.world.stash.library.update_scene(3, groups=[(1, 9)])
    bench.save(3)
    bench.drain()
    assert titles(bench) == ["two", "one", "three"]


def test_another_place_in_the_group_moves_one_item(bench: Bench) -> None:
    sync(bench)
    bench.world.stash.library.update_scene(1, groups=[(1, 0)])
    bench.save(1)
    bench.world.clear_requests()
    bench.drain()
    assert titles(bench) == ["one", "two", "three"]
    assert len(changing_requests(bench)) == 1


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize("begins", ["as_shown", "as_added"])
def test_the_order_is_right_wherever_plex_puts_what_comes(bench: Bench, place: Any, begins: Any) -> None:
    library_of(bench).all_collections.new_members_come = place
    library_of(bench).all_collections.custom_order_begins = begins
    sync(bench)
    assert titles(bench) == ["two", "three", "one"]
    bench.world.add_film("four", title="four", groups=[(1, 2)], plex={"title": "four"})
    sync(bench)
    assert titles(bench) == ["two", "three", "four", "one"]


def test_an_order_that_is_right_already_is_left_to_plex(bench: Bench) -> None:
    for scene_id, index in ((1, 1), (2, 2), (3, 3)):
        bench.world.stash.library.update_scene(scene_id, groups=[(1, index)])
    sync(bench)
    assert kept(bench, "Saga").sort == 0


def test_a_poster_that_plex_does_not_choose_by_itself_is_chosen(bench: Bench) -> None:
    bench.world.plex.behaviour.upload_selects = False
    sync(bench)
    assert kept(bench, "Saga").selected_poster == sha1_of(FRONT)
    sync(bench)
    assert changing_requests(bench) == []


def test_a_renamed_group_renames_its_collection_with_one_write(bench: Bench) -> None:
    sync(bench)
    key = kept(bench, "Saga").rating_key
    bench.world.stash.library.rename_group(1, "Legend")
    save_all(bench)
    bench.world.clear_requests()
    bench.drain()
    assert len(changing_requests(bench)) == 1
    collection = kept(bench, "Legend")
    assert (collection.rating_key, collection.selected_poster) == (key, sha1_of(FRONT))
    assert [one.title for one in library_of(bench).collections(bench.world.section_keys["Films"])] == [
        "Legend",
        "North",
    ]
    sync(bench)
    assert changing_requests(bench) == []


def test_a_renamed_studio_renames_its_collection(bench: Bench) -> None:
    sync(bench)
    key = kept(bench, "North").rating_key
    bench.world.stash.library.rename_studio(1, "South")
    save_all(bench)
    bench.drain()
    assert kept(bench, "South").rating_key == key
    assert {item.studio for item in library_of(bench).items()} == {"South"}


def test_a_name_that_another_collection_has_takes_the_items_there(bench: Bench) -> None:
    sync(bench)
    key = bench.world.section_keys["Films"]
    library_of(bench).add_item(key, (("/media/Films/x.mp4", 1),), title="x", collections=["Legend"])
    bench.world.stash.library.rename_group(1, "Legend")
    save_all(bench)
    bench.drain()
    assert [one.title for one in library_of(bench).collections(key)] == ["Legend", "North"]
    assert kept(bench, "Legend").child_count == 4
    assert kept(bench, "Legend").summary == "All about it"


def test_a_collection_that_a_person_renamed_keeps_its_name(bench: Bench) -> None:
    sync(bench)
    library_of(bench).all_collections.edit_by_hand(kept(bench, "Saga").rating_key, title="My Saga")
    bench.world.stash.library.rename_group(1, "Legend")
    save_all(bench)
    bench.drain()
    assert kept(bench, "My Saga").child_count == 3


def test_a_title_that_a_studio_has_as_well_is_not_taken_along(bench: Bench) -> None:
    bench.world.stash.library.rename_studio(1, "Saga")
    sync(bench)
    bench.world.stash.library.rename_group(1, "Legend")
    save_all(bench)
    bench.drain()
    for item in library_of(bench).items(bench.world.section_keys["Films"]):
        assert sorted(item.collections) == ["Legend", "Saga"]


def test_two_libraries_have_two_collections(bench: Bench) -> None:
    scene = bench.world.stash.library.add_scene(
        title="clip", groups=[(1, 5)], files=(("/data/Clips/clip.mp4", 7),)
    )
    library_of(bench).add_item(
        bench.world.section_keys["Clips"], (("/media/Clips/clip.mp4", 7),), title="clip"
    )
    sync(bench)
    for name in ("Films", "Clips"):
        collection = library_of(bench).collection(bench.world.section_keys[name], "Saga")
        assert (collection.summary, collection.selected_poster) == ("All about it", sha1_of(FRONT))
    assert scene.id == 4


def test_a_collection_with_the_opt_out_label_is_left_alone(bench: Bench) -> None:
    sync(bench, collection_details=False)
    kept(bench, "Saga").labels = ["keep"]
    sync(bench, opt_out_label="Keep")
    assert (kept(bench, "Saga").summary, kept(bench, "North").summary) == ("", "Made in the north")


def test_a_collection_that_was_opted_out_since_goes_along_with_a_new_name_alone(bench: Bench) -> None:
    """Its items get the new tag: under the old title it would be empty, and what a person made of it gone."""
    sync(bench)
    collection, stash = kept(bench, "Saga"), bench.world.stash.library
    collection.labels = ["keep"]
    stash.rename_group(1, "Legend")
    stash.change("group", 1, synopsis="Other words", image=LOGO)
    sync(bench, opt_out_label="Keep")
    assert kept(bench, "Legend").rating_key == collection.rating_key
    assert (collection.summary, collection.selected_poster) == ("All about it", sha1_of(FRONT))


def test_a_saved_search_of_that_name_is_left_alone(bench: Bench) -> None:
    sync(bench, collection_details=False)
    kept(bench, "Saga").is_smart = True
    sync(bench)
    assert kept(bench, "Saga").summary == ""


def test_the_prefix_belongs_to_the_title(bench: Bench) -> None:
    sync(bench, collection_prefix="S: ")
    assert kept(bench, "S: Saga").summary == "All about it"
    key = kept(bench, "S: Saga").rating_key
    sync(bench, collection_prefix="T: ")
    assert kept(bench, "T: Saga").rating_key == key


def test_a_picture_that_stash_does_not_deliver_holds_nothing_else_up_and_comes_later(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.world.stash.faults.add("status", "/group/", code=503)
    sync(bench)
    assert kept(bench, "Saga").summary == "All about it"
    assert kept(bench, "Saga").selected_poster is None
    assert any("could not be updated (poster)" in line for line in logged(caplog, "WARNING"))
    bench.world.stash.faults.clear()
    bench.save(1)
    bench.drain()
    assert kept(bench, "Saga").selected_poster == sha1_of(FRONT)


def test_what_a_person_writes_while_others_are_written_stays(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a Plex that is slow."""
    sync(bench, collection_details=False)
    monkeypatch.setattr("sync_queue.collection_updates.TOO_OLD", -1.0)
    put = Plex.put
    edited: list[str] = []

    def put_and_be_edited(plex: Plex, path: str, arguments: Any) -> None:
        if arguments.get("type") == 18 and not edited:
            other = "North" if arguments["id"] == saga else "Saga"
            edited.append(other)
            library_of(bench).all_collections.edit_by_hand(kept(bench, other).rating_key, summary="Mine")
        put(plex, path, arguments)

    saga = kept(bench, "Saga").rating_key
    monkeypatch.setattr(Plex, "put", put_and_be_edited)
    sync(bench)
    assert kept(bench, edited[0]).summary == "Mine"


def test_one_edit_costs_a_handful_of_requests_more(bench: Bench) -> None:
    sync(bench)
    bench.world.stash.library.update_scene(1, title="Another")
    counts = []
    for is_on in (True, False):
        bench.world.stash.library.update_scene(1, title=f"Another {is_on}")
        bench.save(1)
        bench.world.clear_requests()
        bench.drain(collection_details=is_on)
        counts.append((len(bench.world.plex.requests), len(bench.world.stash.requests)))
    (plex, stash), (plex_without, stash_without) = counts
    assert (plex - plex_without, stash - stash_without) == (3, 3)
