"""Putting back in Stash what came from Plex: the values that scenes had before, and no plays of Plex's."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from back_to_stash.brought import PLAYS, RATING
from back_to_stash.plays import to_take_back
from back_to_stash.scene_news import is_all_there
from stash import log
from stash.activity import Activity, read_activity
from stash.client import Stash
from stash.exceptions import GraphQLRefusal
from stash.process_lock import WORKER_LOCK, AlreadyRunning, exclusive
from stash.writing import RemovePlays, SetRating, SetResume, Write, write
from sync_queue.brought_back import View
from sync_queue.state import SyncState
from sync_queue.undo import run_undo
from validation.amounts import amount
from validation.config import Stash2PlexConfig

SCENES_PER_READ = 50


@dataclass
class UndoSummary:
    """Values that were put back, that were changed since in Stash, and that Stash did not take."""

    restored: int = 0
    changed_since: int = 0
    failed: int = 0


def undo_back_to_stash(stash: Stash, state: SyncState) -> UndoSummary:
    """Put back every value that nobody has changed in Stash since it came from Plex.

    What Plex shows now counts as looked at, so it does not come again. Raises StashError.
    """
    summary = UndoSummary()
    kept = state.back.had()
    ids = sorted({scene_id for scene_id, *_ in kept})
    for start in range(0, len(ids), SCENES_PER_READ):
        some = ids[start : start + SCENES_PER_READ]
        activities = _without_unanswered(state, _readable(stash, some, summary), summary)
        for scene_id, kind, had, brought in kept:
            if scene_id in activities:
                _put_back(stash, state, scene_id, kind, (had, brought, activities[scene_id]), summary)
    return summary


def _readable(stash: Stash, scene_ids: Sequence[int], summary: UndoSummary) -> dict[int, Activity]:
    """What was watched of these scenes, without those that Stash refuses to tell of. Raises StashError."""
    try:
        return read_activity(stash.ask, scene_ids)
    except GraphQLRefusal:
        if len(scene_ids) == 1:
            raise
    found: dict[int, Activity] = {}
    refusals: dict[int, GraphQLRefusal] = {}
    for scene_id in scene_ids:
        try:
            found.update(read_activity(stash.ask, [scene_id]))
        except GraphQLRefusal as refusal:
            refusals[scene_id] = refusal
    if len(refusals) == len(scene_ids):
        raise next(iter(refusals.values()))
    for scene_id, why in refusals.items():
        log.warning(f"Scene {scene_id}: nothing could be put back: {why}")
        summary.failed += 1
    return found


def _without_unanswered(
    state: SyncState, activities: dict[int, Activity], summary: UndoSummary
) -> dict[int, Activity]:
    """Those of the scenes to which nothing can still come that a task before asked Stash for."""
    asked = state.unanswered.may_still_be_written() & activities.keys()
    left = {one for one in asked if not is_all_there(state, one, activities[one])}
    for scene_id in left:
        log.warning(
            f"Scene {scene_id}: nothing was put back: Stash may still be writing what came from Plex."
        )
        summary.failed += 1
    return {scene_id: one for scene_id, one in activities.items() if scene_id not in left}


def _put_back(
    stash: Stash,
    state: SyncState,
    scene_id: int,
    kind: str,
    values: tuple[object, object, Activity],
    summary: UndoSummary,
) -> None:
    had, brought, activity = values
    views = state.taken_back.views_of_scene(scene_id) if kind == PLAYS else []
    one = _write_for(scene_id, kind, had, brought, activity, views)
    if one is None:
        summary.changed_since += 1
    else:
        if kind == RATING:
            # Before it is written: an interruption must not make it look like an edit in Stash.
            state.taken_back.let_ratings_rest(scene_id, had if isinstance(had, int) else None)
        elif isinstance(one, SetResume):
            state.taken_back.let_resume_rest(scene_id, one.seconds)
        try:
            write(stash, [one])
        except GraphQLRefusal as refusal:
            log.warning(f"Scene {scene_id}: Stash did not take its {kind} back: {refusal}")
            summary.failed += 1
            return
        summary.restored += 1
    if kind == PLAYS:
        state.taken_back.end_views(scene_id)
    state.back.forget_had(scene_id, kind)


def _write_for(
    scene_id: int, kind: str, had: object, brought: object, activity: Activity, views: Sequence[View]
) -> Write | None:
    """The write that puts a value back; None where somebody changed it since."""
    if kind == PLAYS:
        times = to_take_back(views, had if isinstance(had, list) else (), activity.plays)
        return RemovePlays(scene_id, times) if times else None
    if kind == RATING:
        is_ours = activity.rating100 == brought
        return SetRating(scene_id, had if isinstance(had, int) else None) if is_ours else None
    seconds = float(brought) if isinstance(brought, (int, float)) else -1.0
    if abs(activity.resume - seconds) >= 1:
        return None
    return SetResume(scene_id, float(had) if isinstance(had, (int, float)) else 0.0)


def run_undo_on_both_sides(stash: Stash, config: Stash2PlexConfig, data_dir: str) -> str | None:
    """The task *Undo First Sync*: put back in Stash and in Plex, and log it; the error to end with.

    Raises StashError, PlexError, OSError, sqlite3.Error.
    """
    try:
        in_stash = _run_undo(stash, data_dir)
        return run_undo(config, data_dir) or in_stash
    except AlreadyRunning:
        return log.failed("Process Queue is running now. Run Undo First Sync when it has ended.")


def _run_undo(stash: Stash, data_dir: str) -> str | None:
    with exclusive(os.path.join(data_dir, WORKER_LOCK)), closing(SyncState(data_dir)) as state:
        if not state.back.had():
            return None
        summary = undo_back_to_stash(stash, state)
    log.info(f"Put back in Stash what had come from Plex: {amount(summary.restored, 'value')}.")
    if summary.changed_since:
        log.info(f"Left alone in Stash: {amount(summary.changed_since, 'value')} changed since.")
    if summary.failed:
        return log.failed("Stash did not take some values back; run the task again.")
    return None
