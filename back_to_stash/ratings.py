"""Which rating a scene gets from its items: three-way, pure.

What both sides had when last they were the same decides who changed it since. A rating that changed in
Plex alone comes to Stash; one that changed in both stays Stash's, and the next drain writes it to Plex.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sync_queue.ratings import InBoth, in_stash, is_shown


class RatedItem(NamedTuple):
    """An item's rating now, "" for none, when it was given, and what it and the scene had in common."""

    rating_key: int
    rating: str
    rated_at: int
    in_common: InBoth | None


@dataclass(frozen=True)
class RatingChoice:
    """What becomes of a scene's rating.

    `bringer` is the item whose rating Stash gets, `rating100`; None where Stash keeps its own. `same` are
    the items, with their ratings, that show what Stash has now. `contested` changed in both.
    """

    bringer: RatedItem | None = None
    rating100: int | None = None
    same: tuple[RatedItem, ...] = ()
    contested: tuple[RatedItem, ...] = ()


def choose_rating(rating100: int | None, items: Sequence[RatedItem]) -> RatingChoice:
    """Decide for one scene; of several items that changed, the one that was rated last is followed."""
    same = tuple(item for item in items if _is_same(rating100, item))
    changed = [item for item in items if item not in same and _has_changed(item)]
    # What Stash has in common with any of them nobody has entered there since.
    known = {item.in_common.stash for item in items if item.in_common is not None}
    kept = [item for item in changed if not _may_replace(rating100, item, known)]
    coming = [item for item in changed if item not in kept]
    if not coming:
        return RatingChoice(None, None, same, tuple(kept))
    bringer = max(coming, key=lambda item: (item.rated_at, item.rating_key))
    return RatingChoice(bringer, in_stash(bringer.rating), same, tuple(kept))


def _is_same(rating100: int | None, item: RatedItem) -> bool:
    if in_stash(item.rating) == rating100:
        return True
    # A coarser value of Plex's is the same as long as nobody changed it there.
    return not _has_changed(item) and is_shown(rating100, item.rating)


def _has_changed(item: RatedItem) -> bool:
    """Whether Plex shows another rating than when both were the same; the first one that is seen has."""
    if item.in_common is None:
        return bool(item.rating)
    return item.rating != item.in_common.plex


def _may_replace(rating100: int | None, item: RatedItem, known: Collection[int | None]) -> bool:
    """Whether Stash still has what is `known` of it, or none at all.

    One that was taken away in Stash clears nothing that somebody gave in Plex meanwhile, so that one comes.
    """
    return rating100 is None or (item.in_common is not None and rating100 in known)
