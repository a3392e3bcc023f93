"""Undo First Sync gives Plex's collections back what they were, where nobody has changed it since."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plex.client import connect
from sync_queue import undo_collections as undo_of_collections
from sync_queue.collection_updates import CollectionUpdates
from sync_queue.undo import run_undo
from sync_queue.undo_collections import CollectionsUndone, undo_collections
from tests.builders.bench import Bench, a_bench
from tests.builders.sync import a_picture, changing_requests, let_time_pass, logged, sha1_of, sync

FRONT = a_picture("front")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Two films of a group whose order is not that of the dates, synced."""
    with a_bench(tmp_path) as bench:
        bench.world.settings["collection_details"] = True
        let_time_pass(bench.world)
        bench.world.stash.library.add_group("Saga", image=FRONT, synopsis="All about it")
        for name, index in (("one", 2), ("two", 1)):
            date = f"200{3 - index}-01-01"
            bench.world.add_film(name, title=name, date=date, groups=[(1, index)], plex={"title": name})
        sync(bench)
        assert kept(bench).sort == 2
        yield bench


def kept(bench: Bench) -> Any:
    return bench.world.plex.library.collection(bench.world.section_keys["Films"], "Saga")


def undo(bench: Bench, label: str = "") -> CollectionsUndone:
    bench.world.clear_requests()
    config = bench.config({})
    with bench.state() as state:
        state.use_server(state.machine_identifier, str(config.path_map))
        return undo_collections(connect(config, bench.world.data_dir), state, label)


def test_a_collection_is_bare_again(bench: Bench) -> None:
    bench.world.plex.library.version = "1.43.0.1"
    assert undo(bench).restored == 1
    collection = kept(bench)
    assert (collection.summary, collection.selected_poster, collection.sort) == ("", None, 0)
    assert collection.locked & {"summary", "thumb"} == set()


def test_it_stays_so_until_the_group_changes_in_stash(bench: Bench) -> None:
    undo(bench)
    sync(bench)
    bench.save(1, 2)
    bench.drain()
    assert (kept(bench).summary, kept(bench).selected_poster, kept(bench).sort) == ("", None, 0)
    other = a_picture("other")
    bench.world.stash.library.change("group", 1, synopsis="More", image=other)
    bench.world.stash.library.update_scene(1, groups=[(1, 5)])
    bench.world.add_film("three", title="three", date="1999-01-01", groups=[(1, 3)], plex={"title": "three"})
    sync(bench)
    bench.save(1)
    bench.drain()
    assert (kept(bench).summary, kept(bench).selected_poster, kept(bench).sort) == ("More", sha1_of(other), 2)
    bench.save(1)
    bench.world.clear_requests()
    bench.drain()
    assert changing_requests(bench) == []


def test_what_came_again_after_an_undo_goes_again_with_the_next_one(bench: Bench) -> None:
    bench.world.plex.library.version = "1.43.0.1"
    undo(bench)
    bench.world.stash.library.change("group", 1, synopsis="More", image=a_picture("other"))
    bench.world.stash.library.update_scene(1, groups=[(1, 0)])
    sync(bench)
    bench.save(1)
    bench.drain()
    collection = kept(bench)
    assert (collection.summary, collection.selected_poster) == ("More", sha1_of(a_picture("other")))
    assert undo(bench).restored == 1
    assert (kept(bench).summary, kept(bench).selected_poster, kept(bench).sort) == ("", None, 0)
    assert undo(bench).restored == 0
    sync(bench)
    assert (kept(bench).summary, kept(bench).selected_poster, kept(bench).sort) == ("", None, 0)


def test_an_older_plex_keeps_the_poster_and_that_is_told(bench: Bench) -> None:
    bench.world.plex.library.version = "1.41.0.1"
    summary = undo(bench)
    assert (summary.posters_kept, kept(bench).selected_poster) == (1, sha1_of(FRONT))
    assert "1.43" in summary.summary_lines()[-1]


def test_what_a_person_changed_since_stays(bench: Bench) -> None:
    library = bench.world.plex.library
    library.all_collections.edit_by_hand(kept(bench).rating_key, summary="Mine")
    library.upload_image(kept(bench).rating_key, "poster", a_picture("mine"))
    library.all_collections.move(kept(bench), bench.world.item("one").rating_key, None)
    assert undo(bench).restored == 0
    collection = kept(bench)
    assert (collection.summary, collection.selected_poster) == ("Mine", sha1_of(a_picture("mine")))
    assert collection.sort == 2
    assert changing_requests(bench) == []


def test_a_collection_with_the_opt_out_label_is_left_alone(bench: Bench) -> None:
    kept(bench).labels = ["keep"]
    assert undo(bench, "Keep").restored == 0
    assert kept(bench).summary == "All about it"


def test_the_task_puts_collections_back_too_and_tells_what_plex_refused(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    section = f"/library/sections/{bench.world.section_keys['Films']}/all"
    bench.world.plex.faults.add("status", section, method="PUT", code=400, body=b"no", times=1)
    assert run_undo(bench.config({}), str(bench.world.data_dir)) is not None
    assert any("could not be put back" in line for line in logged(caplog, "WARNING"))
    assert run_undo(bench.config({}), str(bench.world.data_dir)) is None
    assert "Put back 1 collection." in logged(caplog, "INFO")
    assert kept(bench).summary == ""


class Killed(BaseException):
    """The end of a process."""


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_undo_that_was_killed_is_ended_by_the_next(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """After each of its writes: the text, the poster, the lock of the poster."""
    bench.world.plex.library.version = "1.43.0.1"
    names, count = ("edit_collection", "take_away", "unlock"), [0]

    def dying(real: Any) -> Any:
        def act(*arguments: Any) -> None:
            real(*arguments)
            count[0] += 1
            if count[0] == number:
                raise Killed

        return act

    with monkeypatch.context() as patch:
        for name in names:
            patch.setattr(undo_of_collections, name, dying(getattr(undo_of_collections, name)))
        with pytest.raises(Killed):
            undo(bench)
    undo(bench)
    collection = kept(bench)
    assert (collection.summary, collection.selected_poster, collection.sort) == ("", None, 0)
    assert collection.locked & {"summary", "thumb"} == set()


def test_what_an_interrupted_drain_brought_is_taken_back_as_well(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.world.plex.library.version = "1.43.0.1"
    library = bench.world.stash.library
    library.change("group", 1, synopsis="More", image=a_picture("other"))
    bench.save(1, 2)

    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        # The text and the poster are sent, and neither is read back.
        patch.setattr(CollectionUpdates, "_read_back", die)
        with pytest.raises(Killed):
            bench.drain()
    assert kept(bench).summary == "More"
    undo(bench)
    assert (kept(bench).summary, kept(bench).selected_poster) == ("", None)
