"""Every rating goes through both servers and back, and is what it was, however coarse a Plex keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.back_to_stash.bench import a_quiet_bench, changes_in_stash, settle, take_a_look
from tests.builders.bench import Bench
from tests.builders.sync import changing_requests, sync

pytestmark = pytest.mark.unmeasured

EACH: list[int | None] = [None, *range(1, 101)]
STARS: list[float | None] = [None, 0.0, *(float(half) for half in range(1, 11))]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_quiet_bench(tmp_path, "ratings") as bench:
        yield bench


def films(bench: Bench, ratings: list[Any]) -> list[int]:
    return [
        bench.world.add_film(f"film {place}", title=f"Film {place}", rating100=rating, plex={})
        for place, rating in enumerate(ratings)
    ]


def in_stash(bench: Bench, scene_ids: list[int]) -> list[int | None]:
    return [bench.world.stash.library.scene(scene_id).rating100 for scene_id in scene_ids]


def assert_no_echo(bench: Bench) -> None:
    """A further sync writes nothing on either side."""
    sync(bench)
    take_a_look(bench, everything=True)
    assert (changing_requests(bench), changes_in_stash(bench)) == ([], [])


@pytest.mark.parametrize("kept", ["as_sent", "in_halves", "in_half_stars"])
def test_each_of_the_hundred_ratings_stays_what_it_is(bench: Bench, kept: Any) -> None:
    bench.world.plex.behaviour.ratings_are_kept = kept
    scene_ids = films(bench, EACH)
    settle(bench)
    assert in_stash(bench, scene_ids) == EACH
    assert_no_echo(bench)


def test_half_stars_none_and_zero_go_to_stash_and_stay(bench: Bench) -> None:
    scene_ids = films(bench, [None] * len(STARS))
    settle(bench)
    for place, stars in enumerate(STARS):
        bench.world.plex.library.rate(bench.world.item(f"film {place}").rating_key, stars)
    settle(bench)
    assert in_stash(bench, scene_ids) == [None, None, *range(10, 101, 10)]
    shown = [bench.world.item(f"film {place}").user_rating for place in range(len(STARS))]
    assert [stars or None for stars in shown] == [stars or None for stars in STARS]
    assert_no_echo(bench)


@settings(max_examples=3)
@given(st.data())
def test_whatever_is_rated_in_turn_on_either_side_both_have_it(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    with a_quiet_bench(tmp_path_factory.mktemp("turns"), "ratings") as bench:
        (scene_id,) = films(bench, [None])
        settle(bench)
        for _ in range(3):
            if data.draw(st.booleans()):
                rating100 = data.draw(st.sampled_from(EACH))
                bench.world.stash.library.update_scene(scene_id, rating100=rating100)
                bench.save(scene_id)
            else:
                stars = data.draw(st.sampled_from([None, *STARS[2:]]))
                bench.world.plex.library.rate(bench.world.item("film 0").rating_key, stars)
                rating100 = None if stars is None else round(stars * 10)
            settle(bench)
            plex = bench.world.item("film 0").user_rating
            assert in_stash(bench, [scene_id]) == [rating100]
            assert plex == (None if rating100 is None else rating100 / 10)
