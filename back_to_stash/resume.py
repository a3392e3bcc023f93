"""Where to go on with a scene: the newer of Stash and its items, each by its own time; pure.

Plex tells when an item was watched. Stash tells when a scene was played, and not when its resume time was
set: one that changed since it was last looked at is at least as new as that look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from stash.activity import Activity
from sync_queue.brought_back import SeenResume

# Seconds: Plex counts in thousandths of them, and players differ by more.
SAME = 1.0
# What is known of an item that was never looked at.
NEVER_SEEN = SeenResume(0.0, -1, 0, 0)


class ResumedItem(NamedTuple):
    """Where the owner stopped an item, in milliseconds (0: finished), when, and what was seen last time.

    `is_new` tells that it was watched since plays and resume times were first looked at.
    """

    rating_key: int
    offset: int
    viewed_at: int
    seen: SeenResume | None
    is_new: bool = True

    @property
    def has_changed(self) -> bool:
        """Whether it was watched since it was last looked at."""
        if self.seen is None:
            return bool(self.viewed_at) and (bool(self.offset) or self.is_new)
        return (self.offset, self.viewed_at) != (self.seen.offset, self.seen.viewed_at)


@dataclass(frozen=True)
class ResumeChoice:
    """The item that is followed and the seconds that Stash gets; None where Stash keeps its own.

    `reason` says why an item is not followed, where it is worth telling.
    """

    bringer: ResumedItem | None = None
    seconds: float = 0.0
    reason: str = ""


def is_since(viewed_at: int, until: int | None) -> bool:
    """Whether a view came after the looks up to `until`: 0 where they met none, None before the first one."""
    return until is not None and viewed_at > until


def choose_resume(activity: Activity, items: Sequence[ResumedItem]) -> ResumeChoice:
    """Decide for one scene; of several items the one that was watched last counts."""
    watched = [item for item in items if item.viewed_at]
    if not watched:
        return ResumeChoice()
    newest = max(watched, key=lambda item: (item.viewed_at, item.rating_key))
    seconds = round(newest.offset / 1000, 3)
    if not newest.has_changed or abs(seconds - activity.resume) < SAME:
        return ResumeChoice()
    if seconds and activity.duration and seconds >= activity.duration:
        return ResumeChoice(reason="Plex's resume time lies behind the end of its file in Stash")
    if not (_is_newer(newest, activity) or _was_looked_at_before(newest, activity, items)):
        return ResumeChoice(reason="Stash's resume time is newer, or may be")
    return ResumeChoice(newest, seconds)


def _is_newer(item: ResumedItem, activity: Activity) -> bool:
    """Whether the item was watched after Stash's resume time was set, as far as that can be known."""
    seen = item.seen
    if seen is not None:
        if _is_as_seen(activity, seen):
            return True
        # It changed since; when, Stash tells only if the scene was played.
        return seen.looked_at < activity.last_played_at < item.viewed_at
    return not activity.resume or 0 < activity.last_played_at < item.viewed_at


def _was_looked_at_before(item: ResumedItem, activity: Activity, items: Sequence[ResumedItem]) -> bool:
    """Whether Stash has what it had at a look at another item, before this one was watched.

    Then nobody has set it since, even where this item was never watched before.
    """
    return any(
        one.seen is not None and one.seen.looked_at < item.viewed_at and _is_as_seen(activity, one.seen)
        for one in items
        if one is not item
    )


def _is_as_seen(activity: Activity, seen: SeenResume) -> bool:
    return any(one is not None and abs(activity.resume - one) < SAME for one in (seen.stash, seen.begun))
