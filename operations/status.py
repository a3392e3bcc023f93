"""The operation `status`: how many scenes are where, what ran, what comes, and the one thing to do next."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from enum import Enum

from operations.context import Context
from operations.drain_state import drain_line
from operations.model import Nothing, Problem, Result
from operations.opened import open_queue, open_state
from operations.problems import problem_in
from reconciliation.reports import ORPHANS, PREVIEW, address_of
from reconciliation.schedule import NextRun, next_run
from sync_queue.facts import COUNTED_AT, ORPHANS_AT, PREVIEWED_AT
from sync_queue.findings import GAPS, FindingKind
from sync_queue.outage import FACT as OUTAGE
from sync_queue.queue_list import FAILED_STATE, LATER, WAITING
from sync_queue.state import SyncState
from sync_queue.state_database import RECONCILE_WANTED
from sync_queue.status import DrainState, drain_state
from validation.amounts import number
from validation.usable import usable_settings


class Step(Enum):
    """What a person would best do next."""

    SET_UP = "set_up"
    FIX_SETTINGS = "fix_settings"
    RECONCILE = "reconcile"
    PROCESS_QUEUE = "process_queue"
    LOOK_AT_FAILED = "look_at_failed"
    WAIT = "wait"
    NOTHING = "nothing"


class SceneCounts(Result):
    """Numbers of scenes. Those but for waiting, due_later and failed are null until a reconcile counted.

    in_sync, gaps (which are missing, empty and stale), ambiguous, unknown, left_out, without_file and
    ignored add up to total; waiting, due_later and failed are those of the queue.
    """

    total: int | None
    in_sync: int | None
    waiting: int
    due_later: int
    failed: int
    missing: int | None
    empty: int | None
    stale: int | None
    ambiguous: int | None
    unknown: int | None
    left_out: int | None
    without_file: int | None
    ignored: int | None
    gaps: int | None


class Ran(Result):
    """When a task ran last, and what came of it."""

    at: float
    what: str


class Next(Result):
    """When the next scheduled reconcile is due, null where there is none; and of what."""

    at: float | None
    what: str


class Reports(Result):
    """Under which path Stash serves the last reports; null where there is none that it serves."""

    preview: str | None
    orphans: str | None
    note: str | None


class NextStep(Result):
    """What to do next: which of the steps, and a sentence."""

    kind: str
    text: str


class Status(Result):
    """How things stand."""

    is_set_up: bool
    problems: list[Problem]
    scenes: SceneCounts
    counted_at: float | None
    last_reconcile: Ran | None
    last_drain: Ran | None
    next_reconcile: Next
    drain: str
    drain_words: str
    outage_since: float | None
    is_memory_whole: bool
    preview_at: float | None
    orphans_at: float | None
    orphans: int | None
    reports: Reports
    next_step: NextStep
    brings_back: bool


def tell_status(request: Nothing, context: Context) -> Status:  # noqa: ARG001
    """How things stand, from the plugin's own data and the settings."""
    usable = usable_settings(context.stored)
    is_set_up = usable.has("plex_url") and usable.has("plex_token")
    problems = [*usable.problems, *_problems_with_filter(context, bool(usable.config.scene_filter))]
    with open_state(context) as state, open_queue(context) as queue:
        queued = queue.totals(context.now)
        drain = drain_state(context.data_dir)
        scenes = _counts(state, queued)
        orphans_at = state.time(ORPHANS_AT)
        return Status(
            is_set_up=is_set_up,
            problems=[problem_in(text) for text in problems],
            scenes=scenes,
            counted_at=state.time(COUNTED_AT),
            last_reconcile=_ran(state, "last reconcile"),
            last_drain=_ran(state, "last drain"),
            next_reconcile=_next(state, context.now),
            drain=drain.value,
            drain_words=drain_line(drain, has_due=queued[WAITING] > 0),
            outage_since=state.time(OUTAGE),
            is_memory_whole=state.is_whole,
            preview_at=state.time(PREVIEWED_AT),
            orphans_at=orphans_at,
            orphans=None if orphans_at is None else state.orphans.count(),
            reports=_reports(context),
            next_step=_next_step(is_set_up, bool(problems), state, scenes, drain),
            brings_back=bool(usable.config.back_to_stash),
        )


def _problems_with_filter(context: Context, is_one_named: bool) -> Iterable[str]:
    """What is wrong with the filter of scenes; Stash is asked only where the settings name one."""
    if not is_one_named:
        return ()
    # It brings what asks a server, which nobody else waits for.
    from operations.scene_filters import known_filters, problem_with_filter

    return problem_with_filter(context.stored, known_filters(context.stash)).values()


def _counts(state: SyncState, queued: dict[str, int]) -> SceneCounts:
    in_queue = {"waiting": queued[WAITING], "due_later": queued[LATER], "failed": queued[FAILED_STATE]}
    if state.time(COUNTED_AT) is None:
        kinds: dict[str, int | None] = {kind.value: None for kind in FindingKind}
        return SceneCounts(total=None, in_sync=None, ignored=None, gaps=None, **kinds, **in_queue)
    standing = state.findings.standing()
    return SceneCounts(
        total=standing.total,
        in_sync=standing.in_sync,
        ignored=standing.ignored,
        gaps=sum(standing.kinds[kind] for kind in GAPS),
        **{kind.value: standing.kinds[kind] for kind in FindingKind},
        **in_queue,
    )


def _ran(state: SyncState, name: str) -> Ran | None:
    try:
        told = json.loads(state.fact(name) or "null")
        return told and Ran(at=told["at"], what=told["what"])
    except (ValueError, KeyError, TypeError):
        return None


def _next(state: SyncState, now: float) -> Next:
    run = next_run(state, now)
    return Next(at=run and run.due_at, what=_next_line(run))


def _next_line(run: NextRun | None) -> str:
    if run is None:
        return "No reconcile is scheduled, or the schedule was not read yet."
    return f"{run.scope.capitalize()} scenes; it starts once another task has ended."


def _reports(context: Context) -> Reports:
    folders = context.connection.plugin_dir, context.data_dir
    addresses = {name: address_of(name, *folders) for name in (PREVIEW, ORPHANS)}
    is_elsewhere = any(
        address is None and os.path.exists(os.path.join(context.data_dir, name))
        for name, address in addresses.items()
    )
    return Reports(
        preview=addresses[PREVIEW],
        orphans=addresses[ORPHANS],
        note=_elsewhere_line(context) if is_elsewhere else None,
    )


def _elsewhere_line(context: Context) -> str:
    return (
        "The plugin's own folder cannot be written, so Stash cannot show a report; it lies in the folder "
        f"{context.data_dir}."
    )


def _next_step(
    is_set_up: bool, has_problems: bool, state: SyncState, scenes: SceneCounts, drain: DrainState
) -> NextStep:
    if not is_set_up or has_problems:
        kind = Step.FIX_SETTINGS if is_set_up else Step.SET_UP
    elif state.fact(RECONCILE_WANTED) or scenes.total is None:
        kind = Step.RECONCILE
    elif scenes.waiting and state.fact(OUTAGE):
        kind = Step.WAIT
    elif scenes.waiting:
        is_seen_to = drain in (DrainState.RUNNING, DrainState.REQUESTED)
        kind = Step.WAIT if is_seen_to else Step.PROCESS_QUEUE
    else:
        kind = Step.LOOK_AT_FAILED if scenes.failed else Step.NOTHING
    return NextStep(kind=kind.value, text=_step_line(kind, state, scenes))


def _step_line(kind: Step, state: SyncState, scenes: SceneCounts) -> str:
    if kind is Step.RECONCILE and (reason := state.fact(RECONCILE_WANTED)):
        return f"{reason}: run Reconcile Library (All), which finds what differs."
    if kind is Step.WAIT and state.fact(OUTAGE):
        return "A server does not answer. What is waiting is written once it does; see that both run."
    return {
        Step.SET_UP: "Tell the plugin where your Plex is.",
        Step.FIX_SETTINGS: "Correct the settings that are named here: no task runs until then.",
        Step.RECONCILE: "Run Reconcile Library (All): it compares all scenes with Plex and changes nothing.",
        Step.PROCESS_QUEUE: f"Run Process Queue to write what is waiting, scenes: {number(scenes.waiting)}.",
        Step.LOOK_AT_FAILED: f"Look at what failed and why, scenes: {number(scenes.failed)}.",
        Step.WAIT: f"Process Queue writes what is waiting, scenes: {number(scenes.waiting)}.",
        Step.NOTHING: "Nothing is to be done.",
    }[kind]
