"""Undo First Sync: what a person had locked in Plex comes back, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from plex.client import Plex, client_identifier
from sync_queue import sending
from sync_queue.renewal import Renewal
from sync_queue.state import SyncState
from sync_queue.undo import UndoFirstSync, UndoSummary, summary_lines
from tests.builders.bench import Bench, a_bench
from tests.builders.killed import Killed, die
from tests.builders.sync import a_picture, changing_requests, let_time_pass, sha1_of, sync
from tests.servers.plex import edits as plex_edits
from tests.servers.plex import routes as plex_routes
from tests.servers.world import TOKEN, log_text

VERSION = "1.43.0"
COVER, MINE = a_picture("cover"), a_picture("mine")
BY_HAND = {
    "title": "My title",
    "summary": "My words",
    "date": "1999-09-09",
    "studio": "My studio",
    "user_rating": 2.0,
    "genres": ["Mine", "Sea"],
    "roles": ["Somebody Else"],
    "directors": ["Me"],
}


@pytest.fixture
def bench(tmp_path: Path, warm_python: Callable[[], str]) -> Iterator[Bench]:
    with a_bench(tmp_path, python_of_tasks=warm_python) as bench:
        let_time_pass(bench.world)
        yield bench


def a_film(
    bench: Bench,
    by_hand: dict[str, Any] = BY_HAND,
    name: str = "one",
    cover: bytes | None = None,
    **plex: Any,
) -> int:
    """A film with something in every field; in Plex with what a person set and locked there."""
    world = bench.world
    scene_id = world.add_film(
        name,
        title="From Stash",
        details="Text",
        date="2014",
        rating100=90,
        director="Jane",
        studio=world.studio_id("North"),
        tags=world.tag_ids("Sea", "Boats"),
        performers=world.performer_ids("Ada"),
        cover=cover,
        plex=plex,
    )
    world.plex.library.edit_by_hand(world.item(name).rating_key, **by_hand)
    return scene_id


def undo(bench: Bench) -> UndoSummary:
    """Run the undo; the requests are those of it."""
    bench.world.clear_requests()
    plex = Plex(bench.world.plex.url, TOKEN, client_identifier(bench.world.data_dir))
    with bench.state() as state:
        state.use_server(plex.machine_identifier, str(bench.config({}).path_map))
        return UndoFirstSync(plex, state, bench.config({}).opt_out_label).run()


def shown(bench: Bench, *names: str) -> dict[str, Any]:
    """Attributes of the item; names in lists in the order of the alphabet."""
    values = {name: getattr(bench.world.item("one"), name) for name in names}
    return {name: sorted(value) if isinstance(value, list) else value for name, value in values.items()}


def test_every_locked_value_that_the_first_sync_replaced_comes_back(bench: Bench) -> None:
    a_film(bench)
    sync(bench)
    assert shown(bench, "title", "genres") == {"title": "From Stash", "genres": ["Boats", "Sea"]}
    summary = undo(bench)
    assert shown(bench, *BY_HAND) == BY_HAND
    assert (summary.restored, summary.fields) == (1, len(BY_HAND))
    assert (summary.changed_since, summary.gone, summary.failed) == (0, 0, 0)


def test_what_came_back_is_locked_as_it_was(bench: Bench) -> None:
    a_film(bench)
    sync(bench)
    undo(bench)
    bench.world.plex.library.refresh_metadata(bench.world.item("one").rating_key)
    assert shown(bench, *BY_HAND) == BY_HAND


def test_values_that_nobody_had_locked_stay_as_stash_has_them(bench: Bench) -> None:
    a_film(bench, {"title": "My title"}, summary="An agent's guess", genres=["Guessed"])
    sync(bench)
    undo(bench)
    assert shown(bench, "title", "summary", "genres") == {
        "title": "My title",
        "summary": "Text",
        "genres": ["Boats", "Sea"],
    }


def test_a_value_that_was_changed_in_plex_since_is_left_as_it_is(bench: Bench) -> None:
    a_film(bench)
    sync(bench)
    key = bench.world.item("one").rating_key
    bench.world.plex.library.edit_by_hand(key, title="Changed again", genres=["Boats", "Sea", "New"])
    undo(bench)
    assert shown(bench, "title", "genres", "summary") == {
        "title": "Changed again",
        "genres": ["Boats", "New", "Sea"],
        "summary": "My words",
    }


def test_an_item_of_which_all_was_changed_since_is_counted_and_not_written(bench: Bench) -> None:
    a_film(bench, {"title": "My title"})
    sync(bench)
    bench.world.plex.library.edit_by_hand(bench.world.item("one").rating_key, title="Changed again")
    summary = undo(bench)
    assert (summary.restored, summary.changed_since, changing_requests(bench)) == (0, 1, [])


def test_the_next_sync_takes_what_came_back_for_a_persons_edit(bench: Bench) -> None:
    scene_id = a_film(bench)
    sync(bench)
    undo(bench)
    sync(bench)
    bench.save(scene_id)
    bench.drain()
    assert changing_requests(bench) == []
    assert shown(bench, *BY_HAND) == BY_HAND


def test_a_field_that_is_edited_in_stash_afterwards_is_carried_again(bench: Bench) -> None:
    scene_id = a_film(bench)
    sync(bench)
    undo(bench)
    bench.world.stash.library.update_scene(
        scene_id, details="Newer text", tags=bench.world.tag_ids("Sea", "Boats", "Wind")
    )
    sync(bench)
    assert shown(bench, "summary", "title", "genres") == {
        "summary": "Newer text",
        "title": "My title",
        "genres": ["Mine", "Sea", "Wind"],
    }


def test_the_first_value_comes_back_however_many_syncs_there_were(bench: Bench) -> None:
    scene_id = a_film(bench)
    sync(bench)
    bench.world.stash.library.update_scene(scene_id, details="Second text")
    sync(bench)
    undo(bench)
    assert shown(bench, "summary") == {"summary": "My words"}


def test_a_second_undo_changes_nothing(bench: Bench) -> None:
    a_film(bench, cover=COVER, poster=MINE, locked=["thumb"])
    sync(bench)
    undo(bench)
    assert undo(bench) == UndoSummary()
    assert changing_requests(bench) == []


def test_without_a_first_sync_there_is_nothing_to_undo(bench: Bench) -> None:
    a_film(bench)
    assert undo(bench) == UndoSummary()
    assert changing_requests(bench) == []


def test_an_item_that_is_gone_is_counted_and_the_others_come_back(bench: Bench) -> None:
    a_film(bench)
    a_film(bench, name="two")
    sync(bench)
    bench.world.plex.library.remove_item(bench.world.item("two").rating_key)
    summary = undo(bench)
    assert (summary.gone, summary.restored) == (1, 1)
    assert shown(bench, "title") == {"title": "My title"}


def test_what_plex_refuses_is_counted_and_comes_back_at_the_next_try(bench: Bench) -> None:
    a_film(bench)
    a_film(bench, name="two")
    sync(bench)
    fault = bench.world.plex.faults.add("status", "/library/sections", method="PUT", code=400, times=1)
    first = undo(bench)
    assert (first.failed, first.restored, fault.hits) == (1, 1, 1)
    assert undo(bench).restored == 1
    assert [bench.world.item(name).title for name in ("one", "two")] == ["My title"] * 2


def test_an_item_that_plex_does_not_show_for_a_moment_gets_its_values_back_later(bench: Bench) -> None:
    a_film(bench)
    a_film(bench, name="two")
    sync(bench)
    key = bench.world.item("two").rating_key
    fault = bench.world.plex.faults.add("status", f"/library/metadata/{key}", code=404)
    bench.world.plex.behaviour.multi_id_cap = 1
    first = undo(bench)
    assert (first.gone, first.restored) == (1, 1)
    bench.world.plex.faults.remove(fault)
    assert undo(bench).restored == 1
    assert bench.world.item("two").title == "My title"


def test_what_somebody_edits_while_others_are_put_back_is_left(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_film(bench)
    a_film(bench, name="two")
    sync(bench)
    keys = {name: bench.world.item(name).rating_key for name in ("one", "two")}

    def edit_the_other(library: Any, items: Any, edit: Any, behaviour: Any) -> None:
        plex_edits.apply_edit(library, items, edit, behaviour)
        if items[0].rating_key == keys["one"]:
            library.edit_by_hand(keys["two"], **dict.fromkeys(("title", "summary", "studio"), "Since"))

    monkeypatch.setattr(plex_routes, "apply_edit", edit_the_other)
    monkeypatch.setattr("sync_queue.undo.FRESH_ENOUGH", 0.0)
    undo(bench)
    assert (bench.world.item("one").title, bench.world.item("two").title) == ("My title", "Since")


def test_many_items_are_read_in_few_requests(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync_queue.undo.FRESH_ENOUGH", 3600.0)
    for n in range(60):
        bench.world.add_film(f"film {n}", details="Text", plex={"summary": "Mine", "locked": ["summary"]})
    sync(bench)
    assert undo(bench).restored == 60
    reads = [one for one in bench.world.plex.requests if one.path.startswith("/library/metadata/")]
    assert len(reads) <= 3


def test_with_edits_preserved_there_is_nothing_to_undo(bench: Bench) -> None:
    a_film(bench)
    sync(bench, preserve_plex_edits=True)
    assert undo(bench) == UndoSummary()
    assert shown(bench, *BY_HAND) == BY_HAND


def test_the_task_tells_how_much_came_back(bench: Bench) -> None:
    a_film(bench)
    sync(bench)
    result = bench.world.stash.run_task("Undo First Sync")
    assert (result.exit_status, result.error) == (0, None)
    assert f"Put back {len(BY_HAND)} fields of 1 item." in log_text(result, "info")
    assert "My words" not in log_text(result)
    assert shown(bench, *BY_HAND) == BY_HAND


def test_the_summary_tells_what_was_left_alone_and_what_is_gone() -> None:
    lines = "\n".join(summary_lines(UndoSummary(restored=1, fields=2, changed_since=3, gone=4), VERSION))
    assert "3 items changed since" in lines
    assert "4 items" in lines
    assert len(summary_lines(UndoSummary(restored=1, fields=2), VERSION)) == 1


def test_an_item_that_was_opted_out_since_is_not_written_and_can_be_put_back_later(bench: Bench) -> None:
    a_film(bench)
    sync(bench)
    bench.world.settings["opt_out_label"] = "Hands off"
    item = bench.world.item("one")
    item.labels = ["Hands Off"]
    summary = undo(bench)
    assert (summary.opted_out, summary.restored, changing_requests(bench)) == (1, 0, [])
    assert "Left alone: 1 item with the opt-out label." in summary_lines(summary, VERSION)
    item.labels = []
    assert undo(bench).restored == 1
    assert shown(bench, *BY_HAND) == BY_HAND


def test_an_ignored_scene_is_not_written_and_can_be_put_back_later(bench: Bench) -> None:
    scene_id = a_film(bench, cover=COVER, poster=MINE, locked=["thumb"])
    a_film(bench, name="two")
    sync(bench)
    with bench.state() as state:
        state.ignored.add([scene_id])
    summary = undo(bench)
    assert (summary.ignored, summary.restored) == (1, 1)
    assert "Left alone: 1 item of ignored scenes." in summary_lines(summary, VERSION)
    assert shown(bench, "title") == {"title": "From Stash"}
    assert bench.world.item("one").selected_poster == sha1_of(COVER)
    with bench.state() as state:
        state.ignored.remove([scene_id])
    assert undo(bench).restored == 1
    assert shown(bench, *BY_HAND) == BY_HAND


def test_what_a_killed_first_sync_replaced_is_put_back_as_well(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.save(a_film(bench))
    with monkeypatch.context() as patch:
        patch.setattr(SyncState, "record_pushed", die)
        with pytest.raises(Killed):
            bench.drain()
    assert bench.world.item("one").title == "From Stash"
    undo(bench)
    # The scene still waits: the drain looks at it, and finds a person's edits.
    for look_again in (lambda: None, bench.drain, lambda: sync(bench)):
        look_again()
        item = bench.world.item("one")
        assert {name: getattr(item, name) for name in ("title", "summary", "date", "user_rating")} == {
            name: BY_HAND[name] for name in ("title", "summary", "date", "user_rating")
        }
        assert sorted(item.genres) == ["Mine", "Sea"]


def test_what_plex_carried_out_late_for_one_of_two_killed_drains_is_put_back_as_well(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene_id = a_film(bench)
    for title in ("From Stash", "Newer"):
        bench.world.stash.library.update_scene(scene_id, title=title)
        bench.save(scene_id)
        with monkeypatch.context() as patch:
            patch.setattr(sending, "write", die)
            with pytest.raises(Killed):
                bench.drain()
    bench.world.plex.library.edit_by_hand(bench.world.item("one").rating_key, title="From Stash")
    undo(bench)
    assert bench.world.item("one").title == "My title"


def test_what_a_person_enters_while_the_first_sync_runs_is_what_is_put_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Renewal.renew

    def renew(self: Renewal, plex: Plex, group: Any) -> Any:
        bench.world.plex.library.edit_by_hand(bench.world.item("one").rating_key, title="My later title")
        return real(self, plex, group)

    bench.save(a_film(bench))
    with monkeypatch.context() as patch:
        # What was read right before the write counts as too old.
        patch.setattr(sending, "TOO_OLD", -1.0)
        patch.setattr(Renewal, "renew", renew)
        bench.drain()
    assert bench.world.item("one").title == "From Stash"
    undo(bench)
    assert (bench.world.item("one").title, bench.world.item("one").summary) == ("My later title", "My words")
