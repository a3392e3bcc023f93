"""Ratings that people give in Plex come to Stash, and none is lost on either side."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from back_to_stash.ratings import RatedItem, choose_rating
from back_to_stash.run import bring_back_after
from stash.writing import write
from sync_queue.ratings import InBoth, in_plex, in_stash, is_shown
from tests.back_to_stash.bench import a_quiet_bench, changes_in_stash, settle, take_a_look, undo
from tests.builders.bench import Bench
from tests.builders.sync import changing_requests, graphql, sync

pytestmark = pytest.mark.unmeasured

RATINGS: Any = {"back_to_stash": "ratings"}
EVENING = 1_760_000_000


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_quiet_bench(tmp_path, "ratings") as bench:
        yield bench


def a_film(bench: Bench, rating100: int | None = None, in_plex: float | None = None) -> int:
    """A film that is in both, with these ratings to begin with."""
    return bench.world.add_film("one", title="One", rating100=rating100, plex={"user_rating": in_plex})


def rate(bench: Bench, rating: float | None, name: str = "one") -> None:
    """A person gives stars in Plex, or takes them away."""
    library = bench.world.plex.library
    library.set_fields(bench.world.item(name), {"user_rating": rating})


def in_both(bench: Bench, scene_id: int) -> tuple[int | None, float | None]:
    """The rating that each server has."""
    return bench.world.stash.library.scene(scene_id).rating100, bench.world.item("one").user_rating


def test_a_rating_of_plex_comes_to_a_scene_without_one(bench: Bench) -> None:
    scene_id = a_film(bench, None, 7.5)
    brought = take_a_look(bench)
    assert brought.changes == []
    sync(bench)
    take_a_look(bench, everything=True)
    assert in_both(bench, scene_id) == (75, 7.5)


def test_a_rating_changed_in_plex_alone_comes_and_the_next_sync_writes_nothing_anywhere(bench: Bench) -> None:
    scene_id = a_film(bench, 50)
    settle(bench)
    assert in_both(bench, scene_id) == (50, 5.0)
    rate(bench, 8.0)
    take_a_look(bench, everything=True)
    assert in_both(bench, scene_id) == (80, 8.0)
    bench.save(scene_id)
    sync(bench)
    assert changing_requests(bench) == []
    assert take_a_look(bench, everything=True).changes == []
    assert changes_in_stash(bench) == []


def test_a_rating_changed_in_stash_alone_goes_to_plex_as_ever(bench: Bench) -> None:
    scene_id = a_film(bench, 50)
    settle(bench)
    bench.world.stash.library.update_scene(scene_id, rating100=90)
    assert take_a_look(bench, everything=True).changes == []
    settle(bench)
    assert in_both(bench, scene_id) == (90, 9.0)


def test_of_a_rating_changed_in_both_that_of_stash_stays(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    scene_id = a_film(bench, 50)
    settle(bench)
    bench.world.stash.library.update_scene(scene_id, rating100=90)
    rate(bench, 2.0)
    take_a_look(bench, everything=True)
    settle(bench)
    assert in_both(bench, scene_id) == (90, 9.0)
    assert "rating changed in Plex and in Stash; Stash wins" in capsys.readouterr().err


def test_a_rating_given_in_plex_is_not_lost_where_stash_has_given_up_its_own(bench: Bench) -> None:
    scene_id = a_film(bench, 50)
    settle(bench)
    bench.world.stash.library.update_scene(scene_id, rating100=None)
    rate(bench, 9.0)
    settle(bench)
    assert in_both(bench, scene_id) == (90, 9.0)


def test_a_rating_taken_away_in_plex_goes_in_stash_where_it_was_seen_in_both(bench: Bench) -> None:
    scene_id = a_film(bench, 50)
    settle(bench)
    rate(bench, None)
    take_a_look(bench, everything=True)
    assert in_both(bench, scene_id) == (None, None)
    settle(bench)
    assert in_both(bench, scene_id) == (None, None)


def test_a_rating_that_plex_never_showed_is_not_taken_away_in_stash(bench: Bench) -> None:
    scene_id = a_film(bench, 50)
    bench.world.settings["leave_fields"] = "rating"
    settle(bench)
    assert in_both(bench, scene_id) == (50, None)


def test_an_edit_in_plex_after_a_rating_came_is_not_overwritten_by_the_drain_that_follows(
    bench: Bench,
) -> None:
    scene_id = a_film(bench, 50)
    settle(bench)
    rate(bench, 8.0)
    take_a_look(bench, everything=True)
    rate(bench, 9.0)
    bench.save(scene_id)
    sync(bench)
    assert in_both(bench, scene_id) == (80, 9.0)
    take_a_look(bench, everything=True)
    assert in_both(bench, scene_id) == (90, 9.0)


def test_a_rating_comes_where_the_field_is_left_alone_in_plex(bench: Bench) -> None:
    bench.world.settings["leave_fields"] = "rating"
    scene_id = a_film(bench, None, 6.0)
    settle(bench)
    rate(bench, 7.0)
    take_a_look(bench, everything=True)
    assert in_both(bench, scene_id) == (70, 7.0)
    bench.world.stash.library.update_scene(scene_id, rating100=10)
    rate(bench, 3.0)
    take_a_look(bench, everything=True)
    assert in_both(bench, scene_id) == (10, 3.0)
    rate(bench, 4.0)
    take_a_look(bench, everything=True)
    assert in_both(bench, scene_id) == (40, 4.0)


@pytest.mark.parametrize("rating100", [1, 3, 73, 75, 99])
@pytest.mark.parametrize("kept", ["in_halves", "in_half_stars"])
def test_a_finer_rating_of_stash_is_not_made_coarser_by_a_plex_that_rounds(
    bench: Bench, rating100: int, kept: Any
) -> None:
    bench.world.plex.behaviour.ratings_are_kept = kept
    scene_id = a_film(bench, rating100)
    settle(bench)
    bench.save(scene_id)
    settle(bench)
    assert in_both(bench, scene_id)[0] == rating100
    rate(bench, 5.0)
    take_a_look(bench, everything=True)
    assert in_both(bench, scene_id) == (50, 5.0)


def test_an_opted_out_item_brings_nothing(bench: Bench) -> None:
    scene_id = a_film(bench, 50)
    settle(bench)
    rate(bench, 8.0)
    bench.world.plex.library.set_fields(bench.world.item("one"), {"labels": ["Keep"]})
    take_a_look(bench, everything=True, opt_out_label="keep")
    assert in_both(bench, scene_id) == (50, 8.0)


def test_an_ignored_scene_gets_nothing(bench: Bench) -> None:
    scene_id = a_film(bench, 50)
    settle(bench)
    rate(bench, 8.0)
    with bench.state() as state:
        state.ignored.add([scene_id])
    take_a_look(bench, everything=True)
    assert in_both(bench, scene_id) == (50, 8.0)


def test_a_rating_that_was_written_and_not_recorded_counts_as_written(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene_id = a_film(bench, 50)
    settle(bench)
    rate(bench, 8.0)
    with monkeypatch.context() as killed:
        killed.setattr("back_to_stash.look._Bringing._note", lambda *_: 1 / 0)
        killed.setattr("back_to_stash.scene_news.Journal.put", put_once())
        with pytest.raises(ZeroDivisionError):
            take_a_look(bench, everything=True)
    assert in_both(bench, scene_id) == (80, 8.0)
    rate(bench, 9.0)
    bench.save(scene_id)
    sync(bench)
    take_a_look(bench, everything=True)
    assert in_both(bench, scene_id) == (90, 9.0)


def put_once() -> Any:
    """What is written down before a write, and not what would be after it: the process is dead."""
    from back_to_stash.scene_news import Journal

    put = Journal.put

    def first(self: Any, back: Any) -> None:
        if all(known.begun for _, known in self.ratings):
            put(self, back)

    return first


def test_undo_gives_back_the_rating_that_stash_had_and_plexs_does_not_come_again(bench: Bench) -> None:
    scene_id = a_film(bench, 50)
    settle(bench)
    rate(bench, 8.0)
    take_a_look(bench, everything=True)
    assert undo(bench).restored == 1
    assert in_both(bench, scene_id) == (50, 8.0)
    settle(bench)
    assert in_both(bench, scene_id) == (50, 8.0)


def test_undo_leaves_a_rating_that_was_changed_in_stash_since(bench: Bench) -> None:
    scene_id = a_film(bench, 50)
    settle(bench)
    rate(bench, 8.0)
    take_a_look(bench, everything=True)
    bench.world.stash.library.update_scene(scene_id, rating100=30)
    summary = undo(bench)
    assert (summary.restored, summary.changed_since) == (0, 1)
    assert in_both(bench, scene_id) == (30, 8.0)


def test_a_scene_with_several_items_gets_the_rating_that_was_given_last(bench: Bench) -> None:
    scene_id = a_film(bench, 50)
    library = bench.world.plex.library
    first = bench.world.item("one").rating_key
    second = library.add_item(bench.world.section_keys["Films"], (("/media/Films/one.mp4", 1000),)).rating_key
    settle(bench)
    for newer, older, rating in ((first, second, 8.0), (second, first, 9.0)):
        at = EVENING + int(rating) * 100
        library.rate(older, 2.0, at=at)
        library.rate(newer, rating, at=at + 10)
        take_a_look(bench, everything=True)
        assert bench.world.stash.library.scene(scene_id).rating100 == rating * 10
        bench.save(scene_id)
        sync(bench)
        assert {item.user_rating for item in library.items()} == {rating}


def test_a_later_rating_in_another_item_is_followed_before_any_drain(bench: Bench) -> None:
    scene_id = a_film(bench, 50)
    library, films = bench.world.plex.library, bench.world.section_keys["Films"]
    first = bench.world.item("one").rating_key
    second = library.add_item(films, (("/media/Films/one.mp4", 1000),)).rating_key
    settle(bench)
    for key, rating, at in ((first, 8.0, EVENING), (second, 9.0, EVENING + 10)):
        library.rate(key, rating, at=at)
        take_a_look(bench, everything=True)
    assert bench.world.stash.library.scene(scene_id).rating100 == 90
    bench.save(scene_id)
    sync(bench)
    assert {item.user_rating for item in library.items()} == {9.0}


@pytest.mark.parametrize("is_slow", [False, True], ids=["at once", "read once more before the write"])
def test_a_rating_that_a_plex_might_show_as_the_one_before_is_written_all_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, is_slow: bool
) -> None:
    """Some Plex makes 1.0 of 1.7. What is begun in the same run was not carried out yet."""
    scene_id = a_film(bench, 10)
    settle(bench)
    assert bench.world.item("one").user_rating == 1.0
    bench.world.stash.library.update_scene(scene_id, rating100=17)
    bench.save(scene_id)
    if is_slow:
        monkeypatch.setattr("sync_queue.sending.TOO_OLD", -1.0)
    sync(bench)
    assert bench.world.item("one").user_rating == 1.7


@pytest.mark.parametrize("before", [None, 50])
def test_a_rating_given_after_another_item_was_followed_is_not_written_over_by_the_drain_between(
    bench: Bench, before: int | None
) -> None:
    """What Stash has then came from Plex: nobody has rated in Stash."""
    scene_id = a_film(bench, before)
    library, films = bench.world.plex.library, bench.world.section_keys["Films"]
    first = bench.world.item("one").rating_key
    second = library.add_item(films, (("/media/Films/one.mp4", 1000),)).rating_key
    settle(bench)
    at = int(time.time()) + 10
    library.rate(second, 7.0, at=at)
    take_a_look(bench, everything=True)
    library.rate(second, 3.0, at=at + 10)
    library.rate(first, 6.0, at=at + 20)
    bench.save(scene_id)
    for _ in range(2):
        sync(bench)
        take_a_look(bench)
        bench.save(scene_id)
    assert bench.world.stash.library.scene(scene_id).rating100 == 60
    sync(bench)
    assert {item.user_rating for item in library.items()} == {6.0}


def test_a_write_whose_task_was_killed_is_undone_as_any_other(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene_id = a_film(bench, 50)
    settle(bench)
    rate(bench, 8.0)

    def killed(stash: Any, writes: Any) -> None:
        write(stash, writes)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("back_to_stash.look.write", killed)
        with pytest.raises(KeyboardInterrupt):
            take_a_look(bench, everything=True)
    take_a_look(bench, everything=True)
    assert undo(bench).restored == 1
    assert in_both(bench, scene_id) == (50, 8.0)


def test_with_nothing_to_bring_back_neither_server_is_asked(bench: Bench) -> None:
    a_film(bench, 50)
    bench.world.settings["back_to_stash"] = ""
    bench.world.clear_requests()
    bring_back_after("process_queue", bench.stash(), bench.config({}), str(bench.world.data_dir))
    assert bench.world.plex.requests == []
    assert changes_in_stash(bench) == []


def test_a_hook_for_our_own_write_finds_nothing_to_do(bench: Bench) -> None:
    scene_id = a_film(bench, None)
    settle(bench)
    graphql(bench.world, f'mutation {{ sceneUpdate(input: {{id: "{scene_id}", rating100: 40}}) {{ id }} }}')
    settle(bench)
    rate(bench, 6.0)
    take_a_look(bench, everything=True)
    sync(bench)
    assert changing_requests(bench) == []
    assert in_both(bench, scene_id) == (60, 6.0)


@given(st.integers(1, 100))
def test_every_rating_of_stash_survives_the_way_to_plex_and_back(rating100: int) -> None:
    assert in_stash(in_plex(rating100)) == rating100
    assert is_shown(rating100, in_plex(rating100))


@given(st.integers(0, 20))
def test_half_stars_survive_the_way_to_stash_and_back(halves: int) -> None:
    rating = f"{halves / 2:.1f}" if halves else ""
    assert in_plex(in_stash(rating)) == rating


@given(st.none() | st.integers(1, 100), st.sampled_from([0, 5, 10]))
def test_what_a_plex_makes_of_a_rating_is_no_edit(rating100: int | None, step: int) -> None:
    made = rating100 if not step or rating100 is None else round(rating100 / step) * step or None
    item = RatedItem(1, in_plex(made), 5, InBoth(rating100, in_plex(made)))
    choice = choose_rating(rating100, [item])
    assert (choice.bringer, choice.same) == (None, (item,))


def test_of_several_items_the_one_that_was_rated_last_is_followed() -> None:
    both = InBoth(50, "5.0")
    items = [RatedItem(1, "7.0", 10, both), RatedItem(2, "9.0", 30, both), RatedItem(3, "8.0", 20, both)]
    choice = choose_rating(50, items)
    assert (choice.bringer, choice.rating100) == (items[1], 90)
