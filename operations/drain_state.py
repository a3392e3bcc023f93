"""Who writes what waits, in the words of the page; and asking for a drain as a person does."""

from __future__ import annotations

from operations.context import Context
from stash.exceptions import AskingFailed
from sync_queue.drain_request import ask_as_a_person
from sync_queue.status import DrainState, by_hand_line, drain_state, running_line


def drain_line(state: DrainState, has_due: bool) -> str:
    """What becomes of what waits, in words."""
    if state is DrainState.RUNNING:
        return running_line()
    if state is DrainState.REQUESTED:
        return "Stash was asked to run Process Queue; it starts once Stash's other tasks have ended."
    if state is DrainState.BY_HAND:
        return f"{by_hand_line()} Run Process Queue to write what is waiting."
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
