"""Scenes that a drain leaves alone by a person's choice: their jobs are done, and nothing is written."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sync_queue.claims import Claims, Outcome
from sync_queue.job_queue import Work
from sync_queue.state import SyncState


def leave_alone(
    batch: Sequence[Work], left_out: Collection[int], state: SyncState, claims: Claims
) -> set[int]:
    """Be done with those of these scenes that are ignored, or are not among the scenes to carry; their ids.

    What was carried of a scene that is left out stays in Plex, and is known in case that it comes back; the
    page's lists show it no longer.
    """
    with state.lock:
        ignored = state.ignored.among([work.scene_id for work in batch])
        others = {work.scene_id for work in batch if work.scene_id in left_out} - ignored
        if others:
            state.take_from_lists(others)
    for scene_ids, outcome in ((ignored, Outcome.IGNORED), (others, Outcome.LEFT_OUT)):
        if scene_ids:
            claims.finish([work for work in batch if work.scene_id in scene_ids], outcome)
    return ignored | others
