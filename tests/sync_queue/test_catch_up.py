"""What changed in Stash and no hook told is queued before a drain, once, and at little cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from stash.changes import SCENE, Changed, versions_of
from stash.exceptions import StashError
from sync_queue.catch_up import CatchUp
from sync_queue.cover_records import ArtworkRecord
from sync_queue.data_folder import QUEUE_DATABASE
from sync_queue.hook import ALL_SCENES
from sync_queue.job import Job
from sync_queue.manager import QueueManager
from sync_queue.state_database import RECONCILE_WANTED
from tests.builders.bench import Bench, a_bench, a_job
from tests.servers.stash.library import StashLibrary

SCENES = 6


class Times:
    """A bench whose Stash has a clock that the test moves."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.moment = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
        self.library.now = bench.world.stash.now = lambda: self.moment
        for number in range(SCENES):
            bench.world.add_film(f"film {number}", title=f"Film {number}")

    @property
    def library(self) -> StashLibrary:
        """What Stash holds."""
        return self.bench.world.stash.library

    def passes(self, **time: float) -> None:
        """Let time pass (timedelta's words)."""
        self.moment += timedelta(**time)

    def catch_up(self) -> int:
        """What a drain does first; returns the number of jobs that were queued."""
        with self.bench.state() as state:
            return sum(CatchUp(self.bench.stash(), state, self.bench.queue).run())

    def queued(self) -> list[Job]:
        """The jobs that were queued since; they are taken out of the queue."""
        jobs = self.bench.waiting()
        self.bench.queue.clear()
        return jobs

    def wanted(self) -> str | None:
        """Why a full reconcile is wanted; the wish is taken back."""
        with self.bench.state() as state:
            reason = state.fact(RECONCILE_WANTED)
            state.forget_fact(RECONCILE_WANTED)
            return reason

    def requests(self, act: Callable[[], object]) -> int:
        """How many questions Stash is asked by an act, beside those of every new connection."""
        stash = self.bench.world.stash
        stash.clear_requests()
        self.bench.stash()
        connecting = len(stash.requests)
        stash.clear_requests()
        act()
        return len(stash.requests) - connecting


@pytest.fixture
def times(tmp_path: Path) -> Iterator[Times]:
    """A Stash of some films, caught up with an hour ago."""
    with a_bench(tmp_path) as bench:
        times = Times(bench)
        times.passes(hours=5)
        times.catch_up()
        times.queued()
        times.passes(hours=1)
        yield times


def scenes(jobs: list[Job]) -> list[int]:
    return sorted(job.scene_id for job in jobs)


def entities(jobs: list[Job]) -> set[tuple[str, int]]:
    return {(job.entity, job.entity_id) for job in jobs if job.entity}


def test_the_first_time_leaves_what_was_before_to_a_reconcile(tmp_path: Path) -> None:
    with a_bench(tmp_path) as bench:
        times = Times(bench)
        assert times.catch_up() == 0
        assert not times.queued()


def test_nothing_is_queued_and_one_question_asked_where_nothing_changed(times: Times) -> None:
    assert times.requests(times.catch_up) == 1
    assert not times.queued()
    assert times.wanted() is None


def test_a_scene_that_was_saved_without_a_hook_is_queued_once(times: Times) -> None:
    times.library.update_scene(2, title="another")
    times.passes(minutes=1)
    assert times.catch_up() == 1
    assert scenes(times.queued()) == [2]
    assert times.catch_up() == 0
    assert times.requests(times.catch_up) == 1


def test_a_scene_saved_in_the_very_second_of_the_last_look_is_found_at_the_next(times: Times) -> None:
    times.library.update_scene(2, title="another")
    times.catch_up()
    times.queued()
    times.library.update_scene(3, title="of the same second")
    times.passes(minutes=1)
    times.catch_up()
    assert 3 in scenes(times.queued())


def test_a_new_scene_is_queued(times: Times) -> None:
    new = times.library.add_scene(title="new", files=(("/data/Films/new.mp4", 7),))
    times.passes(minutes=1)
    times.catch_up()
    assert scenes(times.queued()) == [new.id]


def test_an_imported_scene_with_old_times_is_queued(times: Times) -> None:
    new = times.library.add_scene(title="imported")
    new.created_at = new.updated_at = times.library.timestamp(times.moment - timedelta(days=900))
    times.catch_up()
    assert scenes(times.queued()) == [new.id]


def test_both_sides_of_a_merge_of_scenes_are_queued(times: Times) -> None:
    with times.bench.state() as state:
        state.record_artwork(40, "poster", ArtworkRecord("", "", 0, scene_id=4))
    times.library.merge_scenes([4], 2)
    times.passes(minutes=1)
    times.catch_up()
    assert scenes(times.queued()) == [2, 4]


def test_a_scene_that_vanished_without_a_hook_is_queued_to_be_forgotten(times: Times) -> None:
    with times.bench.state() as state:
        state.record_artwork(50, "poster", ArtworkRecord("", "", 0, scene_id=5))
    times.library.destroy_scene(5)
    times.catch_up()
    assert scenes(times.queued()) == [5]


def test_a_scene_whose_end_a_hook_told_costs_no_list_of_all_scenes(times: Times) -> None:
    times.library.destroy_scene(5)
    times.bench.queue.put_jobs([a_job(5, "Scene.Destroy.Post")])
    assert times.requests(times.catch_up) == 1
    assert scenes(times.queued()) == [5]


@pytest.mark.parametrize("kind", ["performer", "studio", "tag", "group"])
def test_an_entity_that_was_saved_without_a_hook_is_queued_once(times: Times, kind: str) -> None:
    entity = getattr(times.library, f"add_{kind}")("somebody")
    times.passes(hours=5)
    times.catch_up()
    times.queued()
    times.library.rename(kind, entity.id, "somebody else")
    times.passes(minutes=1)
    times.catch_up()
    assert entities(times.queued()) == {(kind, entity.id)}
    assert times.catch_up() == 0


@pytest.mark.parametrize("kind", ["performer", "studio", "tag", "group"])
def test_the_end_of_an_entity_has_all_pushed_scenes_compared(times: Times, kind: str) -> None:
    entity = getattr(times.library, f"add_{kind}")("somebody")
    times.passes(hours=5)
    times.catch_up()
    times.queued()
    times.library.destroy(kind, entity.id)
    times.catch_up()
    assert entities(times.queued()) == {(ALL_SCENES, 0)}


def test_performers_merged_while_another_is_made_have_all_pushed_scenes_compared(times: Times) -> None:
    one, other = times.library.add_performer("one"), times.library.add_performer("other")
    times.passes(hours=5)
    times.catch_up()
    times.queued()
    times.library.merge_performers([one.id], other.id)
    times.library.add_performer("a new one")
    times.passes(minutes=1)
    times.catch_up()
    assert (ALL_SCENES, 0) in entities(times.queued())


@pytest.mark.parametrize(
    ("reason", "job"),
    [
        ("Tag.Destroy.Post", {"entity": ALL_SCENES}),
        ("Tag.Merge.Post", {"entity": "tag", "entity_id": 2}),
    ],
)
def test_the_end_of_a_tag_that_a_hook_told_is_not_queued_again(
    times: Times, reason: str, job: dict[str, Any]
) -> None:
    for name in ("one", "other"):
        times.library.add_tag(name)
    times.passes(hours=5)
    times.catch_up()
    times.queued()
    times.library.merge_tags([1], 2)
    times.bench.queue.put_jobs([Job(0, reason, 0.0, **job)])
    assert times.catch_up() == 0


def test_what_a_hook_told_is_not_queued_again(times: Times) -> None:
    tag = times.library.add_tag("a tag")
    times.bench.queue.put_jobs(
        [a_job(2, "Scene.Update.Post"), Job(0, "Tag.Update.Post", 0.0, entity="tag", entity_id=tag.id)]
    )
    times.library.update_scene(2, title="another")
    times.passes(minutes=1)
    assert times.catch_up() == 0


def test_what_was_read_in_this_version_since_is_not_queued_again(times: Times) -> None:
    times.library.update_scene(2, title="another")
    read = Changed(2, int(times.moment.timestamp()))
    with times.bench.state() as state:
        state.noticed.notice(SCENE, [read])
    times.passes(minutes=1)
    assert times.catch_up() == 0
    times.library.update_scene(2, title="and another")
    times.passes(minutes=1)
    assert times.catch_up() == 1


def test_what_could_not_be_asked_is_found_the_next_time(times: Times) -> None:
    times.library.update_scene(2, title="another")
    times.passes(minutes=1)
    times.bench.world.stash.faults.add("graphql_error", "findScenes", 1, message="sql: database is closed")
    with pytest.raises(StashError):
        times.catch_up()
    assert times.catch_up() == 1


@pytest.mark.parametrize("odd", [{"updated_at": None}, {"updated_at": "soon"}, {"id": None}, {"id": "x"}])
def test_a_scene_without_an_id_or_a_time_hides_no_other(times: Times, odd: dict[str, object]) -> None:
    times.bench.world.stash.malformed_scenes[2] = lambda scene: scene.update(odd)
    times.library.update_scene(2, title="odd")
    times.passes(seconds=1)
    times.library.update_scene(3, title="another")
    times.passes(minutes=1)
    times.catch_up()
    assert 3 in {job.scene_id for job in times.queued()}
    times.passes(minutes=1)
    assert (times.catch_up(), times.queued()) == (0, [])


def test_another_time_zone_of_stash_wants_a_full_reconcile_once(times: Times) -> None:
    times.library.timezone = timezone(timedelta(hours=9))
    times.library.update_scene(2, title="another")
    times.passes(minutes=1)
    times.catch_up()
    assert times.wanted() == "Stash's time zone changed"
    times.library.update_scene(3, title="another")
    times.passes(minutes=1)
    times.catch_up()
    assert times.wanted() is None
    assert 3 in scenes(times.queued())


def test_a_clock_that_was_set_back_wants_a_full_reconcile_once_and_hides_nothing_later(times: Times) -> None:
    times.passes(days=30)
    times.library.update_scene(1, title="of a month ahead")
    times.passes(minutes=1)
    times.catch_up()
    times.queued()
    times.passes(days=-30)
    times.library.update_scene(2, title="of today")
    times.passes(minutes=1)
    times.catch_up()
    assert times.wanted() == "Stash's clock was set back"
    times.queued()
    times.library.update_scene(3, title="of today as well")
    times.passes(minutes=1)
    times.catch_up()
    assert times.wanted() is None
    assert 3 in scenes(times.queued())


def test_a_file_that_went_to_another_scene_wants_a_full_reconcile(times: Times) -> None:
    times.library.assign_file(2, times.library.scene(3).files[0].id)
    times.catch_up()
    assert times.wanted() == "files moved between scenes in Stash"
    times.catch_up()
    assert times.wanted() is None


def test_an_hour_that_the_clock_goes_through_twice_hides_no_change(times: Times) -> None:
    """Summer time ends: local time goes from 02:59 back to 02:00 with another offset."""
    times.library.timezone = timezone(timedelta(hours=2))
    times.library.update_scene(1, title="before")
    times.passes(minutes=1)
    times.catch_up()
    times.queued()
    times.library.timezone = timezone(timedelta(hours=1))
    times.passes(minutes=10)
    times.library.update_scene(2, title="in the second time of that hour")
    times.passes(hours=1)
    times.library.update_scene(3, title="after it")
    times.passes(minutes=1)
    times.catch_up()
    assert scenes(times.queued()) == [2, 3]
    assert times.wanted() == "Stash's time zone changed"


def test_a_list_longer_than_a_page_is_read_to_its_end(times: Times, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stash.changes.IDS_PER_PAGE", 2)
    for scene_id in range(1, SCENES + 1):
        times.library.update_scene(scene_id, title="another")
    times.passes(minutes=1)
    times.catch_up()
    assert scenes(times.queued()) == list(range(1, SCENES + 1))


def test_the_versions_of_entities_are_those_that_stash_has(times: Times) -> None:
    tag = times.library.add_tag("a tag")
    versions = versions_of(times.bench.stash().ask, [("tag", tag.id), ("studio", 999)])
    assert versions == {("tag", tag.id): int(times.moment.timestamp())}


def test_a_scene_that_is_due_only_later_is_looked_at_at_once_where_it_changed_without_a_hook(
    times: Times,
) -> None:
    scene_id = times.library.add_scene(title="not in Plex", files=(("/data/Films/away.mp4", 7),)).id
    times.bench.save(scene_id)
    times.bench.drain()
    (job,) = times.bench.waiting()
    assert job.due_at > times.bench.clock()
    times.passes(minutes=1)
    times.catch_up()
    times.passes(minutes=1)
    times.library.merge_scenes([1], scene_id)
    times.passes(minutes=1)
    times.catch_up()
    assert scene_id in times.bench.queue.due_scene_ids()


def test_what_waited_in_a_queue_that_was_lost_is_looked_for_by_a_full_reconcile(times: Times) -> None:
    times.bench.save(1)
    times.bench.drain()
    times.library.update_scene(2, title="waits")
    times.passes(minutes=1)
    times.catch_up()
    times.bench.manager.close()
    database = times.bench.world.data_dir / QUEUE_DATABASE
    database.write_bytes(b"no database")
    times.bench.manager = QueueManager(times.bench.world.data_dir)
    times.catch_up()
    assert times.wanted() == "What waited in the queue may be forgotten"


def test_what_changes_after_the_first_reconcile_is_found_by_the_first_drain(tmp_path: Path) -> None:
    with a_bench(tmp_path) as bench:
        times = Times(bench)
        times.passes(hours=5)
        bench.reconcile()
        times.queued()
        times.library.update_scene(2, title="another")
        new = times.library.add_scene(title="new", files=(("/data/Films/new.mp4", 7),))
        times.passes(minutes=1)
        times.catch_up()
        assert scenes(times.queued()) == [2, new.id]


def test_a_reconcile_moves_no_mark_that_a_drain_has_left(times: Times) -> None:
    times.library.update_scene(2, title="another")
    times.passes(minutes=1)
    times.bench.reconcile()
    times.queued()
    times.catch_up()
    assert scenes(times.queued()) == [2]


def test_a_tag_of_a_performer_reaches_its_scenes_when_it_is_given_renamed_merged_and_taken_away(
    times: Times,
) -> None:
    world, library, settings = times.bench.world, times.library, {"performer_tags": True}
    ada, bea = world.performer_ids("Ada", "Bea")
    new, other, third = world.tag_ids("New", "Other", "Third")
    for name, performer in (("one", ada), ("two", bea)):
        world.add_film(name, title=name, performers=[performer], tags=[third], plex={})

    def genres() -> list[list[str]]:
        times.passes(hours=5)
        times.catch_up()
        times.bench.drain(**settings)
        return [sorted(world.item(name).genres) for name in ("one", "two")]

    assert genres() == [["Third"], ["Third"]]
    library.change("performer", ada, tags=[new])
    assert genres() == [["New", "Third"], ["Third"]]
    library.rename_tag(new, "Newer")
    assert genres() == [["Newer", "Third"], ["Third"]]
    library.merge_tags([new], other)
    assert genres() == [["Other", "Third"], ["Third"]]
    library.change("performer", ada, tags=[])
    assert genres() == [["Third"], ["Third"]]
