"""Find Orphans tells what is in Plex and belongs to no scene, and changes nothing."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from tests.builders.bench import Bench
from tests.builders.entry import Here, Told, assert_one_plain_error, assert_plain
from tests.reconciliation.test_preview import NASTY, Page
from tests.servers.world import World


def report(world: World) -> Path:
    return world.reports / "orphans.html"


def page(world: World) -> Page:
    return Page(report(world).read_text(encoding="utf-8"))


def find_orphans(here: Here) -> Told:
    """Press the button: Plex is only read, and nothing is queued."""
    waiting = here.kept()
    here.world.clear_requests()
    told = here.run({"mode": "find_orphans"})
    assert_plain(told)
    assert {request.method for request in here.world.plex.requests} <= {"GET"}
    assert here.kept() == waiting
    return told


def add_orphan(world: World, name: str, library: str = "Films", size: int = 5, **fields: Any) -> None:
    files = ((f"/media/{library}/{name}.mp4", size),)
    world.plex.library.add_item(world.section_keys[library], files, **fields)


def count_line(told: Told, library: str) -> str:
    (line,) = [line for line in told.texts("info") if f"“{library}”" in line]
    return line


def test_items_without_a_scene_are_counted_for_each_library_and_listed_with_title_and_file(
    world: World, here: Here
) -> None:
    for n in range(3):
        world.add_film(f"film {n}", plex={})
    add_orphan(world, "left over", title="Left Over")
    add_orphan(world, "clip", "Clips", title="A Clip")
    told = find_orphans(here)
    assert told.status == 0
    assert count_line(told, "Films").endswith(": 1 of 4 items, uncertain: 0")
    assert count_line(told, "Clips").endswith(": 1 of 1 items, uncertain: 0")
    assert told.texts("info")[-1].endswith(str(report(world)))
    assert page(world).texts["dt"] == ["Left Over", "A Clip"]
    assert page(world).texts["dd"] == ["/media/Films/left over.mp4", "/media/Clips/clip.mp4"]
    assert [text for text in page(world).texts["h2"] if text.strip()] == ["Films ", "Clips "]


def test_items_that_fit_a_scene_only_ambiguously_are_uncertain(world: World, here: Here) -> None:
    world.add_film("film", plex={})
    world.stash.library.add_scene(files=(("/elsewhere/twin.mp4", 7),))
    for library in ("Films", "Clips"):
        add_orphan(world, "twin", library, size=7)
    told = find_orphans(here)
    assert count_line(told, "Films").endswith(": 0 of 2 items, uncertain: 1")
    assert count_line(told, "Clips").endswith(": 0 of 1 items, uncertain: 1")
    assert page(world).texts["dd"] == ["/media/Films/twin.mp4", "/media/Clips/twin.mp4"]
    assert "uncertain: 1 of 2 items" in page(world).texts["small"]


def test_an_item_that_is_matched_by_name_and_size_has_a_scene(world: World, here: Here) -> None:
    world.settings["path_map"] = ""
    world.add_film("film", plex={})
    assert count_line(find_orphans(here), "Films").endswith(": 0 of 1 items, uncertain: 0")


def test_only_the_libraries_of_the_settings_are_looked_at(world: World, here: Here) -> None:
    world.add_film("film", plex={})
    add_orphan(world, "clip", "Clips")
    world.settings["plex_library"] = "Films"
    told = find_orphans(here)
    assert not any("Clips" in line for line in told.texts())
    assert "dt" not in page(world).texts


def test_each_orphan_is_in_the_debug_log_and_no_title_or_path_anywhere_else(world: World, here: Here) -> None:
    world.add_film("film", plex={})
    add_orphan(world, "left over", title="Title of it")
    told = find_orphans(here)
    (line,) = [line for line in told.texts("debug") if "Title of it" in line]
    assert "/media/Films/left over.mp4" in line
    assert not any("Title of it" in line or "left over" in line for line in told.texts())


def test_a_long_report_is_cut_and_says_how_much_is_left_out(
    world: World, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciliation.orphans.ITEMS_IN_REPORT", 3)
    world.add_film("film", plex={})
    for n in range(5):
        add_orphan(world, f"orphan {n}")
    told = find_orphans(here)
    assert count_line(told, "Films").endswith(": 5 of 6 items, uncertain: 0")
    assert len(page(world).texts["dt"]) == 3
    assert "2 more are not shown." in page(world).texts["p"]
    assert len([line for line in told.texts("debug") if "“Films”, orphans: item" in line]) == 5


def test_many_orphans_take_a_request_for_fifty(world: World, here: Here) -> None:
    world.add_film("film", plex={})
    for n in range(120):
        add_orphan(world, f"orphan {n}")
    find_orphans(here)
    assert len([one for one in world.plex.requests if one.path.startswith("/library/metadata/")]) == 3
    assert len(page(world).texts["dt"]) == 120


def test_markup_in_titles_and_paths_stays_text(world: World, here: Here) -> None:
    world.add_film("film", plex={})
    add_orphan(world, NASTY.replace("/", ""), title=NASTY)
    find_orphans(here)
    shown = page(world)
    assert {tag for tag, _ in shown.elements}.isdisjoint({"script", "img"})
    assert NASTY in shown.texts["dt"]
    metas = [attributes for tag, attributes in shown.elements if tag == "meta"]
    assert any("default-src 'none'" in str(meta.get("content")) for meta in metas)


def test_the_report_is_readable_only_by_its_owner(world: World, here: Here) -> None:
    for _ in range(2):
        add_orphan(world, "one")
        world.add_film("film", plex={})
        find_orphans(here)
        assert stat.S_IMODE(report(world).stat().st_mode) & 0o077 == 0


def test_a_search_that_breaks_off_leaves_the_last_report_whole(world: World, here: Here) -> None:
    world.add_film("film", plex={})
    add_orphan(world, "one")
    find_orphans(here)
    before = report(world).read_bytes()
    world.plex.faults.add("status", "/library/metadata/", code=503)
    told = find_orphans(here)
    assert "Plex is not ready" in told.error
    assert report(world).read_bytes() == before
    assert [path.name for path in world.reports.glob("orphans*")] == ["orphans.html"]


def test_where_stash_has_no_scenes_nothing_is_called_an_orphan_and_the_reason_is_told(
    world: World, here: Here
) -> None:
    add_orphan(world, "one")
    told = find_orphans(here)
    assert told.status == 1
    assert "Stash has no scene" in told.texts("error")[0]
    assert not any("Without a scene" in line for line in told.texts())
    assert not report(world).exists()


def test_a_library_that_could_not_be_read_is_an_error_and_no_mass_of_orphans(
    world: World, here: Here
) -> None:
    for n in range(3):
        add_orphan(world, f"orphan {n}")
        add_orphan(world, f"clip {n}", "Clips")
    world.add_film("film", plex={})
    world.plex.faults.add("status", f"/library/sections/{world.section_keys['Clips']}/all", code=500)
    told = find_orphans(here)
    assert told.status == 1
    assert "Library “Clips” could not be read" in told.texts("warning")[0]
    assert_one_plain_error(told, "what is listed may have a scene after all")
    assert count_line(told, "Films").endswith(": 3 of 4 items, uncertain: 0")
    assert not any("in “Clips”:" in line for line in told.texts("info"))
    assert any("“Clips” could not be read" in text for text in page(world).texts["strong"])


def test_a_library_that_shrank_drastically_is_an_error_of_the_next_reconcile_too(
    world: World, here: Here
) -> None:
    for n in range(30):
        world.add_film(f"film {n}", plex={})
    here.reconcile()
    for n in range(29):
        world.plex.library.remove_item(world.item(f"film {n}").rating_key)
    told = find_orphans(here)
    assert told.status == 1
    assert "“Films” had 30 items" in told.texts("warning")[0]
    assert not any("in “Films”:" in line for line in told.texts("info"))
    assert any("“Films” had 30 items" in text for text in here.reconcile().texts("warning"))


def test_a_scene_that_could_not_be_read_is_told_since_its_item_is_listed(world: World, here: Here) -> None:
    spoilt = world.add_film("film", plex={})
    world.add_film("other", plex={})
    world.stash.malformed_scenes[spoilt] = lambda scene: scene.update(files="none")
    told = find_orphans(here)
    assert told.status == 1
    assert f"Scene {spoilt}:" in told.texts("warning")[0]
    assert_one_plain_error(told, "may have a scene after all")
    assert count_line(told, "Films").endswith(": 0 of 2 items, uncertain: 1")


def test_where_not_one_item_has_a_scene_a_wrong_setting_is_suspected(world: World, here: Here) -> None:
    world.add_film("film", plex=None)
    for n in range(3):
        add_orphan(world, f"orphan {n}")
    told = find_orphans(here)
    assert told.status == 1
    assert "Check Setup" in told.texts("error")[0]
    assert any("Check Setup" in text for text in page(world).texts["strong"])


def test_an_empty_plex_has_no_orphans_and_raises_no_suspicion(world: World, here: Here) -> None:
    world.add_film("film", plex=None)
    told = find_orphans(here)
    assert told.status == 0
    assert told.texts("warning", "error") == []


def test_a_search_leaves_the_following_sync_as_it_would_have_been(world: World, here: Here) -> None:
    scene_id = world.add_film("film", details="Text", plex={})
    bench = Bench(world)
    bench.save(scene_id)
    bench.manager.close()
    find_orphans(here)
    here.drain()
    assert world.item("film").summary == "Text"
