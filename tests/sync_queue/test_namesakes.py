"""A file's name tells a file only where nobody else has it: whoever writes asks both servers first."""

from __future__ import annotations

import unicodedata
from typing import Any, Literal

import pytest

from sync_queue.claims import Outcome
from tests.builders.bench import Bench
from tests.servers.plex.items import PlexItem

DISC = "VTS_01_1.VOB"
SIZE = 1_073_707_008
Form = Literal["NFC", "NFD"]


def a_scene_at(bench: Bench, path: str, size: int = SIZE, **fields: Any) -> int:
    """A scene with one file at this path in Stash."""
    record = bench.world.stash.library.add_scene(files=((f"/data/{path}", size),), **fields)
    return int(record.id)


def an_item_at(bench: Bench, *paths: str, size: int = SIZE, section: str = "Films") -> PlexItem:
    """An item with files at these paths in Plex."""
    files = tuple((f"/media/{path}", size) for path in paths)
    return bench.world.plex.library.add_item(bench.world.section_keys[section], files)


def untouched(bench: Bench) -> list[str]:
    return [item.summary for item in bench.world.plex.library.items() if item.summary]


def two_discs(bench: Bench) -> tuple[int, int, PlexItem]:
    """Two disc images of one size, of which Plex has the second alone."""
    one = a_scene_at(bench, f"Films/One/{DISC}", title="One", details="Text of One")
    two = a_scene_at(bench, f"Films/Two/{DISC}", title="Two", details="Text of Two")
    return one, two, an_item_at(bench, f"Films/Two/{DISC}")


def test_before_any_reconcile_a_scene_is_not_written_to_the_item_of_its_namesake(bench: Bench) -> None:
    one, _, item = two_discs(bench)
    bench.save(one)
    bench.drain()
    assert (item.summary, len(bench.waiting())) == ("", 1)


def test_after_the_path_map_changed_a_scene_is_not_written_to_the_item_of_its_namesake(bench: Bench) -> None:
    one, two, item = two_discs(bench)
    bench.reconcile()
    bench.queue.clear()
    bench.save(one)
    bench.drain(path_map="/data=>/media;/somewhere=>/else")
    assert item.summary == ""
    bench.save(two)
    bench.drain(path_map="/data=>/media;/somewhere=>/else")
    assert item.summary == "Text of Two"


def test_a_namesake_that_was_made_after_the_last_reconcile_is_seen(bench: Bench) -> None:
    item = an_item_at(bench, f"Films/Two/{DISC}")
    one = a_scene_at(bench, f"Elsewhere/One/{DISC}", title="One", details="Text of One")
    bench.reconcile()
    bench.queue.clear()
    a_scene_at(bench, f"Films/Two/{DISC}", title="Two", details="Text of Two")
    bench.save(one)
    bench.drain()
    assert (item.summary, len(bench.waiting())) == ("", 1)


def test_a_namesake_that_plex_found_after_the_last_reconcile_is_seen(bench: Bench) -> None:
    an_item_at(bench, f"Two/{DISC}")
    one = a_scene_at(bench, f"Elsewhere/One/{DISC}", title="One", details="Text of One")
    bench.reconcile()
    bench.queue.clear()
    an_item_at(bench, f"Three/{DISC}", section="Clips")
    bench.save(one)
    assert bench.drain().outcomes[Outcome.AMBIGUOUS] == 1
    assert untouched(bench) == []


def test_the_only_file_of_its_name_on_both_sides_is_written_wherever_it_lies(bench: Bench) -> None:
    item = an_item_at(bench, f"Two/{DISC}")
    bench.save(a_scene_at(bench, f"Elsewhere/One/{DISC}", title="One", details="Text of One"))
    assert bench.drain().outcomes[Outcome.WRITTEN] == 1
    assert item.summary == "Text of One"


def test_an_item_that_also_has_a_file_of_a_scene_nobody_has_read_is_left_alone(bench: Bench) -> None:
    one = a_scene_at(bench, "Films/one.mp4", 5, title="One", details="Text of One")
    a_scene_at(bench, "Films/two.mp4", 6, title="Two", details="Text of Two")
    item = an_item_at(bench, "Films/one.mp4", "Films/two.mp4", size=5)
    bench.save(one)
    assert bench.drain().outcomes[Outcome.AMBIGUOUS] == 1
    assert item.summary == ""


def test_many_edits_whose_files_lie_elsewhere_cost_a_listing_and_a_question_a_batch(bench: Bench) -> None:
    for n in range(60):
        an_item_at(bench, f"Other/film {n}.mp4", size=n)
        bench.save(a_scene_at(bench, f"Films/film {n}.mp4", n, title=f"Film {n}", details="Text"))
    bench.world.clear_requests()
    assert bench.drain().outcomes[Outcome.WRITTEN] == 60
    listed = [one for one in bench.world.plex.requests if one.path.endswith("/all") and one.method == "GET"]
    assert len(listed) == 4
    asked = [one for one in bench.world.stash.requests if "FilesNamed" in (one.query or "")]
    assert len(asked) == 2


@pytest.mark.parametrize("answer", ["status 500", "half a list", "null for a list", "empty"])
def test_while_stash_cannot_say_who_else_has_the_name_nothing_is_written(bench: Bench, answer: str) -> None:
    item = an_item_at(bench, f"Two/{DISC}")
    bench.save(a_scene_at(bench, f"Elsewhere/One/{DISC}", title="One", details="Text of One"))
    kind = {"empty": "an empty 200"}.get(answer, answer)
    bench.world.stash.odd_answers.add(kind, "query FilesNamed")
    bench.drain()
    assert (item.summary, len(bench.waiting())) == ("", 1)
    bench.world.stash.odd_answers.clear()
    bench.later += 100_000
    bench.drain()
    assert item.summary == "Text of One"


# A library that cannot be read


def test_a_scene_is_not_written_to_a_copy_while_the_library_that_holds_it_cannot_be_read(
    bench: Bench,
) -> None:
    scene = a_scene_at(bench, "Clips/one.mp4", 7, title="One", details="Text")
    item = an_item_at(bench, "Clips/one.mp4", size=7, section="Clips")
    copy = an_item_at(bench, "Copies/one.mp4", size=7)
    bench.reconcile()
    bench.drain()
    assert (item.summary, copy.summary) == ("Text", "")
    clips = f"/library/sections/{bench.world.section_keys['Clips']}/all"
    fault = bench.world.plex.faults.add("status", clips, code=500)
    assert any("“Clips” could not be read" in error for error in bench.reconcile().errors)
    bench.world.plex.faults.remove(fault)
    bench.world.stash.library.update_scene(scene, details="New text")
    bench.save(scene)
    bench.drain()
    assert (item.summary, copy.summary) == ("New text", "")


def test_a_library_that_cannot_be_read_makes_no_scene_missing_and_suggests_no_path_map(bench: Bench) -> None:
    for n in range(12):
        a_scene_at(bench, f"Clips/film {n}.mp4", n, title=f"Film {n}", details="Text")
        an_item_at(bench, f"Clips/film {n}.mp4", size=n, section="Clips")
        an_item_at(bench, f"Copies/film {n}.mp4", size=n)
    clips = f"/library/sections/{bench.world.section_keys['Clips']}/all"
    bench.world.plex.faults.add("status", clips, code=500)
    result = bench.reconcile()
    assert (result.missing_count, result.inexact_count, result.suggested_path_map) == (0, 0, "")
    assert result.unknown_count == 12


@pytest.mark.parametrize("kind", ["one item without its key", "one item with odd values"])
def test_one_item_that_cannot_be_used_stops_no_reconcile_and_is_named(bench: Bench, kind: str) -> None:
    for n in range(3):
        bench.world.add_film(f"film {n}", title=f"Film {n}", details="Text", plex={})
    bench.world.plex.odd_answers.add(kind, "GET /library/sections/*/all")
    result = bench.reconcile()
    assert (result.scenes_checked, result.missing_count, result.unknown_count) == (3, 0, 1)
    assert result.empty_metadata_count == 2
    assert any("Plex sent" in error for error in result.errors)


def test_one_item_that_cannot_be_used_stops_no_drain(bench: Bench) -> None:
    bench.save(*[bench.world.add_film(f"film {n}", details=f"Text {n}", plex={}) for n in range(3)])
    bench.drain()
    assert [bench.world.item(f"film {n}").summary for n in range(3)] == ["Text 0", "Text 1", "Text 2"]
    for scene_id in (1, 2, 3):
        bench.world.stash.library.update_scene(scene_id, details="New")
    bench.save(1, 2, 3)
    bench.world.plex.odd_answers.add("one item with odd values", "GET /library/metadata/*")
    summary = bench.drain()
    assert summary.stopped == ""
    assert len(bench.waiting()) + summary.outcomes[Outcome.WRITTEN] == 3
    assert summary.outcomes[Outcome.WRITTEN] == 2


# A library that lost its items for a moment


@pytest.mark.parametrize("count", [2, 20])
def test_where_a_library_has_lost_its_items_no_edit_is_dropped_as_not_in_plex(
    bench: Bench, count: int
) -> None:
    for n in range(count):
        bench.world.add_film(f"film {n}", title=f"Film {n}", details="Text", plex={})
    bench.reconcile()
    bench.queue.clear()
    bench.save(*range(1, count + 1))
    there = list(bench.world.plex.library.items())
    for item in there:
        bench.world.plex.library.remove_item(item.rating_key)
    assert bench.drain(plex_holds_a_part=True).outcomes[Outcome.NOT_IN_PLEX] == 0
    assert len(bench.waiting()) == count
    for item in there:
        bench.world.plex.library._insert(item)
    bench.later += 100_000
    bench.drain(plex_holds_a_part=True)
    assert {item.summary for item in bench.world.plex.library.items()} == {"Text"}


def test_where_plex_lists_half_of_its_libraries_no_edit_is_dropped_as_not_in_plex(bench: Bench) -> None:
    for n in range(20):
        a_scene_at(bench, f"Clips/film {n}.mp4", n, title=f"Film {n}", details="Text")
        an_item_at(bench, f"Clips/film {n}.mp4", size=n, section="Clips")
    bench.reconcile()
    bench.queue.clear()
    bench.save(*range(1, 21))
    for item in list(bench.world.plex.library.items()):
        bench.world.plex.library.rekey_item(item.rating_key)
    bench.world.plex.odd_answers.add("half a list", "GET /library/sections")
    bench.drain(plex_holds_a_part=True)
    assert len(bench.waiting()) == 20
    assert bench.reconcile(plex_holds_a_part=True).missing_count == 0


@pytest.mark.parametrize("count", [20, 60])
def test_a_reconcile_of_recent_scenes_finds_none_missing_where_a_library_has_lost_its_items(
    bench: Bench, count: int
) -> None:
    for n in range(count):
        bench.world.add_film(f"film {n}", title=f"Film {n}", details="Text", plex={})
    bench.reconcile()
    bench.queue.clear()
    for item in list(bench.world.plex.library.items()):
        bench.world.plex.library.remove_item(item.rating_key)
    assert bench.reconcile("recent").missing_count == 0


# Files that are not the user's, or not there any more


def test_a_scene_that_stash_made_of_an_optimized_version_does_not_block_the_curated_one(bench: Bench) -> None:
    curated = a_scene_at(bench, "Films/one.mp4", title="One", details="Text")
    item = an_item_at(bench, "Films/one.mp4")
    path = bench.world.plex.library.optimize(item.rating_key, size=500)
    bare = a_scene_at(bench, path.removeprefix("/media/"), 500)
    bench.reconcile()
    bench.save(curated, bare)
    bench.drain()
    assert item.summary == "Text"


def test_a_scene_is_not_written_to_the_item_in_plexs_trash_but_to_the_one_that_is_there(bench: Bench) -> None:
    scene = a_scene_at(bench, "Films/one.mp4", title="One", details="Text")
    gone = an_item_at(bench, "Films/one.mp4")
    bench.world.plex.library.trash_item(gone.rating_key)
    there = an_item_at(bench, "Films/one.mp4")
    bench.save(scene)
    bench.drain()
    assert (gone.summary, there.summary) == ("", "Text")


@pytest.mark.parametrize("is_indexed", [False, True])
def test_a_scene_that_plex_has_only_in_its_trash_is_kept_until_it_is_there_again(
    bench: Bench, is_indexed: bool
) -> None:
    scene = a_scene_at(bench, "Films/one.mp4", title="One", details="Text")
    item = an_item_at(bench, "Films/one.mp4")
    if is_indexed:
        bench.reconcile()
        bench.queue.clear()
    bench.world.plex.library.trash_file("/media/Films/one.mp4")
    bench.save(scene)
    bench.drain(plex_holds_a_part=True)
    assert (item.summary, len(bench.waiting())) == ("", 1)
    assert bench.reconcile().missing_count == 0
    item.parts[0].deleted_at = None
    bench.later += 100_000
    bench.drain(plex_holds_a_part=True)
    assert item.summary == "Text"


def test_a_file_that_is_in_the_trash_does_not_keep_an_item_from_being_written(bench: Bench) -> None:
    scene = a_scene_at(bench, "Films/one.mp4", title="One", details="Text")
    a_scene_at(bench, "Films/old.mp4", title="Old", details="Old text")
    item = an_item_at(bench, "Films/one.mp4", "Films/old.mp4")
    bench.world.plex.library.trash_file("/media/Films/old.mp4")
    bench.save(scene)
    bench.drain()
    assert item.summary == "Text"


@pytest.mark.parametrize(("in_stash", "in_plex"), [("NFC", "NFD"), ("NFD", "NFC")])
@pytest.mark.parametrize("file_filter", ["part_of_path", "file_name"])
def test_a_hook_finds_a_file_whose_accents_the_two_servers_write_otherwise(
    bench: Bench, in_stash: Form, in_plex: Form, file_filter: str
) -> None:
    bench.world.plex.behaviour.file_filter = file_filter  # type: ignore[assignment]
    name = "Films/Ärger, Café & Söhne.mp4"
    item = an_item_at(bench, unicodedata.normalize(in_plex, name))
    for n in range(30):
        an_item_at(bench, f"Films/film {n}.mp4", size=n)
    bench.save(a_scene_at(bench, unicodedata.normalize(in_stash, name), title="One", details="Text"))
    assert bench.drain().outcomes[Outcome.WRITTEN] == 1
    assert item.summary == "Text"


def test_a_hook_finds_a_file_whose_name_is_written_in_another_case(bench: Bench) -> None:
    item = an_item_at(bench, "Films/One.MP4")
    bench.save(a_scene_at(bench, "films/one.mp4", title="One", details="Text"))
    assert bench.drain().outcomes[Outcome.WRITTEN] == 1
    assert item.summary == "Text"
