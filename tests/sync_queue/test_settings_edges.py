"""Promises about settings that change after the first sync."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.builders.bench import Bench, a_bench
from tests.builders.sync import a_picture, let_time_pass, sync


@pytest.fixture
def bench(tmp_path: Path, warm_python: Callable[[], str]) -> Iterator[Bench]:
    with a_bench(tmp_path, python_of_tasks=warm_python) as bench:
        let_time_pass(bench.world)
        yield bench


def test_tags_that_were_labels_leave_the_labels_when_they_become_genres_again(bench: Bench) -> None:
    bench.world.add_film("one", tags=bench.world.tag_ids("Sea"), plex={})
    sync(bench, tags_as="labels")
    sync(bench)
    item = bench.world.item("one")
    assert (item.genres, item.labels) == (["Sea"], [])


def test_the_blank_at_the_end_of_a_collection_prefix_is_kept(bench: Bench) -> None:
    bench.world.add_film("one", studio=bench.world.studio_id("North"), plex={})
    sync(bench, collection_prefix="Stash: ")
    assert bench.world.item("one").collections == ["Stash: North"]


def test_performers_pictures_reach_scenes_that_were_synced_before_the_setting(bench: Bench) -> None:
    ada = bench.world.stash.library.add_performer("Ada", image=a_picture("ada")).id
    bench.world.add_film("one", performers=[ada], plex={})
    for task in ("Reconcile Library (All)", "Process Queue"):
        assert bench.world.stash.run_task(task).exit_status == 0
    bench.world.settings.update(performer_image_address="http://192.168.1.5:9999")
    for task in ("Reconcile Library (All)", "Process Queue"):
        assert bench.world.stash.run_task(task).exit_status == 0
    assert bench.world.plex.library.tag("actor", "Ada").thumb.startswith("http://192.168.1.5:9999/")


def test_a_title_that_is_emptied_in_stash_leaves_plexs(bench: Bench) -> None:
    scene_id = bench.world.add_film("one", title="A name", details="x", plex={})
    sync(bench)
    bench.world.stash.library.update_scene(scene_id, title="")
    sync(bench)
    assert bench.world.item("one").title != ""
