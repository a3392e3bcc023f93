"""Which views of Plex's history are missing among a scene's plays in Stash: pure.

A view and a play are the same where their times are, to the second. Stash keeps every play that it is sent,
doubles too, so what is there is counted before anything is added.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from sync_queue.brought_back import BEGUN, DONE, WAITING, View


def missing_plays(views: Sequence[View], plays: Iterable[int]) -> tuple[int, ...]:
    """The times of the views that are not among the plays, each as often as it is missing.

    Plays that were brought before account for the views that were done, and a view that was begun may be
    among them. One that a person took away in Stash stays away.
    """
    brought = Counter(view.viewed_at for view in views if view.step == DONE)
    there = Counter(plays)
    there.subtract(brought)
    wanted = Counter(view.viewed_at for view in views if view.step in (WAITING, BEGUN))
    missing = {time: count - max(0, there[time]) for time, count in wanted.items()}
    return tuple(sorted(time for time, count in missing.items() for _ in range(max(0, count))))


def to_take_back(views: Sequence[View], had: Iterable[int], plays: Iterable[int]) -> tuple[int, ...]:
    """Of the plays that were brought to a scene, the times of those that are still there.

    A view may be done because Stash had a play of its time already: what Stash `had` before stays.
    """
    there = Counter(plays) - Counter(had)
    brought = Counter(view.viewed_at for view in views if view.step in (DONE, BEGUN))
    return tuple(sorted((there & brought).elements()))
