"""The usual library: home-made videos, with title and date out of the file and nothing locked.

STASH2PLEX_OTHER_VIDEOS=500 tells the same story of more films than a daily test needs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from reconciliation.result import GapDetectionResult
from tests.builders.bench import Bench, a_bench
from tests.builders.sync import a_picture, changing_requests, let_time_pass, sha1_of

FILMS = int(os.environ.get("STASH2PLEX_OTHER_VIDEOS", "60"))
RESET = FILMS // 5


@dataclass
class Story:
    """What the first sync found and left, and the one after some items were unlocked and refreshed."""

    bench: Bench
    preserve: bool
    first: GapDetectionResult
    second: GapDetectionResult
    shown_after_first: list[dict[str, object]]
    after_reset: GapDetectionResult
    shown_after_reset: list[dict[str, object]]
    last: GapDetectionResult
    last_changes: list[str]


def wanted(n: int) -> dict[str, object]:
    """What the film should show; every third one has nothing but a date, every third nothing but a title."""
    kinds: list[dict[str, object]] = [
        {
            "title": f"Title {n}",
            "summary": f"Text {n}",
            "date": "2014-03-04",
            "genres": ["Sea"],
            "selected_poster": sha1_of(a_picture(f"cover {n}")),
            "user_rating": 8.0,
        },
        {"date": "2013-01-01", "title": f"film {n}"},
        {"title": f"Title {n}"},
    ]
    return kinds[n % 3]


def fill(bench: Bench) -> None:
    world = bench.world
    let_time_pass(world)
    for n in range(FILMS):
        full = {
            "title": f"Title {n}",
            "details": f"Text {n}",
            "date": "2014-03-04",
            "tags": world.tag_ids("Sea"),
            "cover": a_picture(f"cover {n}"),
            "rating100": 80,
        }
        scene = (full, {"date": "2013"}, {"title": f"Title {n}"})[n % 3]
        world.add_film(f"film {n}", plex={}, **scene)


def shown(bench: Bench) -> list[dict[str, object]]:
    """Of each film what it shows of what it should show."""
    return [{name: getattr(bench.world.item(f"film {n}"), name) for name in wanted(n)} for n in range(FILMS)]


def a_little_later(bench: Bench) -> None:
    """Plex counts in whole seconds: what happens in the second of the last sync is seen the next time."""
    library = bench.world.plex.library
    before = library.clock
    library.clock = lambda: before() + 2


@pytest.fixture(scope="module", params=[False, True], ids=["stash wins", "plex wins"])
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with a_bench(tmp_path_factory.mktemp("world")) as bench:
        bench.world.settings["preserve_plex_edits"] = request.param
        fill(bench)
        first = bench.reconcile()
        bench.drain()
        after_first = shown(bench)
        second = bench.reconcile()
        a_little_later(bench)
        for n in range(RESET):
            bench.world.plex.library.reset_item(bench.world.item(f"film {n}").rating_key)
        after_reset = bench.reconcile()
        bench.drain()
        shown_after_reset = shown(bench)
        bench.world.clear_requests()
        last = bench.reconcile()
        bench.drain()
        yield Story(
            bench=bench,
            preserve=request.param,
            first=first,
            second=second,
            shown_after_first=after_first,
            after_reset=after_reset,
            shown_after_reset=shown_after_reset,
            last=last,
            last_changes=changing_requests(bench),
        )


def test_untouched_items_count_as_empty_whatever_date_their_file_gives_them(story: Story) -> None:
    with_metadata = sum("summary" in wanted(n) or wanted(n).get("date") == "2013-01-01" for n in range(FILMS))
    assert story.first.empty_metadata_count == with_metadata
    assert story.first.stale_sync_count == FILMS - with_metadata
    assert story.first.errors == []


def test_the_first_sync_brings_title_and_date_in_either_mode(story: Story) -> None:
    assert story.shown_after_first == [wanted(n) for n in range(FILMS)]


def test_what_was_synced_is_no_gap(story: Story) -> None:
    assert (story.second.total_gaps, story.second.errors) == (0, [])


def test_items_that_were_unlocked_and_refreshed_are_found_by_the_next_reconcile(story: Story) -> None:
    assert story.after_reset.total_gaps == RESET


def test_and_repaired_by_the_next_drain(story: Story) -> None:
    assert story.shown_after_reset == [wanted(n) for n in range(FILMS)]


def test_then_there_is_nothing_left_to_do(story: Story) -> None:
    assert (story.last.total_gaps, story.last_changes) == (0, [])


def test_no_write_ever_went_to_a_whole_library(story: Story) -> None:
    assert story.bench.world.plex.whole_library_edits == []
