"""What a reconcile finds between a real Stash and a real Plex, over HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from plex.exceptions import LibraryNotFound, PlexRefused, PlexUnavailable
from reconciliation.engine import GapDetectionEngine
from reconciliation.summary import advice_lines
from tests.builders.bench import Bench, a_bench, a_job
from tests.builders.sync import logged
from tests.servers.made_up_collection import make_collection, plan_gaps
from tests.servers.plex.behaviour import FaultKind
from tests.servers.plex.library import PlexLibrary

pytestmark = pytest.mark.unmeasured

LISTING = "/library/sections/1/all"
NOW = datetime.now(timezone.utc)


def add_films(bench: Bench, count: int, **plex: str) -> list[int]:
    """Films with details, each in Plex with somebody else's studio."""
    fields = plex or {"studio": "Somebody Else"}
    return [bench.world.add_film(f"film {n}", details=f"Text {n}", plex=fields) for n in range(count)]


def test_a_first_reconcile_finds_exactly_the_gaps_that_are_there(tmp_path: Path) -> None:
    videos = make_collection(240, seed=5)
    plan = plan_gaps(videos, seed=5, missing=0.2, empty=0.4)
    with a_bench(tmp_path, videos, plan) as bench:
        result = bench.reconcile()
        assert result.errors == []
        assert (result.missing_count, result.empty_metadata_count, result.stale_sync_count) == (
            plan.missing_count,
            plan.empty_metadata_count,
            plan.stale_sync_count,
        )
        assert (result.scenes_checked, result.total_gaps) == (plan.scenes_checked, plan.total_gaps)
        assert (result.enqueued_count, result.skipped_already_queued) == (plan.total_gaps, 0)
        queued = {bench.world.scene_ids[v.number] for v in videos if v.is_worth_pushing}
        assert {job.scene_id for job in bench.waiting()} == queued
        assert bench.puts() == 0


def test_requests_grow_with_pages_and_not_with_scenes(tmp_path: Path) -> None:
    with a_bench(tmp_path) as bench:
        for n in range(501):
            bench.world.add_film(f"film {n}", title=f"Film {n}", plex={} if n else None)
        for n in range(600):
            bench.world.plex.library.add_item(1, ((f"/media/Films/other {n}.mp4", n),))
        bench.world.clear_requests()
        result = bench.reconcile()
        assert result.scenes_checked == 501
        assert bench.requests() <= ceil(501 / 500) + ceil(1100 / 1000) + 15


def test_a_second_reconcile_queues_nothing_twice(bench: Bench) -> None:
    add_films(bench, 3)
    bench.world.add_film("not scanned", details="Not in Plex")
    assert bench.reconcile().enqueued_count == 4
    again = bench.reconcile()
    assert (again.total_gaps, again.enqueued_count, again.skipped_already_queued) == (4, 0, 4)
    assert len(bench.waiting()) == 4


def test_a_scene_that_was_saved_and_waits_is_not_queued_again(bench: Bench) -> None:
    first, second = add_films(bench, 2)
    bench.save(first)
    result = bench.reconcile()
    assert (result.enqueued_count, result.skipped_already_queued) == (1, 1)
    assert [job.scene_id for job in bench.waiting()] == [first, second]


def test_a_job_that_waits_for_its_file_does_not_stand_in_the_way_once_plex_has_it(bench: Bench) -> None:
    scene_id = bench.world.add_film("late", details="Scanned later")
    bench.save(scene_id)
    assert bench.drain().left == 1
    assert bench.reconcile().skipped_already_queued == 1
    bench.world.plex.library.add_item(1, (("/media/Films/late.mp4", 1000),))
    assert bench.reconcile().enqueued_count == 1
    bench.drain()
    assert bench.world.item("late").summary == "Scanned later"
    assert bench.waiting() == []


def test_after_the_drain_there_are_no_gaps_left(bench: Bench) -> None:
    add_films(bench, 3)
    bench.reconcile()
    bench.drain()
    result = bench.reconcile()
    assert (result.scenes_checked, result.total_gaps, result.enqueued_count) == (3, 0, 0)


def test_a_renamed_studio_is_found_though_no_scene_was_updated(bench: Bench) -> None:
    studio = bench.world.studio_id("Lake House")
    bench.world.add_film("one", studio=studio, plex={})
    bench.reconcile()
    bench.drain()
    bench.world.stash.library.rename_studio(studio, "Sea House")
    assert bench.reconcile().stale_sync_count == 1


def test_playing_a_scene_is_no_gap(bench: Bench) -> None:
    (scene_id,) = add_films(bench, 1)
    bench.reconcile()
    bench.drain()
    bench.world.stash.library.record_play(scene_id)
    bench.world.stash.library.update_scene(scene_id, organized=True)
    assert bench.reconcile().total_gaps == 0
    assert bench.reconcile("recent").total_gaps == 0


def test_a_malformed_scene_is_reported_by_its_id_and_the_others_are_handled(bench: Bench) -> None:
    _, spoiled, _ = add_films(bench, 3)
    bench.world.stash.malformed_scenes[spoiled] = lambda scene: scene.update(date="some day")
    result = bench.reconcile()
    assert (result.scenes_checked, result.enqueued_count) == (2, 2)
    (error,) = result.errors
    assert error.startswith(f"Scene {spoiled}: ")
    assert "date" in error


@pytest.mark.parametrize(("kind", "options"), [("status", {"code": 500}), ("invalid_xml", {})])
def test_a_library_that_cannot_be_read_is_an_error_and_not_a_mass_of_missing_scenes(
    bench: Bench, kind: FaultKind, options: dict[str, Any]
) -> None:
    add_films(bench, 2)
    clip = bench.world.stash.library.add_scene(details="A clip", files=(("/data/Clips/c.mp4", 1),))
    bench.world.plex.library.add_item(bench.world.section_keys["Clips"], (("/media/Clips/c.mp4", 1),))
    bench.world.plex.faults.add(kind, LISTING, **options)
    result = bench.reconcile()
    assert (result.scenes_checked, result.missing_count, result.empty_metadata_count) == (3, 0, 1)
    assert [job.scene_id for job in bench.waiting()] == [clip.id]
    (error,) = result.errors
    assert "“Films” could not be read" in error


def test_a_library_that_shrank_drastically_is_an_error_first_and_accepted_the_second_time(
    bench: Bench,
) -> None:
    add_films(bench, 30)
    bench.reconcile()
    for item in bench.world.plex.library.items()[5:]:
        bench.world.plex.library.remove_item(item.rating_key)
    first, second = bench.reconcile(), bench.reconcile()
    assert first.missing_count == 0
    assert len(first.errors) == 1
    assert "“Films” had 30 items" in first.errors[0]
    assert (second.missing_count, second.errors) == (25, [])


def test_a_few_items_fewer_are_simply_missing(bench: Bench) -> None:
    add_films(bench, 30)
    bench.reconcile()
    for item in bench.world.plex.library.items()[20:]:
        bench.world.plex.library.remove_item(item.rating_key)
    result = bench.reconcile()
    assert (result.missing_count, result.errors) == (10, [])


def test_a_library_that_plex_sends_in_smaller_pages_than_asked_is_read_whole(bench: Bench) -> None:
    add_films(bench, 25)
    bench.world.plex.behaviour.page_cap = 10
    result = bench.reconcile()
    assert (result.missing_count, result.stale_sync_count) == (0, 25)


@pytest.mark.parametrize("hours", [-11, -8, 0, 5.5, 14])
def test_recent_means_the_last_24_hours_whatever_stashs_time_zone(bench: Bench, hours: float) -> None:
    library = bench.world.stash.library
    library.timezone = timezone(timedelta(hours=hours))
    ages = {"new": 0.1, "hours ago": 23.5, "yesterday": 24.5, "days ago": 60}
    ids = {
        name: bench.world.add_film(name, details=name, plex={}, updated_at=NOW - timedelta(hours=age))
        for name, age in ages.items()
    }
    result = bench.reconcile("recent")
    assert result.scenes_checked == 2
    assert {job.scene_id for job in bench.waiting()} == {ids["new"], ids["hours ago"]}


@pytest.mark.parametrize(
    ("setting", "expected", "words"),
    [(None, 1, "last 24 hours"), (0, 1, "last 24 hours"), (3, 2, "last 3 days"), ("365", 3, "last 365 days")],
)
def test_recent_means_as_many_days_as_the_setting_says(
    bench: Bench, caplog: pytest.LogCaptureFixture, setting: object, expected: int, words: str
) -> None:
    for hours in (23.5, 71.5, 364 * 24, 366 * 24):
        bench.world.add_film(f"{hours}", details="x", plex={}, updated_at=NOW - timedelta(hours=hours))
    assert bench.reconcile("recent", recent_days=setting).scenes_checked == expected
    assert f"Comparing scenes updated in the {words} with Plex…" in logged(caplog, "INFO")


def test_recent_survives_stash_moving_to_another_time_zone(bench: Bench) -> None:
    library = bench.world.stash.library
    library.timezone = timezone(timedelta(hours=12))
    recent = bench.world.add_film("a", details="A", plex={}, updated_at=NOW - timedelta(hours=23))
    bench.world.add_film("b", details="B", plex={}, updated_at=NOW - timedelta(hours=25))
    library.timezone = timezone(timedelta(hours=-11))
    newest = bench.world.add_film("c", details="C", plex={}, updated_at=NOW)
    assert bench.reconcile("recent").scenes_checked == 2
    assert {job.scene_id for job in bench.waiting()} == {recent, newest}


def test_recent_does_not_list_the_libraries_where_the_files_are_known(bench: Bench) -> None:
    long_ago = NOW - timedelta(days=30)
    ids = [bench.world.add_film(f"{n}", details="Old", plex={}, updated_at=long_ago) for n in range(60)]
    bench.reconcile()
    bench.drain()
    for scene_id in ids[:3]:
        bench.world.stash.library.update_scene(scene_id, details="New")
    bench.world.clear_requests()
    result = bench.reconcile("recent")
    assert (result.scenes_checked, result.stale_sync_count, result.enqueued_count) == (3, 3, 3)
    assert not [request for request in bench.world.plex.requests if request.path.endswith("/all")]
    assert bench.requests() <= 10


def test_recent_finds_all_three_kinds_of_gap(bench: Bench) -> None:
    bench.world.add_film("missing", details="M")
    bench.world.add_film("empty", details="E", plex={})
    bench.world.add_film("stale", details="S", plex={"studio": "Somebody Else"})
    bench.world.add_film("bare", plex={})
    result = bench.reconcile("recent")
    assert (result.missing_count, result.empty_metadata_count, result.stale_sync_count) == (1, 1, 1)
    assert result.scenes_checked == 4


@pytest.mark.parametrize("scope", ["all", "recent"])
def test_an_empty_stash_has_no_gaps(bench: Bench, scope: str) -> None:
    result = bench.reconcile(scope)
    assert (result.scenes_checked, result.total_gaps, result.errors) == (0, 0, [])


def test_scenes_whose_files_fit_the_same_item_are_counted_and_left_alone(bench: Bench) -> None:
    library = bench.world.stash.library
    for folder in ("one", "two"):
        library.add_scene(details=folder, files=((f"/elsewhere/{folder}/same.mp4", 5),))
    bench.world.plex.library.add_item(1, (("/media/Films/same.mp4", 5),))
    result = bench.reconcile()
    assert (result.ambiguous_count, result.total_gaps, result.errors) == (2, 0, [])
    assert bench.waiting() == []


def test_a_plex_that_is_not_running_is_an_error_and_queues_nothing(bench: Bench) -> None:
    add_films(bench, 2)
    bench.world.plex.close()
    with pytest.raises(PlexUnavailable):
        bench.reconcile()
    assert bench.waiting() == []


@pytest.mark.parametrize("path", ["/", "/library/sections", LISTING])
@pytest.mark.parametrize("scope", ["all", "recent"])
def test_a_plex_that_is_starting_up_is_an_error_and_queues_nothing(
    bench: Bench, path: str, scope: str
) -> None:
    add_films(bench, 2)
    bench.world.plex.faults.add("status", path, code=503)
    with pytest.raises(PlexUnavailable, match="database migrations"):
        bench.reconcile(scope)
    assert bench.waiting() == []


def test_a_refused_token_is_an_error_that_names_the_setting(bench: Bench) -> None:
    with pytest.raises(PlexRefused, match="plex_token") as refused:
        bench.reconcile(plex_token="not-the-token")
    assert "not-the-token" not in str(refused.value)


def test_a_misspelt_library_is_an_error_that_names_those_that_exist(bench: Bench) -> None:
    with pytest.raises(LibraryNotFound, match="“Filns”") as refused:
        bench.reconcile(plex_library="Filns, Clips")
    assert "“Films”" in str(refused.value)
    assert "“Clips”" in str(refused.value)


def test_only_the_libraries_that_are_named_are_compared(bench: Bench) -> None:
    add_films(bench, 2)
    assert bench.reconcile(plex_library="clips").missing_count == 2
    assert bench.reconcile(plex_library="FILMS").stale_sync_count == 2


def test_another_server_at_the_same_address_starts_with_nothing_pushed(bench: Bench) -> None:
    add_films(bench, 2)
    bench.reconcile()
    bench.drain()
    other = PlexLibrary(machine_identifier="f" * 40)
    other.add_section("Films", locations=("/media/Films",))
    for n in (1, 0):
        other.add_item(1, ((f"/media/Films/film {n}.mp4", 1000),), studio="Somebody Else")
    bench.world.plex.replaced_by(other)
    assert bench.reconcile().stale_sync_count == 2
    bench.drain()
    for n in (0, 1):
        shown = bench.world.plex.library.item_for_path(f"/media/Films/film {n}.mp4")
        assert shown is not None
        assert shown.summary == f"Text {n}"


def test_a_changed_path_map_is_used_at_once(bench: Bench) -> None:
    bench.world.stash.library.add_scene(details="Far away", files=(("/far/one.mp4", 7),))
    bench.world.plex.library.add_item(1, (("/media/Films/first.mp4", 7),))
    bench.world.plex.library.add_item(1, (("/near/one.mp4", 8),))
    assert bench.reconcile().missing_count == 1
    assert bench.reconcile(path_map="/far=>/near").empty_metadata_count == 1


def test_a_scope_that_does_not_exist_is_refused(bench: Bench) -> None:
    with pytest.raises(ValueError, match="all or recent"):
        bench.reconcile("yesterday")


def test_without_a_queue_gaps_are_counted_and_none_is_kept(bench: Bench) -> None:
    add_films(bench, 2)
    result = GapDetectionEngine(
        stash=bench.stash(), config=bench.config({}), data_dir=bench.world.data_dir, queue=None
    ).run("all")
    assert (result.total_gaps, result.enqueued_count, result.skipped_already_queued) == (2, 0, 0)
    assert bench.waiting() == []


def test_a_job_that_failed_for_good_is_no_reason_to_skip_its_scene(bench: Bench) -> None:
    (scene_id,) = add_films(bench, 1)
    bench.queue.put_jobs([a_job(scene_id)])
    (queued,) = bench.queue.jobs()
    bench.queue.fail([queued.row], a_job(scene_id, problem="Plex refused it"))
    assert bench.reconcile().enqueued_count == 1


def test_process_queue_is_advised_only_where_it_would_find_something_to_do(bench: Bench) -> None:
    bench.world.add_film("not scanned", details="Not in Plex")
    advice = "Run the task Process Queue"
    assert any(advice in line for line in advice_lines(bench.reconcile()))
    assert any(advice in line for line in advice_lines(bench.reconcile()))
    bench.drain()
    again = bench.reconcile()
    assert (again.total_gaps, again.skipped_already_queued) == (1, 1)
    lines = advice_lines(again)
    assert not any(advice in line for line in lines)
    assert any(line.startswith("Nothing new was queued.") for line in lines)
