"""Who writes what waits: whether a drain runs, was asked for, or is left to a person; and asking for one."""

from __future__ import annotations

import os
from enum import Enum

from operations.context import Context
from stash.exceptions import AskingFailed
from stash.process_lock import WORKER_LOCK, is_held
from sync_queue.drain_request import OFF_MARK, ask_as_a_person, is_requested


class DrainState(Enum):
    """What becomes of what waits."""

    RUNNING = "running"
    REQUESTED = "requested"
    BY_HAND = "by hand"
    IDLE = "idle"


def drain_state(data_dir: str) -> DrainState:
    """Whether Process Queue runs, or will run by itself."""
    if is_held(os.path.join(data_dir, WORKER_LOCK)):
        return DrainState.RUNNING
    if is_requested(data_dir):
        return DrainState.REQUESTED
    if os.path.exists(os.path.join(data_dir, OFF_MARK)):
        return DrainState.BY_HAND
    return DrainState.IDLE


def drain_line(state: DrainState, has_due: bool) -> str:
    """That in words."""
    if state is DrainState.RUNNING:
        return "Process Queue is running now."
    if state is DrainState.REQUESTED:
        return "Stash was asked to run Process Queue; it starts once Stash's other tasks have ended."
    if state is DrainState.BY_HAND:
        return (
            "Nothing is written automatically: the setting “Only drain by hand” (manual_drain) was on when "
            "the settings were last read. Run Process Queue to write what is waiting."
        )
    if has_due:
        return (
            "Nobody writes what is waiting just now. It is written after the next edit or task, or when you "
            "run Process Queue."
        )
    return "Nothing is waiting to be written."


def see_to_a_drain(context: Context) -> DrainState:
    """Have what waits written, as a person asks for it; what came of that."""
    try:
        ask_as_a_person(context.data_dir, context.connection)
    except AskingFailed:
        # What waits is written after the next edit or task; the words say so.
        return drain_state(context.data_dir)
    return drain_state(context.data_dir)
