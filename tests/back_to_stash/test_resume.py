"""Where people stopped in Plex is where Stash goes on, unless Stash knows it better."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from back_to_stash.resume import ResumedItem, choose_resume
from stash.activity import Activity
from stash.writing import write
from sync_queue.brought_back import SeenResume
from tests.back_to_stash.bench import a_quiet_bench, changes_in_stash, settle, take_a_look, undo
from tests.builders.bench import Bench
from tests.builders.sync import changing_requests, graphql, sync

EVENING, HOUR = 1_760_000_000, 3_600


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_quiet_bench(tmp_path, "resume") as bench:
        yield bench


def a_film(bench: Bench, seconds: float = 3_000.0) -> int:
    """A film of this length that is in both and has been synced, with the setting on."""
    scene_id = bench.world.add_film("one", title="One", plex={"duration": int(seconds * 1000)})
    bench.world.stash.library.scene(scene_id).files[0].duration = seconds
    settle(bench)
    return scene_id


def stop(bench: Bench, seconds: float, at: int) -> None:
    """A person leaves the film in its middle, in Plex."""
    bench.world.plex.library.stop_at(bench.world.item("one").rating_key, int(seconds * 1000), at=at)


def stop_in_stash(bench: Bench, scene_id: int, seconds: float) -> None:
    """A person leaves the film in its middle, in Stash."""
    graphql(bench.world, f'mutation {{ sceneSaveActivity(id: "{scene_id}", resume_time: {seconds}) }}')


def resume_time(bench: Bench, scene_id: int) -> float:
    """Where Stash goes on."""
    return float(bench.world.stash.library.scene(scene_id).resume_time)


def test_where_a_person_stopped_in_plex_comes_to_stash_and_writes_nothing_to_plex(bench: Bench) -> None:
    scene_id = a_film(bench)
    stop(bench, 600.5, EVENING)
    bench.world.clear_requests()
    assert take_a_look(bench).count("resume") == 1
    assert (resume_time(bench, scene_id), changing_requests(bench)) == (600.5, [])
    stop(bench, 900, EVENING + HOUR)
    take_a_look(bench)
    assert resume_time(bench, scene_id) == 900
    sync(bench)
    assert take_a_look(bench, everything=True).changes == []
    assert changes_in_stash(bench) == []


def test_a_film_finished_in_plex_begins_anew_in_stash(bench: Bench) -> None:
    scene_id = a_film(bench)
    stop(bench, 600, EVENING)
    take_a_look(bench)
    bench.world.plex.library.watch(bench.world.item("one").rating_key, at=EVENING + HOUR)
    take_a_look(bench)
    assert resume_time(bench, scene_id) == 0


def test_what_was_finished_in_plex_long_ago_takes_nothing_from_stash_when_the_setting_is_new(
    bench: Bench,
) -> None:
    bench.world.settings["back_to_stash"] = ""
    scene_id = a_film(bench)
    bench.world.plex.library.watch(bench.world.item("one").rating_key, at=EVENING)
    stop_in_stash(bench, scene_id, 700)
    bench.world.settings["back_to_stash"] = "resume"
    take_a_look(bench)
    take_a_look(bench, everything=True)
    assert resume_time(bench, scene_id) == 700


def test_a_resume_time_set_in_stash_since_the_last_look_stays(bench: Bench) -> None:
    scene_id = a_film(bench)
    stop(bench, 600, EVENING)
    take_a_look(bench)
    stop_in_stash(bench, scene_id, 1_200)
    stop(bench, 900, EVENING + HOUR)
    take_a_look(bench)
    assert resume_time(bench, scene_id) == 1_200
    stop(bench, 1_500, EVENING + 2 * HOUR)
    take_a_look(bench)
    assert resume_time(bench, scene_id) == 1_500


def test_a_resume_time_behind_the_end_of_the_file_does_not_come(bench: Bench) -> None:
    scene_id = a_film(bench, seconds=500)
    stop(bench, 600, EVENING)
    take_a_look(bench)
    assert resume_time(bench, scene_id) == 0


def test_marking_as_unwatched_takes_no_resume_time_away(bench: Bench) -> None:
    scene_id = a_film(bench)
    stop(bench, 600, EVENING)
    take_a_look(bench)
    bench.world.plex.library.unwatch(bench.world.item("one").rating_key)
    take_a_look(bench, everything=True)
    assert resume_time(bench, scene_id) == 600


def test_a_resume_time_that_was_written_and_not_recorded_is_no_edit_in_stash(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene_id = a_film(bench)
    stop(bench, 600, EVENING)

    def killed(stash: Any, writes: Any) -> None:
        write(stash, writes)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("back_to_stash.look.write", killed)
        with pytest.raises(KeyboardInterrupt):
            take_a_look(bench)
    stop(bench, 900, EVENING + HOUR)
    take_a_look(bench)
    assert resume_time(bench, scene_id) == 900


def test_undo_puts_back_what_stash_had_until_the_film_is_watched_anew(bench: Bench) -> None:
    scene_id = a_film(bench)
    graphql(
        bench.world,
        f'mutation {{ sceneAddPlay(id: "{scene_id}", times: ["2020-01-01T00:00:00Z"]) {{ count }} }}',
    )
    stop_in_stash(bench, scene_id, 300)
    stop(bench, 600, EVENING)
    take_a_look(bench)
    assert resume_time(bench, scene_id) == 600
    assert undo(bench).restored == 1
    assert resume_time(bench, scene_id) == 300
    assert take_a_look(bench, everything=True).changes == []
    stop(bench, 900, EVENING + HOUR)
    take_a_look(bench)
    assert resume_time(bench, scene_id) == 900


def test_undo_leaves_a_resume_time_that_was_set_in_stash_since(bench: Bench) -> None:
    scene_id = a_film(bench)
    stop(bench, 600, EVENING)
    take_a_look(bench)
    stop_in_stash(bench, scene_id, 1_200)
    summary = undo(bench)
    assert (summary.restored, summary.changed_since) == (0, 1)
    assert resume_time(bench, scene_id) == 1_200


NEVER_PLAYED = Activity(None, (), 0.0, 0, 3_000.0)


def test_of_several_items_the_one_that_was_watched_last_is_followed() -> None:
    items = [
        ResumedItem(1, 100_000, EVENING, None),
        ResumedItem(2, 300_000, EVENING + HOUR, None),
        ResumedItem(3, 200_000, EVENING, None),
    ]
    choice = choose_resume(NEVER_PLAYED, items)
    assert (choice.bringer, choice.seconds) == (items[1], 300)


@pytest.mark.parametrize(("played_at", "comes"), [(0, False), (EVENING - 1, True), (EVENING + 1, False)])
def test_at_the_first_look_stashs_last_play_says_how_old_its_resume_time_is(
    played_at: int, comes: bool
) -> None:
    activity = Activity(None, (), 50.0, played_at, 3_000.0)
    choice = choose_resume(activity, [ResumedItem(1, 100_000, EVENING, None)])
    assert (choice.bringer is not None) is comes


def test_a_play_in_stash_between_two_looks_dates_its_resume_time() -> None:
    seen = SeenResume(20.0, 20_000, EVENING, looked_at=EVENING + 10)
    item = ResumedItem(1, 100_000, EVENING + HOUR, seen)
    older = Activity(None, (), 50.0, EVENING + 20, 3_000.0)
    newer = Activity(None, (), 50.0, EVENING + 2 * HOUR, 3_000.0)
    assert choose_resume(older, [item]).bringer is item
    assert choose_resume(newer, [item]).bringer is None


def test_a_stop_in_an_item_that_was_never_watched_is_newer_than_what_another_one_was_looked_at_with() -> None:
    looked_at = EVENING + HOUR
    known = ResumedItem(1, 200_000, EVENING, SeenResume(200.0, 200_000, EVENING, looked_at))
    after = ResumedItem(2, 100_000, looked_at + HOUR, None)
    as_seen = Activity(None, (), 200.0, looked_at + 2 * HOUR, 1_000.0)
    assert choose_resume(as_seen, [known, after]).seconds == 100.0
    set_since = Activity(None, (), 300.0, looked_at + 2 * HOUR, 1_000.0)
    assert choose_resume(set_since, [known, after]).bringer is None
    before = after._replace(viewed_at=looked_at - HOUR // 2)
    assert choose_resume(as_seen, [known, before]).bringer is None
