"""A scene that Stash cannot tell of holds up no edit of another one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sync_queue.process_queue import ProcessQueue
from tests.builders.bench import Bench
from tests.builders.sync import logged


def process_queue(bench: Bench, is_automatic: bool = False) -> str | None:
    config, data_dir = bench.config({}), str(bench.world.data_dir)
    return ProcessQueue(bench.queue, bench.stash(), config, data_dir, is_automatic).run()


@pytest.mark.parametrize("is_automatic", [False, True])
def test_an_edit_is_written_though_stash_cannot_tell_of_what_was_saved_last(
    bench: Bench, caplog: pytest.LogCaptureFixture, is_automatic: bool
) -> None:
    bench.save(bench.world.add_film("one", details="Text", plex={}))
    assert process_queue(bench) is None
    bench.save(bench.world.add_film("two", details="Other", plex={}))
    # Stash's times are whole seconds: of two scenes of one second either may be listed as the newest.
    later = bench.world.stash.now() + timedelta(minutes=1)
    bench.world.stash.library.now = bench.world.stash.now = lambda: later
    newest = bench.world.add_film("newest", details="New", plex={})
    bench.world.stash.malformed_scenes[newest] = lambda scene: scene.update(updated_at="soon")
    assert process_queue(bench, is_automatic) is None
    assert bench.world.item("two").summary == "Other"
    warnings = [text for text in logged(caplog, "WARNING") if "Stash did not tell the plugin" in text]
    assert len(warnings) == (not is_automatic)


def test_an_edit_is_written_though_stash_cannot_read_what_was_saved_last(bench: Bench) -> None:
    bench.save(bench.world.add_film("one", details="Text", plex={}))
    bench.world.stash.failing_scenes.add(bench.world.add_film("newest", details="New", plex={}))
    assert process_queue(bench) is None
    assert bench.world.item("one").summary == "Text"


def test_where_stash_can_tell_of_nothing_every_edit_stays(bench: Bench) -> None:
    bench.save(bench.world.add_film("one", details="Text", plex={}))
    bench.world.stash.faults.add("graphql_error", "findScenes", message="sql: database is closed")
    with pytest.raises(Exception, match="database is closed"):
        process_queue(bench)
    assert len(bench.waiting()) == 1


def test_an_edit_of_a_scene_that_stash_says_to_have_and_not_to_have_stays(bench: Bench) -> None:
    scene_id = bench.world.add_film("one", details="Text", plex={})
    bench.save(scene_id)
    fault = bench.world.stash.faults.add(
        "change", "findScene", change=lambda content: {"data": dict.fromkeys(content["data"])}
    )
    assert "both that it is there" in str(bench.drain().stopped)
    assert fault.used
    assert [job.scene_id for job in bench.waiting()] == [scene_id]
    bench.world.stash.faults.clear()
    bench.drain()
    assert bench.world.item("one").summary == "Text"
