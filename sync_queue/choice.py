"""Which scenes were to be carried when last it was looked, and what follows where it is others now.

A filter may be edited in Stash, or the setting changed, between any two tasks: nothing tells the plugin.
"""

from __future__ import annotations

from stash.chosen_scenes import ChosenScenes
from sync_queue.state import SyncState
from sync_queue.state_database import RECONCILE_WANTED

_CHOICE = "scenes to carry"
REASON = "Other scenes are chosen to be carried"


def see_choice(state: SyncState, chosen: ChosenScenes) -> None:
    """Want a full reconcile where scenes may be chosen now that were not before: no edit tells of them.

    Where all were chosen until now, whatever is chosen was carried already.
    """
    before = state.fact(_CHOICE) or ""
    if before == chosen.identity:
        return
    if before:
        state.set_fact(RECONCILE_WANTED, REASON)
    state.set_fact(_CHOICE, chosen.identity)
