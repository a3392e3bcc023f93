"""The operation `queue`: what waits to be written, what is tried again later, and what failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from operations.context import Context
from operations.cures import job_cure_line, job_reason_line
from operations.model import Result
from operations.opened import (
    Listed,
    ListRequest,
    cover_of,
    numbers_of,
    open_queue,
    open_state,
    titles_in,
)
from sync_queue.queue_list import ListedJob
from sync_queue.scene_texts import UNKNOWN, SceneText
from validation.exceptions import Stash2PlexError


class QueueRequest(ListRequest):
    """Which rows: those that wait, are due later, or failed."""

    state: Literal["waiting", "later", "failed"] = "waiting"


class Entity(Result):
    """What a job is about that is about no single scene; `type` is `scenes` for all that were synced."""

    type: str
    id: int


class QueueRow(Result):
    """A scene that has a job, or a job about no single scene; `key` is what `retry` and `clear` take."""

    key: int
    scene_id: int | None
    entity: Entity | None
    title: str
    file: str
    cover: str | None
    reason: str
    cure: str
    since: float | None
    due_at: float | None
    attempts: int


class Queue(Listed):
    """A page of them, and how many there are in each state; one that failed may wait as well."""

    rows: list[QueueRow]
    counts: dict[str, int]


def list_queue(request: QueueRequest, context: Context) -> Queue:
    """What is in the queue."""
    with open_state(context), open_queue(context) as queue:
        page = queue.page(request.state, request.searched, request.page, titles_in(context), context.now)
        counts = queue.totals(context.now)
    unknown = [job.key for job in page.rows if job.scene_id and not (job.title or job.file)]
    texts = _texts_in_stash(unknown, context)
    rows = [_row(job, request.state, texts) for job in page.rows]
    return Queue(**numbers_of(page), rows=rows, counts=counts)


def _texts_in_stash(scene_ids: list[int], context: Context) -> Mapping[int, SceneText]:
    """Title and file of scenes that no reconcile has read yet; none where Stash cannot tell them now."""
    if not scene_ids:
        return {}
    try:
        scenes, _ = context.stash.scenes_by_id(scene_ids)
    except Stash2PlexError:
        return {}
    return {scene.id: SceneText.of(scene) for scene in scenes.values() if scene is not None}


def _row(listed: ListedJob, state: str, texts: Mapping[int, SceneText]) -> QueueRow:
    job, scene_id = listed.job, listed.scene_id
    title, file = texts.get(listed.key, UNKNOWN) if not (listed.title or listed.file) else listed[3:]
    return QueueRow(
        key=listed.key,
        scene_id=scene_id,
        entity=Entity(type=job.entity, id=job.entity_id) if job.entity else None,
        title=title,
        file=file,
        cover=cover_of(scene_id) if scene_id else None,
        reason=job_reason_line(job),
        cure=job_cure_line(job, state),
        since=job.queued_at or None,
        due_at=listed.due_at or None,
        attempts=job.attempts,
    )
