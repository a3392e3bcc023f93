"""Views in Plex become plays in Stash: each once, with its own time, whatever is killed or repeated."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from back_to_stash.brought import PLAYS as PLAYED
from back_to_stash.brought import Change, in_words
from back_to_stash.plays import missing_plays
from stash.activity import read_activity
from stash.writing import write
from sync_queue import unanswered
from sync_queue.brought_back import BEGUN, DONE, WAITING, View
from sync_queue.previewed import BACK
from tests.back_to_stash.bench import a_quiet_bench, changes_in_stash, settle, take_a_look, undo
from tests.builders.bench import Bench
from tests.builders.sync import AClock, graphql, sync

PLAYS: Any = {"back_to_stash": "plays"}
# Seconds since 1970: some evening, and hours after it.
EVENING, HOUR = 1_760_000_000, 3_600


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_quiet_bench(tmp_path, "plays") as bench:
        yield bench


def a_film(bench: Bench, name: str = "one") -> int:
    """A film that is in both and has been synced, with the setting on."""
    scene_id = bench.world.add_film(name, title=name.title(), plex={})
    settle(bench)
    return scene_id


def watch(bench: Bench, at: int, name: str = "one", account: int = 1) -> None:
    """Somebody watches a film to its end."""
    bench.world.plex.library.watch(bench.world.item(name).rating_key, at=at, account=account)


def plays(bench: Bench, scene_id: int) -> list[int]:
    """The times of a scene's plays in Stash."""
    found = read_activity(bench.stash().ask, [scene_id])
    return sorted(found[scene_id].plays)


def test_each_view_becomes_a_play_with_its_own_time(bench: Bench) -> None:
    scene_id = a_film(bench)
    watch(bench, EVENING)
    watch(bench, EVENING + HOUR)
    assert take_a_look(bench).count("plays") == 2
    assert plays(bench, scene_id) == [EVENING, EVENING + HOUR]
    bench.world.clear_requests()
    assert take_a_look(bench).changes == []
    assert take_a_look(bench, everything=True).changes == []
    assert changes_in_stash(bench) == []
    watch(bench, EVENING + 2 * HOUR)
    take_a_look(bench)
    assert plays(bench, scene_id) == [EVENING, EVENING + HOUR, EVENING + 2 * HOUR]


def test_views_from_before_the_setting_come_only_where_a_person_asks_for_them(bench: Bench) -> None:
    scene_id = bench.world.add_film("one", title="One", plex={})
    bench.world.settings["back_to_stash"] = ""
    settle(bench)
    watch(bench, EVENING)
    bench.world.settings["back_to_stash"] = "plays"
    take_a_look(bench)
    watch(bench, EVENING + HOUR)
    take_a_look(bench)
    assert plays(bench, scene_id) == [EVENING + HOUR]
    take_a_look(bench, everything=True)
    assert plays(bench, scene_id) == [EVENING, EVENING + HOUR]


def test_views_while_the_setting_was_off_do_not_come_when_it_is_on_again(bench: Bench) -> None:
    scene_id = a_film(bench)
    take_a_look(bench, back_to_stash="")
    watch(bench, EVENING)
    take_a_look(bench)
    watch(bench, EVENING + HOUR)
    take_a_look(bench)
    assert plays(bench, scene_id) == [EVENING + HOUR]


def test_views_of_others_never_come(bench: Bench) -> None:
    scene_id = a_film(bench)
    watch(bench, EVENING, account=2)
    watch(bench, EVENING + HOUR)
    take_a_look(bench)
    take_a_look(bench, everything=True)
    assert plays(bench, scene_id) == [EVENING + HOUR]


def test_views_of_others_never_come_from_a_plex_that_ignores_whose_were_asked_for(bench: Bench) -> None:
    bench.world.plex.behaviour.ignored_filters = frozenset({"accountID", "viewedAt"})
    scene_id = a_film(bench)
    watch(bench, EVENING, account=2)
    watch(bench, EVENING + HOUR)
    take_a_look(bench)
    assert plays(bench, scene_id) == [EVENING + HOUR]


@pytest.mark.parametrize("refusal", [401, 403])
@pytest.mark.parametrize("is_first", [False, True])
def test_a_guests_token_brings_no_plays_and_is_noticed(bench: Bench, refusal: Any, is_first: bool) -> None:
    scene_id = a_film(bench)
    watch(bench, EVENING)
    bench.world.plex.behaviour.refusal_of_guests = refusal
    bench.world.plex.guest_token = "made-up-guest-token"
    if is_first:
        take_a_look(bench, back_to_stash="")
    bench.world.settings["plex_token"] = bench.world.plex.guest_token
    watch(bench, EVENING, account=2)
    brought = take_a_look(bench)
    assert (brought.is_owner, plays(bench, scene_id)) == (not is_first, [])


def test_marking_as_unwatched_takes_no_play_away_and_as_watched_adds_none(bench: Bench) -> None:
    scene_id = a_film(bench)
    watch(bench, EVENING)
    take_a_look(bench)
    key = bench.world.item("one").rating_key
    bench.world.plex.library.unwatch(key)
    bench.world.plex.library.mark_watched(key)
    take_a_look(bench, everything=True)
    assert plays(bench, scene_id) == [EVENING]


@pytest.mark.parametrize("is_done", [False, True])
def test_a_kill_while_plays_are_written_neither_loses_nor_doubles_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, is_done: bool
) -> None:
    scene_id = a_film(bench)
    watch(bench, EVENING)
    watch(bench, EVENING + HOUR)

    def killed(stash: Any, writes: Any) -> None:
        if is_done:
            write(stash, writes)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("back_to_stash.look.write", killed)
        with pytest.raises(KeyboardInterrupt):
            take_a_look(bench)
    assert plays(bench, scene_id) == ([EVENING, EVENING + HOUR] if is_done else [])
    let_stash_end(monkeypatch)
    take_a_look(bench)
    assert plays(bench, scene_id) == [EVENING, EVENING + HOUR]


def let_stash_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever Stash was asked for before is done, or will never be."""
    monkeypatch.setattr(unanswered, "time", AClock(time.time() + unanswered.STILL_WRITING))


def killed_while_it_writes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Look, and be killed with a request on its way; returns what Stash does with it."""
    sent: list[Any] = []

    def killed(_: Any, writes: Any) -> None:
        sent.extend(writes)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("back_to_stash.look.write", killed)
        with pytest.raises(KeyboardInterrupt):
            take_a_look(bench)
    return lambda: write(bench.stash(), sent)


@pytest.mark.parametrize("is_carried_out", [True, False])
def test_what_stash_may_still_be_writing_is_not_written_beside_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, is_carried_out: bool
) -> None:
    bench.world.settings["back_to_stash"] = "ratings, plays, resume"
    library, scene_id = bench.world.plex.library, a_film(bench)
    scene, key = bench.world.stash.library.scene(scene_id), bench.world.item("one").rating_key
    watch(bench, EVENING)
    library.rate(key, 6.0)
    library.stop_at(key, 300_000, at=EVENING + HOUR)
    carry_out = killed_while_it_writes(bench, monkeypatch)
    library.rate(key, 8.0)
    library.stop_at(key, 500_000, at=EVENING + 2 * HOUR)
    for _ in range(2):
        take_a_look(bench)
        assert (plays(bench, scene_id), scene.rating100, scene.resume_time) == ([], None, 0.0)
        assert undo(bench).failed == 1
    if is_carried_out:
        carry_out()
    else:
        let_stash_end(monkeypatch)
    take_a_look(bench)
    take_a_look(bench)
    assert (plays(bench, scene_id), scene.rating100, scene.resume_time) == ([EVENING], 80, 500.0)
    sync(bench)
    assert bench.world.item("one").user_rating == 8.0
    undo(bench)
    assert (plays(bench, scene_id), scene.rating100, scene.resume_time) == ([], None, 0.0)


def test_what_a_preview_shows_stays_there_while_stash_may_still_be_writing_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene_id = a_film(bench)
    watch(bench, EVENING)
    with bench.state() as state, state.previewed.replacing() as preview:
        preview.add_back(scene_id, [in_words(Change(scene_id, PLAYED, (), (EVENING,)))])
    killed_while_it_writes(bench, monkeypatch)
    for shown in (1, 0):
        take_a_look(bench, everything=True)
        with bench.state() as state:
            assert state.previewed.counts(BACK)[0] == shown
        let_stash_end(monkeypatch)


def test_a_play_that_a_person_took_away_in_stash_stays_away(bench: Bench) -> None:
    scene_id = a_film(bench)
    watch(bench, EVENING)
    take_a_look(bench)
    graphql(bench.world, f'mutation {{ sceneDeletePlay(id: "{scene_id}", times: []) {{ count }} }}')
    watch(bench, EVENING + HOUR)
    take_a_look(bench, everything=True)
    assert plays(bench, scene_id) == [EVENING + HOUR]


def test_views_of_an_item_whose_scene_is_not_known_come_when_it_is(bench: Bench) -> None:
    a_film(bench)
    library = bench.world.plex.library
    item = library.add_item(bench.world.section_keys["Films"], files=(("/media/Films/two.mp4", 1000),))
    library.watch(item.rating_key, at=EVENING)
    brought = take_a_look(bench)
    assert (brought.changes, brought.waiting) == ([], 1)
    record = bench.world.stash.library.add_scene(files=(("/data/Films/two.mp4", 1000),), title="Two")
    sync(bench)
    take_a_look(bench)
    assert plays(bench, record.id) == [EVENING]


def test_a_scene_that_is_not_chosen_to_be_carried_gets_nothing_until_it_is(bench: Bench) -> None:
    scene_id = a_film(bench)
    watch(bench, EVENING)
    take_a_look(bench, organized_only=True)
    take_a_look(bench, organized_only=True, everything=True)
    assert plays(bench, scene_id) == []
    bench.world.stash.library.update_scene(scene_id, organized=True)
    take_a_look(bench, organized_only=True, everything=True)
    assert plays(bench, scene_id) == [EVENING]


def test_views_of_an_opted_out_item_come_later_only_where_a_person_asks_for_them(bench: Bench) -> None:
    scene_id = a_film(bench)
    item = bench.world.item("one")
    item.labels = ["Keep"]
    watch(bench, EVENING)
    for labels in (["Keep"], []):
        item.labels = labels
        take_a_look(bench, opt_out_label="keep")
        assert plays(bench, scene_id) == []
    take_a_look(bench, opt_out_label="keep", everything=True)
    assert plays(bench, scene_id) == [EVENING]


def test_a_view_that_plex_learns_of_days_later_comes_with_its_own_time(bench: Bench) -> None:
    """Players that were not connected tell of it when they are."""
    a_film(bench)
    watch(bench, EVENING - 30 * 24 * HOUR)
    take_a_look(bench)
    watch(bench, EVENING)
    take_a_look(bench)
    watch(bench, EVENING - 5 * 24 * HOUR)
    assert take_a_look(bench).count("plays") == 1


def test_what_stash_refuses_for_one_scene_does_not_hold_up_the_others(bench: Bench) -> None:
    one, two = a_film(bench), a_film(bench, "two")
    watch(bench, EVENING)
    watch(bench, EVENING, "two")
    bench.world.stash.library.destroy_scene(one)
    take_a_look(bench)
    assert plays(bench, two) == [EVENING]


def test_a_write_that_stash_refused_once_is_tried_again_by_the_next_look(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = a_film(bench), a_film(bench, "two")
    watch(bench, EVENING)
    watch(bench, EVENING, "two")
    bench.world.stash.faults.add("graphql_error", "sceneAddPlay", times=2, message="no room")
    take_a_look(bench)
    assert "The next look tries it again." in capsys.readouterr().err
    assert sorted(map(len, (plays(bench, one), plays(bench, two)))) == [0, 1]
    take_a_look(bench)
    assert (plays(bench, one), plays(bench, two)) == ([EVENING], [EVENING])


def test_views_in_the_same_second_in_two_items_of_a_scene_are_two_plays(bench: Bench) -> None:
    scene_id = a_film(bench)
    library = bench.world.plex.library
    other = library.add_item(bench.world.section_keys["Films"], files=(("/media/Films/one.mp4", 1000),))
    settle(bench)
    watch(bench, EVENING)
    library.watch(other.rating_key, at=EVENING)
    take_a_look(bench)
    take_a_look(bench, everything=True)
    assert plays(bench, scene_id) == [EVENING, EVENING]


def test_undo_takes_away_the_plays_that_came_and_no_other_and_they_do_not_come_again(bench: Bench) -> None:
    scene_id = a_film(bench)
    graphql(
        bench.world,
        f'mutation {{ sceneAddPlay(id: "{scene_id}", times: ["2020-01-01T00:00:00Z"]) {{ count }} }}',
    )
    before = plays(bench, scene_id)
    watch(bench, EVENING)
    take_a_look(bench)
    assert undo(bench).restored == 1
    assert plays(bench, scene_id) == before
    assert take_a_look(bench, everything=True).changes == []


def test_undo_takes_back_what_came_from_every_plex_server(bench: Bench) -> None:
    """Two servers with the same films, ratings and resume times, and each with views of its own."""
    library = bench.world.plex.library
    settings: Any = {"back_to_stash": "ratings, plays, resume"}
    histories: dict[str, list[Any]] = {library.machine_identifier: [], "another": []}
    scene_id = a_film(bench)
    key = bench.world.item("one").rating_key
    for number, server in enumerate(histories):
        library.machine_identifier, library.history = server, histories[server]
        sync(bench, **settings)
        take_a_look(bench, **settings)
        watch(bench, EVENING + number * HOUR)
        library.rate(key, 6.0)
        library.stop_at(key, 300_000, at=EVENING + 3 * HOUR)
        take_a_look(bench, **settings)
    scene = bench.world.stash.library.scene(scene_id)
    assert (plays(bench, scene_id), scene.rating100, scene.resume_time) == (
        [EVENING, EVENING + HOUR],
        60,
        300.0,
    )
    undo(bench)
    for server in histories:
        library.machine_identifier, library.history = server, histories[server]
        bench.save(scene_id)
        sync(bench, **settings)
        take_a_look(bench, everything=True, **settings)
        assert (plays(bench, scene_id), scene.rating100, scene.resume_time) == ([], None, 0.0)
        assert bench.world.item("one").user_rating == 6.0


def test_undo_leaves_a_play_that_stash_had_at_the_very_time_of_a_view(bench: Bench) -> None:
    scene_id = a_film(bench)
    add_play = f'mutation {{ sceneAddPlay(id: "{scene_id}", times: ["2025-10-09T08:53:20Z"]) {{ count }} }}'
    graphql(bench.world, add_play)
    assert plays(bench, scene_id) == [EVENING]
    watch(bench, EVENING)
    watch(bench, EVENING + HOUR)
    take_a_look(bench)
    assert plays(bench, scene_id) == [EVENING, EVENING + HOUR]
    undo(bench)
    assert plays(bench, scene_id) == [EVENING]


def test_a_scene_of_which_stash_does_not_tell_holds_up_no_other_when_all_is_taken_back(bench: Bench) -> None:
    one, two = a_film(bench, "one"), a_film(bench, "two")
    for name in ("one", "two"):
        watch(bench, EVENING, name)
    assert take_a_look(bench).count("plays") == 2
    bench.world.stash.faults.add(
        "graphql_error", "findScene", message="boom", when=lambda given: str(one) in map(str, given.values())
    )
    assert undo(bench).failed == 1
    bench.world.stash.faults.clear()
    assert (plays(bench, one), plays(bench, two)) == ([EVENING], [])


@pytest.mark.parametrize("way", ["the scene is ignored", "the item carries the label"])
def test_what_a_kill_left_begun_is_not_brought_to_a_scene_that_is_left_alone_since(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    scene_id = a_film(bench)
    watch(bench, EVENING)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("back_to_stash.look.write", killed)
        with pytest.raises(KeyboardInterrupt):
            take_a_look(bench)
    if way == "the scene is ignored":
        with bench.state() as state:
            state.ignored.add([scene_id])
    else:
        bench.world.settings["opt_out_label"] = "Mine"
        bench.world.plex.library.edit_by_hand(bench.world.item("one").rating_key, labels=["Mine"])
    take_a_look(bench)
    assert plays(bench, scene_id) == []


def test_a_view_of_a_film_whose_file_is_away_for_a_while_comes_when_it_is_back(bench: Bench) -> None:
    scene_id, library = a_film(bench), bench.world.plex.library
    watch(bench, EVENING)
    library.trash_file("/media/Films/one.mp4")
    take_a_look(bench)
    assert plays(bench, scene_id) == []
    for part in bench.world.item("one").parts:
        part.deleted_at = None
    take_a_look(bench)
    assert plays(bench, scene_id) == [EVENING]


def test_a_look_asks_for_what_is_new_alone(bench: Bench) -> None:
    a_film(bench)
    watch(bench, EVENING)
    bench.world.settings["back_to_stash"] = "plays, ratings, resume"
    take_a_look(bench)
    bench.world.clear_requests()
    take_a_look(bench)
    asked = [one.path for one in bench.world.plex.requests]
    assert asked.count("/status/sessions/history/all") == 1
    assert asked.count(f"/library/sections/{bench.world.section_keys['Films']}/all") == 1
    assert "/accounts" not in asked


@given(st.lists(st.sampled_from([1, 2, 3])), st.lists(st.sampled_from([1, 2, 3])))
def test_a_look_after_a_kill_finds_what_was_written_before_it(views: list[int], others: list[int]) -> None:
    journal = [View(key, time, 5, [WAITING, BEGUN, DONE][key % 3]) for key, time in enumerate(views)]
    plays = [*others, *(view.viewed_at for view in journal if view.step == DONE)]
    missing = missing_plays(journal, plays)
    for written in range(len(missing) + 1):
        there = [*plays, *missing[:written]]
        assert sorted([*there, *missing_plays(journal, there)]) == sorted([*plays, *missing])
