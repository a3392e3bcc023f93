"""Titles and summaries by template, from Stash to what plexapi reads in Plex."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from plexapi.server import PlexServer

from tests.builders.bench import Bench, a_bench
from tests.builders.sync import changing_requests, let_time_pass, sync
from tests.servers.world import TOKEN

TEMPLATES = {
    "title_template": "[{studio}: ]{title|filename}[ ({year})]",
    "summary_template": r"{details}[\n\[{code}\]]",
}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as bench:
        let_time_pass(bench.world)
        yield bench


def title(bench: Bench, name: str = "one") -> tuple[str, bool]:
    """The item's title, and whether it is locked."""
    item = bench.world.item(name)
    return item.title, "title" in item.locked


@pytest.mark.parametrize("trims_text", [False, True])
def test_plexapi_reads_what_the_templates_made(bench: Bench, trims_text: bool) -> None:
    bench.world.plex.behaviour.trims_text = trims_text
    north = bench.world.studio_id("North")
    values: dict[str, Any] = {"details": "Long ago", "studio": north, "date": "2014", "code": "N-1"}
    bench.world.add_film("one", title="The Harbour", plex={}, **values)
    bench.world.add_film("two", details=" ", studio=north, plex={})
    sync(bench, **TEMPLATES)
    server = PlexServer(bench.world.plex.url, TOKEN, timeout=5)
    one, two = (server.fetchItem(bench.world.item(name).rating_key) for name in ("one", "two"))
    assert (one.title, one.summary) == ("North: The Harbour (2014)", "Long ago\n[N-1]")
    assert (two.title, two.summary) == ("North: two", "")
    assert one.isLocked("title")
    sync(bench, **TEMPLATES)
    assert changing_requests(bench) == []


def test_a_changed_template_makes_every_scene_stale_and_the_next_drain_writes_it(bench: Bench) -> None:
    for name in ("one", "two", "three"):
        bench.world.add_film(name, title=name, details="Text", plex={})
    sync(bench)
    assert bench.reconcile(title_template="{title} – {filename}").stale_sync_count == 3
    bench.drain(title_template="{title} – {filename}")
    assert [title(bench, name)[0] for name in ("one", "two")] == ["one – one", "two – two"]


def test_a_title_that_a_person_entered_in_plex_stays_under_a_template(bench: Bench) -> None:
    scene_id = bench.world.add_film("one", title="The Harbour", details="Text", plex={})
    sync(bench, **TEMPLATES)
    bench.world.plex.library.edit_by_hand(bench.world.item("one").rating_key, title="Mine")
    bench.world.stash.library.update_scene(scene_id, details="Another")
    sync(bench, **TEMPLATES)
    assert title(bench) == ("Mine", True)


@pytest.mark.parametrize("preserve", [False, True])
def test_a_file_name_that_no_template_asks_for_any_more_is_plexs_own_again(
    bench: Bench, preserve: bool
) -> None:
    scene_id = bench.world.add_film("one", details="Text", plex={})
    sync(bench, title_template="{title|filename}", preserve_plex_edits=preserve)
    assert title(bench) == ("one", True)
    sync(bench, preserve_plex_edits=preserve)
    assert title(bench) == ("one", False)
    bench.world.stash.library.update_scene(scene_id, title="The Harbour")
    sync(bench, preserve_plex_edits=preserve)
    assert title(bench) == ("The Harbour", True)


@pytest.mark.parametrize("preserve", [False, True])
def test_a_title_that_was_the_name_of_the_file_is_given_back_as_any_other(
    bench: Bench, preserve: bool
) -> None:
    scene_id = bench.world.add_film("one", title="one", details="Text", plex={})
    sync(bench, preserve_plex_edits=preserve)
    bench.world.stash.library.update_scene(scene_id, title="")
    sync(bench, preserve_plex_edits=preserve)
    bench.world.stash.library.update_scene(scene_id, title="The Harbour")
    sync(bench, preserve_plex_edits=preserve)
    assert title(bench) == ("The Harbour", True)


def test_a_sort_title_that_plex_was_once_given_follows_every_later_title(bench: Bench) -> None:
    scene_id = bench.world.add_film("one", title="The Harbour", details="Text", plex={})
    sync(bench)
    for later in ("Boats", "Ships", "Sails"):
        bench.world.stash.library.update_scene(scene_id, title=later)
        sync(bench)
        assert bench.world.item("one").sort_key == later.casefold()
    assert "titleSort" not in bench.world.item("one").locked
    sync(bench)
    assert changing_requests(bench) == []


def test_a_sort_title_that_is_left_alone_or_a_persons_stays_behind_its_title(bench: Bench) -> None:
    scene_id = bench.world.add_film("one", title="Boats", details="Text", plex={"title_sort": "Boats"})
    sync(bench)
    bench.world.plex.library.edit_by_hand(bench.world.item("one").rating_key, title_sort="Boats")
    bench.world.stash.library.update_scene(scene_id, title="Ships")
    sync(bench)
    assert bench.world.item("one").title_sort == "Boats"
    bench.world.plex.library.reset_item(bench.world.item("one").rating_key)
    bench.world.plex.library.set_fields(bench.world.item("one"), {"title_sort": "one"})
    sync(bench, leave_fields="sort title")
    assert bench.world.item("one").title_sort == "one"
