"""A drain that is killed while it updates collections: the next one ends what was begun, once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plex.client import Plex, connect
from plex.collections import move_item
from sync_queue import collection_placing
from sync_queue.undo_collections import undo_collections
from tests.builders.bench import Bench, a_bench
from tests.builders.killed import Killed, then_die
from tests.builders.sync import a_picture, changing_requests, let_time_pass, sha1_of, sync

FRONT, OTHER = a_picture("front"), a_picture("other")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as bench:
        bench.world.settings["collection_details"] = True
        let_time_pass(bench.world)
        bench.world.stash.library.add_group("Saga", image=FRONT, synopsis="All about it")
        for name, index in (("one", 3), ("two", 1), ("three", 2)):
            date = f"200{index}-01-01" if name == "one" else f"201{3 - index}-01-01"
            bench.world.add_film(name, title=name, date=date, groups=[(1, index)], plex={"title": name})
        yield bench


def kept(bench: Bench) -> Any:
    return bench.world.plex.library.collection(bench.world.section_keys["Films"], "Saga")


def order(bench: Bench) -> list[str]:
    with bench.world.plex.library.lock:
        return [item.title for item in bench.world.plex.library.all_collections.members(kept(bench))]


def killed_at(bench: Bench, number: int, monkeypatch: pytest.MonkeyPatch, after: bool) -> bool:
    """Drain, and die at this request about a collection, before or after Plex got it; whether it did."""
    count = 0
    about = re.compile(r"/library/(collections/\d+/items|metadata/\d+/(posters|poster|prefs))")

    def dying(send: Any) -> Any:
        def act(self: Plex, path: str, content: Any) -> None:
            nonlocal count
            is_about = bool(about.match(path)) or (isinstance(content, dict) and content.get("type") == 18)
            count += is_about
            if is_about and count == number and not after:
                raise Killed
            send(self, path, content)
            if is_about and count == number:
                raise Killed

        return act

    with monkeypatch.context() as patch:
        patch.setattr(Plex, "put", dying(Plex.put))
        patch.setattr(Plex, "post", dying(Plex.post))
        try:
            bench.drain()
        except Killed:
            return True
    return False


@pytest.mark.parametrize("after", [False, True])
def test_whatever_is_interrupted_is_ended_and_nothing_is_done_twice(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    """At one request after the other: first the first sync, then a change of everything."""
    bench.reconcile()
    number = 1
    while killed_at(bench, number, monkeypatch, after):
        number += 1
        assert number < 20
    assert number > 2
    assert kept(bench).summary == "All about it"
    assert kept(bench).selected_poster == sha1_of(FRONT)
    assert order(bench) == ["two", "three", "one"]
    library = bench.world.stash.library
    library.rename_group(1, "Legend")
    library.change("group", 1, synopsis="More", image=OTHER)
    library.update_scene(1, groups=[(1, 0)])
    bench.save(1, 2, 3)
    number = 1
    while killed_at(bench, number, monkeypatch, after):
        number += 1
        assert number < 20
    assert number > 2
    collection = bench.world.plex.library.collection(bench.world.section_keys["Films"], "Legend")
    assert (collection.summary, collection.selected_poster) == ("More", sha1_of(OTHER))
    assert [item.title for item in bench.world.plex.library.all_collections.members(collection)] == [
        "one",
        "two",
        "three",
    ]
    assert [upload.sha1 for upload in bench.world.plex.uploads] == [sha1_of(FRONT), sha1_of(OTHER)]
    sync(bench)
    bench.save(1, 2, 3)
    bench.world.clear_requests()
    bench.drain()
    assert changing_requests(bench) == []


def test_a_person_who_comes_in_between_keeps_what_they_entered(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.reconcile()
    assert killed_at(bench, 1, monkeypatch, after=True)
    bench.world.plex.library.all_collections.edit_by_hand(kept(bench).rating_key, summary="Mine")
    bench.drain()
    sync(bench)
    assert kept(bench).summary == "Mine"


def test_a_text_changes_after_two_drains_were_killed_one_after_the_other(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first after Plex had taken its text, the second before it sent the next one."""
    sync(bench)
    library = bench.world.stash.library
    for text, is_sent in (("More", True), ("Still more", False)):
        library.change("group", 1, synopsis=text)
        bench.save(1, 2, 3)
        assert killed_at(bench, 1, monkeypatch, after=is_sent)
    assert kept(bench).summary == "More"
    bench.drain()
    assert kept(bench).summary == "Still more"


def undo(bench: Bench) -> None:
    config = bench.config({})
    with bench.state() as state:
        state.use_server(state.machine_identifier, str(config.path_map))
        undo_collections(connect(config, bench.world.data_dir), state)


@pytest.mark.parametrize("drains", [1, 2])
def test_an_undo_after_killed_drains_gives_back_what_was_there_before_all_of_them(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, drains: int
) -> None:
    """Each was killed after Plex had taken its text; it stays away until the group changes."""
    library = bench.world.stash.library
    bench.reconcile()
    for number in range(drains):
        library.change("group", 1, synopsis=f"Text {number}")
        bench.save(1, 2, 3)
        assert killed_at(bench, 1, monkeypatch, after=True)
        assert kept(bench).summary == f"Text {number}"
    undo(bench)
    assert kept(bench).summary == ""
    bench.drain()
    sync(bench)
    assert kept(bench).summary == ""
    library.change("group", 1, synopsis="More")
    bench.save(1, 2, 3)
    bench.drain()
    assert kept(bench).summary == "More"


@pytest.mark.parametrize("is_first", [True, False], ids=["the first order", "another one"])
def test_an_undo_after_a_drain_that_was_killed_while_it_moved_items_takes_the_order_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, is_first: bool
) -> None:
    """It stays away until the group has another order in Stash."""
    library = bench.world.stash.library
    if is_first:
        bench.reconcile()
    else:
        sync(bench)
        library.update_scene(1, groups=[(1, 0)])
        library.update_scene(2, groups=[(1, 4)])
        bench.save(1, 2, 3)
    with monkeypatch.context() as patch:
        patch.setattr(collection_placing, "move_item", then_die(move_item))
        with pytest.raises(Killed):
            bench.drain()
    undo(bench)
    assert kept(bench).sort == 0
    bench.drain()
    sync(bench)
    assert kept(bench).sort == 0
    library.update_scene(3, groups=[(1, 9)])
    bench.save(1, 2, 3)
    bench.drain()
    assert kept(bench).sort == 2


def test_an_undo_takes_away_for_good_a_poster_that_nobody_recorded(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.world.plex.library.version = "1.43.0.1"
    bench.reconcile()
    assert killed_at(bench, 2, monkeypatch, after=True)
    assert kept(bench).selected_poster == sha1_of(FRONT)
    undo(bench)
    bench.drain()
    sync(bench)
    assert kept(bench).selected_poster is None
    bench.world.stash.library.change("group", 1, image=OTHER)
    bench.save(1, 2, 3)
    bench.drain()
    assert kept(bench).selected_poster == sha1_of(OTHER)
