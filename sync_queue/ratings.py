"""A rating in Stash, 1 to 100, and in Plex, 0.1 to 10 with one decimal, and when both were last the same.

Plex may keep a rating as it is sent or only in half or whole stars. Then the two are the same where Plex
shows what it makes of Stash's: its coarser value is no edit of a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from plex.base import Base, text_hash
from plex.fields import PlexFields
from sync_queue.begun import Begun
from sync_queue.pushed import ItemRecord

RATING = "userRating"
# Of the ten steps to a star of Plex: as they are, half stars of five, stars of two, in tenths.
_STEPS = (5, 10)


class InBoth(NamedTuple):
    """What Stash and Plex had when they were last the same: None and "" for no rating."""

    stash: int | None
    plex: str


def in_plex(rating100: int | None) -> str:
    """Stash's rating in Plex's words."""
    return f"{rating100 / 10:.1f}" if rating100 else ""


def in_stash(rating: str) -> int | None:
    """Plex's rating in Stash's words."""
    return (round(float(rating) * 10) or None) if rating else None


def is_shown(rating100: int | None, rating: str) -> bool:
    """Whether Plex's rating is what a Plex may make of Stash's."""
    if not rating100:
        return not rating
    return (in_stash(rating) or 0) in set(_made_of(rating100))


def _made_of(rating100: int) -> Iterator[int]:
    yield rating100
    for step in _STEPS:
        below = rating100 - rating100 % step
        yield below
        if 2 * (rating100 - below) >= step:
            yield below + step


@lru_cache(maxsize=1)
def _ratings_by_hash() -> dict[str, int | None]:
    return {text_hash(in_plex(rating100)): rating100 for rating100 in (None, *range(1, 101))}


def last_pushed(record: ItemRecord, now: str) -> InBoth | None:
    """What both had when the item was last written to, as far as its record tells; `now` is Plex's rating.

    None where ratings were not carried, or where Plex has none and none was ever seen there.
    """
    hashes = _ratings_by_hash()
    before = record.base.texts.get(RATING)
    if record.is_doubtful or before not in hashes:
        return None
    stash = hashes[before]
    if not now and stash and not record.shown.had(RATING):
        return None
    return InBoth(stash, now if is_shown(stash, now) else in_plex(stash))


def begun_in_both(begun: Begun, now: str, may_be_late: bool) -> InBoth | None:
    """What both had after a write that was begun and never recorded, as far as Plex's rating tells.

    That it shows what was written, maybe by a write that newer ones followed; or that it shows neither that
    nor what it showed before: then somebody rated it since.
    """
    hashes = _ratings_by_hash()
    interrupted = [begun.base] if begun.base is not None else []
    was_shown = begun.before.texts.get(RATING) if begun.before is not None else None
    # Where it shows what it showed before, it was not written, even if a Plex might make that of the new one.
    is_as_before = was_shown == text_hash(now)
    for base in (*interrupted, *(begun.late if may_be_late else ())):
        written = base.texts.get(RATING)
        if written not in hashes:
            continue
        if written == text_hash(now) if is_as_before else is_shown(hashes[written], now):
            return InBoth(hashes[written], now)
    before = begun.shown.texts.get(RATING) if begun.shown is not None else None
    for base in interrupted if before not in (None, text_hash(now)) else ():
        written = base.texts.get(RATING)
        if written in hashes:
            return InBoth(hashes[written], in_plex(hashes[written]))
    return None


def is_rated_since(base: Base | None, in_common: InBoth | None, now: str) -> bool:
    """Whether somebody rated in Plex since both sides were the same; not where they never were."""
    if not now:
        return False
    if in_common is not None:
        return now != in_common.plex
    return base is not None and base.texts.get(RATING) not in (None, text_hash(now))


def with_known_rating(base: Base | None, known: InBoth | None, theirs: PlexFields, ours: PlexFields) -> Base:
    """The base of a merge into Plex, with the rating that both sides are known to have had.

    Where Plex shows what it showed then, it is as we wrote it, however coarse.
    """
    base = base or Base({}, {})
    if known is None or RATING not in ours.values:
        return base
    now, wanted = theirs.text(RATING), ours.text(RATING)
    is_as_then = now == known.plex or (not known.plex and now in ("", "0.0"))
    has_stash_changed = wanted != in_plex(known.stash)
    before = now if is_as_then and has_stash_changed else in_plex(known.stash)
    return Base({**base.texts, RATING: text_hash(before)}, base.tags)
