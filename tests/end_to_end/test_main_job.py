"""The main job at a collection: find the gaps, fill them, and find none afterwards.

The daily run has a small one; STASH2PLEX_SCENES=2000 has one of the size of real ones.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import pytest

from reconciliation.result import GapDetectionResult
from sync_queue.claims import DrainSummary, Outcome
from tests.builders.bench import Bench, a_bench
from tests.servers.made_up_collection import GapPlan, MadeUpVideo, make_collection, plan_gaps
from tests.servers.plex.items import PlexItem
from tests.servers.world import PLEX_ROOT

SCENES = int(os.environ.get("STASH2PLEX_SCENES", "600"))


@dataclass
class Story:
    """What happened, step by step; the requests are those of each step."""

    bench: Bench
    videos: list[MadeUpVideo]
    plan: GapPlan
    items_at_first: int
    first: GapDetectionResult
    first_requests: int
    drained: DrainSummary
    drain_to_plex: int
    drain_to_stash: int
    after_scan: GapDetectionResult
    drained_after_scan: DrainSummary
    last: GapDetectionResult
    last_puts: int

    def items(self, video: MadeUpVideo) -> list[PlexItem]:
        """The items that hold a file of the video."""
        paths = [file.path_and_size(PLEX_ROOT)[0] for file in video.files]
        found = [self.bench.world.plex.library.item_for_path(path) for path in paths]
        return [item for item in found if item is not None]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    videos = make_collection(SCENES)
    plan = plan_gaps(videos)
    with a_bench(tmp_path_factory.mktemp("world"), videos, plan) as bench:
        world = bench.world
        items_at_first = len(world.plex.library.items())
        # Images are another story, with requests of their own.
        world.settings["leave_fields"] = "poster, background"
        world.clear_requests()
        first, first_requests = bench.reconcile(), bench.requests()
        world.clear_requests()
        drained = bench.drain()
        to_plex, to_stash = len(world.plex.requests), len(world.stash.requests)
        for video in videos:
            if plan.states[video.number] == "missing":
                for file in video.files:
                    path, size = file.path_and_size(PLEX_ROOT)
                    section_key = world.section_keys[file.folder.partition("/")[0]]
                    world.plex.library.put_on_disk(section_key, path, size)
        world.plex.library.scan()
        after_scan, drained_after_scan = bench.reconcile(), bench.drain()
        world.clear_requests()
        last = bench.reconcile()
        bench.save(*[world.scene_ids[video.number] for video in videos if video.is_worth_pushing])
        bench.drain()
        yield Story(
            bench=bench,
            videos=videos,
            plan=plan,
            items_at_first=items_at_first,
            first=first,
            first_requests=first_requests,
            drained=drained,
            drain_to_plex=to_plex,
            drain_to_stash=to_stash,
            after_scan=after_scan,
            drained_after_scan=drained_after_scan,
            last=last,
            last_puts=bench.puts(),
        )


def shown(text: str | None) -> str:
    """How a text looks to a person: without control characters, its lines ended by \\n, not padded."""
    lines = (text or "").replace("\r\n", "\n")
    visible = (one for one in lines if one == "\n" or unicodedata.category(one) != "Cc")
    return "".join(visible).strip()


def folded(names: object) -> set[str]:
    """Names as Plex compares them."""
    assert isinstance(names, (list, tuple))
    return {shown(name).casefold() for name in names}


def test_the_first_reconcile_counts_exactly_the_gaps_that_are_there(story: Story) -> None:
    result, plan = story.first, story.plan
    assert result.errors == []
    assert (result.missing_count, result.empty_metadata_count, result.stale_sync_count) == (
        plan.missing_count,
        plan.empty_metadata_count,
        plan.stale_sync_count,
    )
    assert (result.scenes_checked, result.total_gaps) == (SCENES, plan.total_gaps)
    assert (result.enqueued_count, result.skipped_already_queued) == (plan.total_gaps, 0)


def test_a_reconcile_takes_requests_by_pages(story: Story) -> None:
    assert story.first_requests <= ceil(SCENES / 500) + ceil(story.items_at_first / 1000) + 15


def test_the_drain_writes_what_plex_has_and_keeps_what_it_has_not(story: Story) -> None:
    outcomes = story.drained.outcomes
    assert story.drained.stopped == ""
    assert outcomes[Outcome.WRITTEN] == story.plan.empty_metadata_count + story.plan.stale_sync_count
    assert outcomes[Outcome.NOT_IN_PLEX] == story.plan.missing_count
    assert outcomes[Outcome.FAILED] == 0


def test_a_drain_takes_about_one_request_a_scene(story: Story) -> None:
    drained = story.first.enqueued_count
    assert story.drain_to_plex <= 1.1 * drained + 30
    assert story.drain_to_stash <= drained / 20 + 15


def wanted_texts(video: MadeUpVideo) -> dict[str, str]:
    """What Plex has to show for the texts that the video has, by the item's attribute."""
    texts = {
        "title": shown(video.title),
        "summary": shown(video.details),
        "date": (video.date + "-01-01")[:10] if video.date else "",
        "studio": shown(video.studio),
    }
    return {name: text for name, text in texts.items() if text}


def wanted_names(video: MadeUpVideo) -> dict[str, set[str]]:
    """The same for lists of names."""
    names = {
        "roles": folded(video.performers),
        "directors": folded([video.director] if video.director else []),
        "genres": folded(video.tags),
    }
    return {name: wanted for name, wanted in names.items() if wanted}


def test_every_item_shows_what_its_owner_keeps_in_stash(story: Story) -> None:
    checked = 0
    for video in filter(lambda video: video.is_worth_pushing, story.videos):
        items, texts, names = story.items(video), wanted_texts(video), wanted_names(video)
        assert items, f"video {video.number} is not in Plex"
        for item in items:
            assert {name: getattr(item, name) for name in texts} == texts, (video.number, video.kind)
            assert {name: folded(getattr(item, name)) for name in names} == names, (video.number, video.kind)
            assert folded([video.studio] if video.studio else []) <= folded(item.collections)
        checked += 1
    assert checked == story.plan.total_gaps


def test_what_a_person_keeps_in_plex_and_stash_lacks_is_left_as_it_is(story: Story) -> None:
    kept = [
        item
        for video in story.videos
        if video.is_worth_pushing and story.plan.states[video.number] == "stale"
        for item in story.items(video)
        if "To Watch" in item.collections
    ]
    assert len(kept) > SCENES / 20


def test_items_of_scenes_with_nothing_to_push_are_left_as_they_are(story: Story) -> None:
    bare = [video for video in story.videos if not video.is_worth_pushing]
    empty = [video for video in bare if story.plan.states[video.number] == "empty"]
    assert empty
    for video in empty:
        for item in story.items(video):
            assert (item.summary, item.studio, item.genres, item.roles, item.locked) == (
                "",
                "",
                [],
                [],
                set(),
            )


def test_scenes_that_plex_has_scanned_meanwhile_are_found_and_written(story: Story) -> None:
    assert story.after_scan.missing_count == 0
    assert story.after_scan.total_gaps == story.plan.missing_count
    assert story.drained_after_scan.outcomes[Outcome.WRITTEN] == story.plan.missing_count
    assert story.drained_after_scan.left == 0


def test_afterwards_there_are_no_gaps_and_a_further_drain_sends_no_write(story: Story) -> None:
    assert (story.last.total_gaps, story.last.errors) == (0, [])
    assert story.last_puts == 0


def test_no_write_ever_went_to_a_whole_library(story: Story) -> None:
    assert story.bench.world.plex.whole_library_edits == []
    assert story.bench.failed() == []
