"""Putting the gaps that a reconcile found into the queue, each scene once."""

from __future__ import annotations

from collections.abc import Mapping

from reconciliation.detector import GapKind
from reconciliation.result import GapDetectionResult
from sync_queue.manager import JobQueue


def enqueue(
    gaps: Mapping[int, GapKind], queue: JobQueue, holds_a_part: bool, result: GapDetectionResult, now: float
) -> None:
    """Queue what does not wait yet, and count it; missing scenes are not wanted where Plex holds a part."""
    # A job that waits for a file to appear in Plex does not stand in the way once it is there.
    waiting, due = queue.scene_ids(), queue.due_scene_ids(now)
    if holds_a_part:
        result.not_wanted_count = result.missing_count
        gaps = {scene_id: kind for scene_id, kind in gaps.items() if kind is not GapKind.MISSING}
    for kind in GapKind:
        known = waiting if kind is GapKind.MISSING else due
        wanted = (scene_id for scene_id, one in gaps.items() if one is kind and scene_id not in known)
        result.enqueued_count += queue.put_scenes(wanted, kind.value)
    result.skipped_already_queued = len(gaps) - result.enqueued_count
    result.is_work_due = queue.has_due_jobs()
