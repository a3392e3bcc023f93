"""Promises about servers and scenes that a reconcile does not see every day."""

from __future__ import annotations

import pytest

from tests.builders.bench import Bench
from tests.servers.plex.library import PlexLibrary


def test_a_scene_that_stash_cannot_read_is_reported_by_its_id_and_the_others_are_handled(
    bench: Bench,
) -> None:
    ids = [bench.world.add_film(f"film {n}", details="Text", plex={}) for n in range(3)]
    bench.world.stash.failing_scenes.add(ids[1])
    result = bench.reconcile()
    assert (result.scenes_checked, result.enqueued_count) == (2, 2)
    (error,) = result.errors
    assert error.startswith(f"Scene {ids[1]}: ")


def test_another_smaller_server_at_the_same_address_has_not_shrunk(bench: Bench) -> None:
    for n in range(30):
        bench.world.add_film(f"film {n}", details="Text", plex={})
    bench.reconcile()
    other = PlexLibrary(machine_identifier="f" * 40)
    other.add_section("Films", locations=("/media/Films",))
    other.add_item(1, (("/media/Films/film 0.mp4", 1000),))
    bench.world.plex.replaced_by(other)
    result = bench.reconcile()
    assert (result.errors, result.missing_count) == ([], 29)


@pytest.mark.parametrize("details", [" \n ", "\u000b"])
def test_a_scene_whose_only_text_is_nothing_to_show_is_no_gap_for_ever(bench: Bench, details: str) -> None:
    bench.world.add_film("blank", details=details, plex={})
    bench.reconcile()
    bench.drain()
    assert bench.reconcile().total_gaps == 0
