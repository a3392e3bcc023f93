"""Months of use in one test: a collection is synced, edited at random on both sides, and synced again.

The daily run has a small one; STASH2PLEX_SCENES=2000 has one of the size of real ones.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any

import pytest

from reconciliation.result import GapDetectionResult
from sync_queue.claims import DrainSummary, Outcome
from tests.builders.bench import Bench, a_bench
from tests.builders.sync import IMAGES_IN_PLEX, IMAGES_IN_STASH, a_picture, let_time_pass, sync
from tests.end_to_end.two_way_model import Pair, a_persons, in_plex, in_stash
from tests.servers.made_up_collection import load_into_plex, load_into_stash, make_collection, plan_gaps
from tests.servers.plex.items import PlexItem
from tests.servers.stash import http as stash_http
from tests.servers.stash.records import Scene
from tests.servers.world import PLEX_ROOT, STASH_ROOT, World

SCENES = int(os.environ.get("STASH2PLEX_SCENES", "200"))
EDITS = max(200, SCENES // 2)


class Hands:
    """What people do to a scene in Stash and to an item in Plex, field by field."""

    def __init__(self, world: World, random: Random) -> None:
        self.stash, self.plex = world.stash.library, world.plex.library
        self.random = random
        self.done: Counter[str] = Counter()
        self._numbers = count(1)
        self.in_stash: dict[str, Callable[[Scene], dict[str, Any]]] = {
            "title": lambda scene: {"title": self.fresh(random.choice(("Title", "The title", "A title")))},
            "summary": lambda scene: {"details": random.choice(("", self.fresh("Line one\r\nline")))},
            "date": lambda scene: {"date": random.choice((None, "2014", "2015-08", "2016-02-29"))},
            "studio": lambda scene: {
                "studio": random.choice((None, self.stash.add_studio(self.fresh("studio")).id))
            },
            "rating": lambda scene: {"rating100": random.choice((None, 0, *range(1, 101)))},
            "director": lambda scene: {"director": random.choice(("", self.fresh("Doe, director")))},
            "cast": lambda scene: {"performers": self.changed(scene.performers, self.stash.add_performer)},
            "genres": lambda scene: {"tags": self.changed(scene.tags, self.stash.add_tag)},
            "collections": lambda scene: {
                "groups": random.choice(([], [(self.stash.add_group(self.fresh("group")).id, None)]))
            },
            "poster": lambda scene: {"cover": a_picture(self.fresh("cover"))},
        }
        self.in_plex: dict[str, Callable[[PlexItem], dict[str, Any]]] = {
            "title": lambda item: {"title": self.fresh("By hand")},
            "summary": lambda item: {"summary": random.choice(("", self.fresh("Written by hand")))},
            "studio": lambda item: {"studio": self.fresh("Studio by hand")},
            "rating": lambda item: {"user_rating": random.choice((None, 1.0, 7.5, 10.0))},
            "cast": lambda item: {"roles": self.changed_names(item.roles)},
            "genres": lambda item: {"genres": self.changed_names(item.genres)},
            "collections": lambda item: {"collections": [*item.collections, self.fresh("Shelf")]},
            "poster": lambda item: {},
        }

    def edit(self, scene: Scene, item: PlexItem) -> None:
        """One edit: in Stash, in Plex, of a field on both sides, of what many scenes share; or a reset."""
        side = self.random.choice(("stash", "plex", "stash", "plex", "both", "shared", "reset"))
        if side == "shared":
            self._edit_shared()
            return
        if side == "reset":
            self.done["plex reset"] += 1
            self.plex.reset_item(item.rating_key)
            return
        table = self.in_stash if side == "stash" else self.in_plex
        what = self.random.choice(list(table))
        self.done[f"{side} {what}"] += 1
        if side != "plex":
            self.stash.update_scene(scene.id, **self.in_stash[what](scene))
        if side != "stash":
            self.plex.edit_by_hand(item.rating_key, **self.in_plex[what](item))
            if what == "poster":
                self.plex.upload_image(item.rating_key, "poster", a_picture(self.fresh("own poster")))

    def _edit_shared(self) -> None:
        what = self.random.choice(("tag", "performer", "studio", "merge"))
        if self.done[f"shared {what}"] >= 3:
            return
        self.done[f"shared {what}"] += 1
        if what == "merge":
            gone, kept = self.random.sample(list(self.stash.tags), 2)
            self.stash.merge_tags([gone], kept)
        else:
            entity_id = self.random.choice(list(self.stash.entities(what)))
            self.stash.rename(what, entity_id, self.fresh(f"renamed {what}"))

    def fresh(self, word: str) -> str:
        """A text that is nowhere yet."""
        return f"{word} {next(self._numbers)}"

    def changed(self, ids: list[int], add: Callable[[str], Any]) -> list[int]:
        """A list with a new one, without one of its own, or without all."""
        without = self.random.sample(ids, max(0, len(ids) - 1))
        return self.random.choice(([*ids, add(self.fresh("new name")).id], without, []))

    def changed_names(self, some: list[str]) -> list[str]:
        without = self.random.sample(some, max(0, len(some) - 1))
        return self.random.choice(([*some, self.fresh("By Hand")], without))


@dataclass
class Story:
    """What happened, and what should have."""

    bench: Bench
    pairs: list[Pair]
    hands: Hands
    wrong_at_first: list[Any]
    uploads: list[tuple[int, str]]
    found: GapDetectionResult
    drained: DrainSummary
    text_requests: int
    image_changes: list[str]
    images_read: Counter[str]
    images_unchanged: Counter[str]
    changing_at_the_end: list[str]


@pytest.fixture(scope="module", params=[False, True], ids=["stash wins", "plex wins"])
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    plex_wins = request.param
    random = Random(20_260_101)
    statuses: list[tuple[str, int]] = []
    with a_bench(tmp_path_factory.mktemp("world")) as bench, pytest.MonkeyPatch.context() as patch:
        _remember_statuses(patch, statuses)
        world = bench.world
        world.settings["preserve_plex_edits"] = plex_wins
        pairs = _fill(world, SCENES)
        sync(bench)
        uploads = _uploads(bench)
        _let_the_model_sync(world, pairs, plex_wins)
        wrong_at_first = _differences(world, pairs)
        hands = Hands(world, random)
        _let_a_minute_pass_in_plex(world)
        for _ in range(EDITS):
            pair = random.choice(pairs)
            hands.edit(world.stash.library.scene(pair.scene_id), _item(world, pair))
        _look_at_edits_in_plex(world, pairs)
        _let_the_model_sync(world, pairs, plex_wins)
        found = bench.reconcile()
        world.clear_requests()
        statuses.clear()
        drained = bench.drain()
        uploads += _uploads(bench)
        asked = list(world.plex.requests)
        images = [one for one in asked if IMAGES_IN_PLEX.fullmatch(one.path)]
        read = Counter(path for path, status in statuses if status == 200)
        unchanged = Counter(path for path, status in statuses if status == 304)
        sync(bench)
        yield Story(
            bench=bench,
            pairs=pairs,
            hands=hands,
            wrong_at_first=wrong_at_first,
            uploads=uploads + _uploads(bench),
            found=found,
            drained=drained,
            text_requests=len(asked) - len(images),
            image_changes=[one.method for one in images if one.method != "GET"],
            images_read=read,
            images_unchanged=unchanged,
            changing_at_the_end=[one.method for one in list(world.plex.requests) if one.method != "GET"],
        )


def _remember_statuses(patch: pytest.MonkeyPatch, statuses: list[tuple[str, int]]) -> None:
    """Note how Stash answers each request for a cover."""
    answered = stash_http.StashRequestHandler._image

    def noted(handler: Any, path: str) -> stash_http.Answer:
        answer = answered(handler, path)
        if IMAGES_IN_STASH.fullmatch(path):
            statuses.append((path, answer.status))
        return answer

    patch.setattr(stash_http.StashRequestHandler, "_image", noted)


def _fill(world: World, size: int) -> list[Pair]:
    """A collection of which Plex has every video."""
    let_time_pass(world)
    videos = make_collection(size)
    plan = plan_gaps(videos, missing=0.0)
    scene_ids = load_into_stash(world.stash.library, videos, STASH_ROOT)
    rating_keys = load_into_plex(world.plex.library, world.section_keys, videos, plan, PLEX_ROOT)
    pairs = [Pair(scene_ids[video.number], key, {}) for video in videos for key in rating_keys[video.number]]
    _look_at_edits_in_plex(world, pairs)
    return pairs


def _let_a_minute_pass_in_plex(world: World) -> None:
    """Plex's times are whole seconds: what happens in the second of a sync is seen when more happens."""
    library = world.plex.library
    before = library.clock
    library.clock = lambda: before() + 60


def _item(world: World, pair: Pair) -> PlexItem:
    item = world.plex.library.item(pair.rating_key)
    assert item is not None
    return item


def _look_at_edits_in_plex(world: World, pairs: list[Pair]) -> None:
    for pair in pairs:
        item = _item(world, pair)
        pair.shown, pair.a_persons = in_plex(item), a_persons(item)


def _let_the_model_sync(world: World, pairs: list[Pair], plex_wins: bool) -> None:
    library = world.stash.library
    for pair in pairs:
        pair.new_pictures = pair.new_choices = 0
        pair.sync(in_stash(library, library.scene(pair.scene_id)), plex_wins)


def _differences(world: World, pairs: list[Pair]) -> list[Any]:
    """Where Plex does not show what the model says: scene, field, what is there, what should be."""
    return [
        (pair.scene_id, name, shown, pair.shown[name])
        for pair in pairs
        for name, shown in in_plex(_item(world, pair)).items()
        if shown != pair.shown[name]
    ]


def _uploads(bench: Bench) -> list[tuple[int, str]]:
    return [(one.rating_key, one.sha1) for one in bench.world.plex.uploads]


def test_after_the_first_sync_every_item_shows_what_the_rules_say(story: Story) -> None:
    assert story.wrong_at_first == []


def test_after_edits_on_both_sides_every_item_shows_what_the_rules_say(story: Story) -> None:
    assert _differences(story.bench.world, story.pairs) == []


def test_every_kind_of_edit_was_made_and_many_on_both_sides(story: Story) -> None:
    hands = story.hands
    wanted = {f"stash {what}" for what in hands.in_stash} | {
        f"{side} {what}" for side in ("plex", "both") for what in hands.in_plex
    }
    shared = {f"shared {what}" for what in ("tag", "performer", "studio", "merge")}
    assert wanted | shared | {"plex reset"} == set(hands.done)
    assert len(set().union(*(pair.changed_on_both_sides for pair in story.pairs))) >= 4


def test_no_image_ever_went_twice_to_one_item(story: Story) -> None:
    assert [one for one, times in Counter(story.uploads).items() if times > 1] == []
    assert len(story.uploads) > len(story.pairs) / 2


def test_the_last_sync_changed_nothing(story: Story) -> None:
    assert story.changing_at_the_end == []
    assert (story.bench.waiting(), story.bench.failed()) == ([], [])


def test_the_texts_took_a_bounded_number_of_requests_a_scene(story: Story) -> None:
    queued = story.found.enqueued_count
    assert story.drained.handled == queued
    assert story.drained.outcomes[Outcome.FAILED] == 0
    # One write a scene; items are read by the batch, and at most once more where the writing is slow.
    assert story.text_requests <= 2.1 * queued + 30


def test_only_changed_images_were_uploaded_and_chosen_once_each(story: Story) -> None:
    wanted = sum(pair.new_pictures for pair in story.pairs)
    assert wanted > 5
    chosen = sum(pair.new_choices for pair in story.pairs)
    assert Counter(story.image_changes) == {"POST": wanted, "PUT": chosen}


def test_each_image_was_read_at_most_once_and_only_where_it_had_changed(story: Story) -> None:
    changed = {
        f"/scene/{scene_id}/screenshot"
        for scene_id in {pair.scene_id for pair in story.pairs}
        if b"cover" in (story.bench.world.stash.library.scene(scene_id).cover or b"")
    }
    with_cover = {path for path in story.images_read if _has_cover(story, path)}
    assert with_cover <= changed
    times = [*story.images_read.values(), *story.images_unchanged.values()]
    assert max(times) == 1
    assert story.images_read.keys().isdisjoint(story.images_unchanged)


def _has_cover(story: Story, path: str) -> bool:
    return story.bench.world.stash.library.scene(int(path.split("/")[2])).cover is not None


def test_no_write_went_to_a_whole_library(story: Story) -> None:
    assert story.bench.world.plex.whole_library_edits == []
