"""The operations that change what is waiting: `sync_now`, `retry`, `clear` and `ignore`.

None of them touches Stash or Plex: they say what the next run of Process Queue is to do, or to leave. Stash
is only asked whether it is the one whose scenes are meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, get_args

from pydantic import ConfigDict, Field

from operations.context import Context
from operations.cures import ASKED, NO_LONGER_IGNORED
from operations.drain_state import drain_line, see_to_a_drain
from operations.exceptions import OperationRefused
from operations.gaps import Kind as FindingKind
from operations.model import Result
from operations.opened import SearchRequest, open_queue, open_state, titles_in
from operations.orphans import Kind as OrphanKind
from operations.orphans import section_key_of
from sync_queue.job import LARGEST_ID
from sync_queue.job_queue import JobQueue
from sync_queue.one_stash import refuse_another_stash
from sync_queue.queue_list import FAILED_STATE, STATES
from sync_queue.state import SyncState
from sync_queue.status import drain_state


class Chosen(SearchRequest):
    """Which rows: the ids of scenes, or `all` that a list has under this filter.

    The filter is what that list is asked for: `kind` for gaps and orphans, `field` for a preview (for
    which `kind` is taken as well), `library` for orphans, and `search`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    scenes: list[int] | Literal["all"] | None = None
    rating_keys: list[int] | Literal["all"] | None = None
    of_list: Literal["gaps", "preview", "failed", "later", "waiting", "orphans"] | None = Field(
        None, alias="list"
    )
    kind: str | None = None
    field: str | None = None
    library: str | None = None


class ClearRequest(Chosen):
    """Which rows are to be removed from the queue, and of which state; all states where none is named."""

    state: Literal["waiting", "later", "failed"] | None = None


class IgnoreRequest(Chosen):
    """Which scenes, or items without a scene, are to be ignored, or not any more."""

    is_ignored: bool = True


class Queued(Result):
    """How many scenes were queued, and who is going to write them."""

    queued: int
    drain: str
    drain_words: str


class Removed(Result):
    """How many rows were removed from the queue."""

    removed: int


class Changed(Result):
    """Of how many it was changed whether they are ignored."""

    changed: int


@contextmanager
def _opened(context: Context) -> Iterator[tuple[SyncState, JobQueue]]:
    """State and queue, open for a moment, of the Stash that asks.

    Raises AnotherStash, StashError, OSError or sqlite3.Error.
    """
    with open_state(context) as state, open_queue(context) as queue:
        refuse_another_stash(context.stash, state, queue, context.data_dir)
        yield state, queue


def sync_now(request: Chosen, context: Context) -> Queued:
    """Write these scenes at the next run, ignored or not, due or not, and ask Stash for that run."""
    with _opened(context) as (state, queue):
        scene_ids = [key for key in _keys(request, context, state, queue) if key > 0]
        state.ignored.remove(scene_ids)
        queued = _append(queue, scene_ids, ASKED, context)
    return _queued(queued, context)


def retry(request: Chosen, context: Context) -> Queued:
    """Take what failed as if it were new, and ask Stash for a run."""
    with _opened(context) as (state, queue):
        keys = set(_keys(request, context, state, queue, FAILED_STATE))
        queued = queue.retry_failed(keys)
    return _queued(queued, context)


def clear(request: ClearRequest, context: Context) -> Removed:
    """Remove rows from the queue, but what is being written just now; a reconcile finds what differs."""
    with _opened(context) as (state, queue):
        keys = _keys(request, context, state, queue, request.state)
        return Removed(removed=queue.remove(keys, [request.state] if request.state else STATES))


def ignore(request: IgnoreRequest, context: Context) -> Changed:
    """Leave scenes out of reconciles and drains, or take them back, with whatever changed meanwhile."""
    with _opened(context) as (state, queue):
        if request.rating_keys is not None:
            return Changed(changed=_ignore_items(request, state))
        scene_ids = [key for key in _keys(request, context, state, queue) if key > 0]
        if request.is_ignored:
            changed = state.ignored.add(scene_ids)
            # The next drain would take them out as well; until then they would be counted.
            queue.remove(scene_ids)
            return Changed(changed=changed)
        ignored = state.ignored.among(scene_ids)
        changed = state.ignored.remove(ignored)
        # What was saved meanwhile has left the queue.
        _append(queue, sorted(ignored), NO_LONGER_IGNORED, context)
    if changed:
        see_to_a_drain(context)
    return Changed(changed=changed)


def _ignore_items(request: IgnoreRequest, state: SyncState) -> int:
    if request.rating_keys == "all":
        kind = request.kind or "all"
        if request.of_list != "orphans" or kind not in get_args(OrphanKind):
            raise _unclear()
        keys = state.orphans.rating_keys(kind, section_key_of(request.library), request.searched)
    else:
        keys = _checked(request.rating_keys or [])
    return state.ignored.add_items(keys) if request.is_ignored else state.ignored.remove_items(keys)


def _keys(
    request: Chosen, context: Context, state: SyncState, queue: JobQueue, default: str | None = None
) -> list[int]:
    """The scenes that are meant; of rows of the queue that are about none, negative numbers."""
    if isinstance(request.scenes, list):
        return _checked(request.scenes)
    of_list, search = request.of_list or default, request.searched
    if request.scenes is None or of_list is None:
        raise _unclear()
    if of_list in STATES:
        return queue.keys(of_list, search, titles_in(context), context.now)
    if of_list == "preview":
        return state.previewed.scene_ids(request.field or request.kind or "", search)
    kind = request.kind or "all"
    if of_list != "gaps" or kind not in get_args(FindingKind):
        raise _unclear()
    return state.findings.scene_ids(kind, search)


def _append(queue: JobQueue, scene_ids: list[int], reason: str, context: Context) -> int:
    """Make these scenes due; those that are due already need no further job. Returns of how many."""
    due = queue.due_scene_ids(context.now)
    queue.put_scenes((one for one in scene_ids if one not in due), reason)
    return len(scene_ids)


def _queued(count: int, context: Context) -> Queued:
    drain = see_to_a_drain(context) if count else drain_state(context.data_dir)
    return Queued(queued=count, drain=drain.value, drain_words=drain_line(drain, has_due=count > 0))


def _checked(ids: list[int]) -> list[int]:
    if any(not 0 < abs(one) <= LARGEST_ID for one in ids):
        raise _unclear()
    return list(dict.fromkeys(ids))


def _unclear() -> OperationRefused:
    return OperationRefused("The page did not say which rows are meant. Reload this page, and try again.")
