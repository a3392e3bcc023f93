"""What a task of the fault matrix needs beside the small world: settings, what people did, what has to be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from tests.end_to_end.small_world import COVERS, DRAIN, HERS, MOVED, NEW, NOBODYS, OLD, TWIN, SmallWorld
from tests.servers.stash import plays

BRING_BACK = {"mode": "bring_back"}
# Seconds since 1970: an evening on which somebody played OLD in Stash, and hours after it, in Plex.
EVENING, HOUR = 1_760_000_000, 3_600
VIEWS = {OLD: (EVENING + HOUR, EVENING + 2 * HOUR), HERS: (EVENING + 3 * HOUR,)}
RATED, RATING = 8.0, 80
LEFT_AT, HER_PLACE = 300.0, 33.0
SAGA, QUAY = "Saga", "Quay"
SYNOPSIS, HER_WORDS = "How it began.", "Her words on all of it."


def _nothing(world: SmallWorld) -> Iterator[str]:
    yield from ()


@dataclass(frozen=True)
class Situation:
    """How a world differs in which a task is tried, and what may not and what has to be in it."""

    settings: Mapping[str, Any]
    # Acts once, before the world is copied.
    prepare: Callable[[SmallWorld], None] = lambda world: None
    broken: Callable[[SmallWorld], Iterator[str]] = _nothing
    broken_in_the_end: Callable[[SmallWorld], Iterator[str]] = _nothing
    # Run beside the reconcile and the drain when the faults are over.
    further: tuple[Mapping[str, Any], ...] = ()


def _drain(world: SmallWorld) -> None:
    world.run_well(DRAIN)
    world.queued.clear()


def _let_pictures_go(world: SmallWorld) -> None:
    """A picture that an undo gave back does not come again until it changes in Stash."""
    for name in (OLD, NEW, MOVED, TWIN):
        world.further_expected.setdefault(name, {})["poster"] = None
        world.before[name] = world.shown(name)


def _people_act(world: SmallWorld) -> None:
    """Two films are watched in Plex, one is rated and left in the middle; both have marks in Stash."""
    _drain(world)
    world.run_well(BRING_BACK)
    stash, plex = world.stash_library, world.plex_library
    old = world.item(OLD)
    for name, times in VIEWS.items():
        for time in times:
            plex.watch(world.item(name).rating_key, at=time)
    plex.rate(old.rating_key, RATED)
    old.duration = 3_600_000
    plex.stop_at(old.rating_key, int(LEFT_AT * 1000), at=EVENING + 4 * HOUR)
    plays.add_plays(stash, world.scene_ids[OLD], [_as_stash(EVENING)])
    stash.scenes[world.scene_ids[HERS]].resume_time = HER_PLACE
    world.before[OLD] = world.shown(OLD)


def _and_it_was_brought(world: SmallWorld) -> None:
    _people_act(world)
    world.run_well(BRING_BACK)
    _let_pictures_go(world)


def _plays(world: SmallWorld, name: str) -> Counter[str]:
    return Counter(world.stash_library.scenes[world.scene_ids[name]].play_history)


def _all_plays(name: str) -> Counter[str]:
    here = (EVENING,) if name == OLD else ()
    return Counter(map(_as_stash, (*here, *VIEWS[name])))


def _broken_in_stash(world: SmallWorld) -> Iterator[str]:
    old, hers = (world.stash_library.scenes[world.scene_ids[name]] for name in (OLD, HERS))
    for name in VIEWS:
        if more := _plays(world, name) - _all_plays(name):
            yield f"{name} got plays in Stash that nobody made: {dict(more)}"
    if _as_stash(EVENING) not in old.play_history:
        yield "a play that Stash had is lost"
    if (hers.rating100, hers.resume_time) != (60, HER_PLACE):
        yield f"what a person set in Stash was replaced by {hers.rating100} and {hers.resume_time}"
    if old.rating100 not in (None, RATING) or old.resume_time not in (0, LEFT_AT):
        yield f"Stash got {old.rating100} and {old.resume_time}, which nobody gave in Plex"


def _not_brought(world: SmallWorld) -> Iterator[str]:
    old = world.stash_library.scenes[world.scene_ids[OLD]]
    for name in VIEWS:
        if lost := _all_plays(name) - _plays(world, name):
            yield f"{name} lacks plays in Stash in the end: {dict(lost)}"
    if (old.rating100, old.resume_time) != (RATING, LEFT_AT):
        yield f"Stash has {old.rating100} and {old.resume_time} in the end"


def _as_stash(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _make_collections(world: SmallWorld) -> None:
    """A group of two films with picture and text, a studio with one, a collection that a person described."""
    stash, plex = world.stash_library, world.plex_library
    group = stash.add_group(SAGA, image=COVERS[1], synopsis=SYNOPSIS).id
    for name, place in ((OLD, 1), (NEW, 2)):
        stash.update_scene(world.scene_ids[name], groups=((group, place),))
        world.further_expected[name] = {"collections": {QUAY, SAGA}}
    stash.studios[1].details = "On the studio."
    plex.edit_by_hand(world.item(NOBODYS[0]).rating_key, collections=[QUAY])
    quay = _collection(world, QUAY)
    quay.summary, quay.locked = HER_WORDS, {"summary"}
    world.before[NOBODYS[0]] = world.shown(NOBODYS[0])


def _and_they_are_in_plex(world: SmallWorld) -> None:
    _make_collections(world)
    _drain(world)
    _let_pictures_go(world)


def _collection(world: SmallWorld, title: str) -> Any:
    return next(one for one in world.plex_library.all_collections.of_section(1) if one.title == title)


def _broken_in_collections(world: SmallWorld) -> Iterator[str]:
    if (summary := _collection(world, QUAY).summary) != HER_WORDS:
        yield f"the words of a person on a collection were replaced by {summary!r}"


def _wrong_in_collections(world: SmallWorld) -> Iterator[str]:
    quay, saga = _collection(world, QUAY), _collection(world, SAGA)
    if saga.summary != SYNOPSIS:
        yield f"the collection of a group has the text {saga.summary!r} in the end"
    for source, collection, picture in (("studio 1", quay, COVERS[2]), ("group 1", saga, COVERS[1])):
        shown = world.plex_library.images.get(collection.selected_poster or "", b"")
        if shown != picture and source not in world.without_picture:
            yield f"the collection {collection.title} has another poster in the end"
    if (order := [item.rating_key for item in world.plex_library.all_collections.members(saga)]) != [
        world.item(name).rating_key for name in (OLD, NEW)
    ]:
        yield f"the collection of a group has the order {order} in the end"


_BACK = {"back_to_stash": "ratings, plays, resume"}
_DETAILS = {"collection_details": True}
USUAL = Situation({})
# By the name of a task; what it asks beside the task of the same name alone is tried.
SITUATIONS = {
    "process_queue with other settings": Situation(
        {"preserve_plex_edits": True, "background_from_cover": True, "studio_logo": True}
    ),
    "process_queue with collections": Situation(
        _DETAILS, _make_collections, _broken_in_collections, _wrong_in_collections
    ),
    "process_queue with views in Plex": Situation(
        _BACK, _people_act, _broken_in_stash, _not_brought, (BRING_BACK,)
    ),
    "bring_back with views in Plex": Situation(
        _BACK, _people_act, _broken_in_stash, _not_brought, (BRING_BACK,)
    ),
    "undo_first_sync with collections": Situation(_DETAILS, _and_they_are_in_plex, _broken_in_collections),
    "undo_first_sync with views in Plex": Situation(_BACK, _and_it_was_brought, _broken_in_stash),
}
