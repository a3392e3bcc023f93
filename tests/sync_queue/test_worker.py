"""What a drain promises, between a real Stash and a real Plex: no edit lost, none written twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from sync_queue.claims import DrainSummary, Outcome
from sync_queue.state import SyncState
from tests.builders.bench import Bench, a_job
from tests.builders.sync import films, logged

EDIT = "/library/sections/1/all"
DAY = 86_400.0


def drain_while_it_hangs(bench: Bench, act: Callable[[], None]) -> DrainSummary:
    """Drain; when the first write arrives at Plex, act, and let the write go on then."""
    fault = bench.world.plex.faults.add("hang", EDIT, method="PUT", times=1)

    def act_in_the_middle() -> None:
        assert fault.arrived.wait(20)
        act()
        bench.world.plex.faults.remove(fault)

    helper = threading.Thread(target=act_in_the_middle)
    helper.start()
    try:
        return bench.drain()
    finally:
        helper.join()


def test_an_edit_made_while_the_scene_is_being_written_is_written_next(bench: Bench) -> None:
    (scene_id,) = films(bench, 1)

    def edit_and_save() -> None:
        bench.world.stash.library.update_scene(scene_id, details="Edited meanwhile")
        other = Bench(bench.world)
        other.save(scene_id)
        other.manager.close()

    summary = drain_while_it_hangs(bench, edit_and_save)
    assert bench.world.item("film 0").summary == "Edited meanwhile"
    assert summary.outcomes[Outcome.WRITTEN] == 2
    assert bench.waiting() == []


def test_many_saves_of_one_scene_are_one_write(bench: Bench) -> None:
    (scene_id,) = films(bench, 1)
    bench.save(*[scene_id] * 20)
    summary = bench.drain()
    assert (bench.puts(), summary.handled, summary.left) == (1, 1, 0)
    assert bench.waiting() == []


def test_scenes_are_written_in_the_order_in_which_they_were_saved(bench: Bench) -> None:
    ids = films(bench, 4)
    bench.save(ids[0])
    bench.drain()
    keys = [bench.world.item(f"film {n}").rating_key for n in range(4)]
    assert [write.rating_keys for write in bench.world.plex.writes] == [(key,) for key in keys]


def test_more_scenes_than_fit_into_one_read_are_all_written(bench: Bench) -> None:
    films(bench, 120)
    summary = bench.drain()
    assert (summary.outcomes[Outcome.WRITTEN], summary.left) == (120, 0)
    assert {item.summary for item in bench.world.plex.library.items()} == {f"Text {n}" for n in range(120)}


def test_an_empty_queue_is_drained_without_a_write(bench: Bench) -> None:
    summary = bench.drain()
    assert (summary.handled, summary.stopped, bench.puts()) == (0, "", 0)


def test_a_second_drain_of_the_same_scenes_sends_no_write(bench: Bench) -> None:
    ids = films(bench, 5)
    bench.drain()
    bench.world.clear_requests()
    bench.save(*ids)
    summary = bench.drain()
    assert (bench.puts(), summary.outcomes[Outcome.UNCHANGED], summary.left) == (0, 5, 0)


def test_a_scene_that_was_deleted_is_dropped_and_its_item_left_as_it_is(bench: Bench) -> None:
    (scene_id,) = films(bench, 1)
    bench.drain()
    bench.save(scene_id)
    bench.world.stash.library.destroy_scene(scene_id)
    bench.world.clear_requests()
    summary = bench.drain()
    assert (summary.outcomes[Outcome.DELETED], summary.left, bench.puts()) == (1, 0, 0)
    assert bench.world.item("film 0").summary == "Text 0"
    with bench.state() as state:
        assert state.pushed_fingerprints([scene_id]) == {}


def test_a_scene_that_plex_has_not_scanned_is_looked_for_at_growing_intervals_and_found(bench: Bench) -> None:
    scene_id = bench.world.add_film("late", details="Late")
    bench.world.plex.library.put_on_disk(1, "/media/Films/late.mp4", 1000)
    bench.save(scene_id)
    waits = []
    for attempt in range(1, 8):
        assert bench.drain().outcomes[Outcome.NOT_IN_PLEX] == 1
        (job,) = bench.waiting()
        assert job.attempts == attempt
        waits.append(job.due_at - bench.clock())
        assert bench.drain().handled == 0
        bench.later += waits[-1] + 1
    assert waits == sorted(waits[:5]) + waits[5:]
    assert 200 < waits[0] < 400
    assert DAY * 0.8 < waits[-1] < DAY * 1.2
    bench.world.plex.library.scan()
    assert bench.drain().outcomes[Outcome.WRITTEN] == 1
    assert bench.world.item("late").summary == "Late"
    assert bench.waiting() == []


def test_jobs_that_wait_for_their_file_do_not_hold_up_the_others(bench: Bench) -> None:
    bench.save(*[bench.world.add_film(f"absent {n}", details="Absent") for n in range(60)])
    films(bench, 1)
    summary = bench.drain()
    assert (summary.outcomes[Outcome.WRITTEN], summary.left) == (1, 60)


def test_a_fresh_edit_makes_a_waiting_scene_due_at_once(bench: Bench) -> None:
    scene_id = bench.world.add_film("late", details="Late")
    bench.save(scene_id)
    bench.drain()
    bench.world.plex.library.add_item(1, (("/media/Films/late.mp4", 1000),))
    bench.save(scene_id)
    assert bench.drain().outcomes[Outcome.WRITTEN] == 1
    assert bench.waiting() == []


def test_a_fresh_edit_of_a_scene_that_failed_for_good_ends_its_failure(bench: Bench) -> None:
    (scene_id,) = films(bench, 1)
    fault = bench.world.plex.faults.add("status", EDIT, method="PUT", code=400)
    bench.drain()
    assert len(bench.failed()) == 1
    bench.world.plex.faults.remove(fault)
    bench.save(scene_id)
    bench.drain()
    assert (bench.failed(), bench.waiting()) == ([], [])


def test_a_bug_on_one_scene_fails_that_job_and_the_others_go_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ids = films(bench, 3)
    real, broken = SyncState.item_record, bench.world.item("film 0").rating_key

    def with_a_bug(state: SyncState, rating_key: int) -> Any:
        if rating_key == broken:
            raise KeyError("oops")
        return real(state, rating_key)

    monkeypatch.setattr(SyncState, "item_record", with_a_bug)
    summary = bench.drain()
    assert (summary.outcomes[Outcome.WRITTEN], summary.outcomes[Outcome.FAILED], summary.left) == (2, 1, 0)
    assert [job.scene_id for job in bench.failed()] == [ids[0]]
    (warned,) = logged(caplog, "WARNING")
    assert f"Scene {ids[0]} " in warned
    assert any("KeyError" in text for text in logged(caplog, "DEBUG"))


def test_a_malformed_scene_fails_with_its_id_and_the_others_go_on(bench: Bench) -> None:
    ids = films(bench, 3)
    bench.world.stash.malformed_scenes[ids[2]] = lambda scene: scene.update(date="some day")
    real = bench.world.stash.library.scene(ids[2])
    real.date = "some day"
    summary = bench.drain()
    assert (summary.outcomes[Outcome.WRITTEN], summary.outcomes[Outcome.FAILED]) == (2, 1)
    (job,) = bench.failed()
    assert job.problem.startswith(f"Scene {ids[2]}: ")


def test_a_write_whose_answer_got_lost_is_sent_again_without_harm(bench: Bench) -> None:
    tags = bench.world.tag_ids("Boats", "Rock, Paper")
    bench.save(bench.world.add_film("one", details="Text", tags=tags, plex={}))
    bench.world.plex.faults.add("apply_then_drop", EDIT, method="PUT", times=1)
    assert bench.drain().outcomes[Outcome.WRITTEN] == 1
    item = bench.world.item("one")
    assert (item.summary, item.genres) == ("Text", ["Boats", "Rock, Paper"])
    assert bench.reconcile().total_gaps == 0


def test_a_tag_removed_in_stash_is_removed_in_plex_and_one_added_in_plex_stays(bench: Bench) -> None:
    boats, sea = bench.world.tag_ids("Boats", "Sea")
    scene_id = bench.world.add_film("one", tags=(boats, sea), plex={})
    bench.save(scene_id)
    bench.drain()
    item = bench.world.item("one")
    bench.world.plex.library.edit_by_hand(item.rating_key, genres=[*item.genres, "By Hand"])
    bench.world.stash.library.update_scene(scene_id, tags=(sea,))
    bench.save(scene_id)
    bench.drain()
    assert set(bench.world.item("one").genres) == {"Sea", "By Hand"}


def test_what_was_written_outlives_a_refresh_in_plex(bench: Bench) -> None:
    films(bench, 1)
    bench.drain()
    bench.world.plex.library.refresh_metadata(bench.world.item("film 0").rating_key)
    assert bench.world.item("film 0").summary == "Text 0"


def test_every_write_names_its_item(bench: Bench) -> None:
    films(bench, 3)
    bench.drain()
    assert len(bench.world.plex.writes) == 3
    assert bench.world.plex.whole_library_edits == []


def test_a_scene_in_two_items_is_written_to_both(bench: Bench) -> None:
    library = bench.world.plex.library
    scene_id = bench.world.add_film("one", details="Both", plex={})
    bench.world.stash.library.add_file(scene_id, "/data/Clips/one.mp4", 5)
    second = library.add_item(bench.world.section_keys["Clips"], (("/media/Clips/one.mp4", 5),))
    bench.save(scene_id)
    bench.drain()
    assert (bench.world.item("one").summary, second.summary) == ("Both", "Both")


def test_an_item_that_got_another_rating_key_is_found_by_its_file(bench: Bench) -> None:
    (scene_id,) = films(bench, 1)
    bench.drain()
    bench.world.plex.library.rekey_item(bench.world.item("film 0").rating_key)
    bench.save(scene_id)
    bench.drain()
    assert bench.world.item("film 0").summary == "Text 0"


def test_an_item_whose_file_now_belongs_to_another_film_is_not_overwritten(bench: Bench) -> None:
    (scene_id,) = films(bench, 1)
    bench.drain()
    bench.world.plex.library.move_file("/media/Films/film 0.mp4", "/media/Films/elsewhere.mp4")
    bench.world.stash.library.update_scene(scene_id, details="Changed")
    bench.save(scene_id)
    bench.world.clear_requests()
    bench.drain(plex_library="Films")
    assert bench.puts() == 0
    assert bench.world.item("elsewhere").summary == "Text 0"


def test_an_ambiguous_scene_is_counted_kept_and_not_written(bench: Bench) -> None:
    record = bench.world.stash.library.add_scene(details="Which?", files=(("/elsewhere/a/same.mp4", 5),))
    for folder in ("one", "two"):
        bench.world.plex.library.add_item(1, ((f"/media/Films/{folder}/same.mp4", 5),))
    bench.save(record.id)
    summary = bench.drain()
    assert (summary.outcomes[Outcome.AMBIGUOUS], summary.left, bench.puts()) == (1, 1, 0)


def test_jobs_that_a_killed_worker_had_claimed_are_written_by_the_next_one(bench: Bench) -> None:
    films(bench, 2)
    bench.queue.claim([queued.row for queued in bench.queue.jobs()])
    assert bench.drain().outcomes[Outcome.WRITTEN] == 2


def test_a_clock_that_was_set_back_holds_up_no_job(bench: Bench) -> None:
    scene_id = bench.world.add_film("late", details="Late")
    bench.later = 10 * DAY
    bench.save(scene_id)
    bench.drain()
    bench.world.plex.library.add_item(1, (("/media/Films/late.mp4", 1000),))
    bench.later = 0
    assert bench.drain().outcomes[Outcome.WRITTEN] == 1


def test_a_job_of_a_scene_that_never_was_is_dropped(bench: Bench) -> None:
    bench.queue.put_jobs([a_job(4711)])
    assert bench.drain().outcomes[Outcome.DELETED] == 1
    assert bench.waiting() == []
