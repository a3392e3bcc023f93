"""Holding a data folder to one Stash database: refusing another, and setting aside what another left."""

from __future__ import annotations

import os

from stash import log
from stash.client import Stash
from sync_queue.data_folder import QUEUE_DATABASE, set_aside, setting_aside
from sync_queue.manager import QueueManager
from sync_queue.stash_identity import StashIdentity, Verdict, look
from sync_queue.state import SyncState
from sync_queue.state_database import DATABASE as STATE_DATABASE
from validation.exceptions import InvalidInput

FACT = "stash"


class AnotherStash(InvalidInput):
    """The data folder belongs to another Stash database."""


def hold_to_one_stash(stash: Stash, manager: QueueManager, data_dir: str) -> QueueManager:
    """See to it that queue and state are about this Stash's scenes; the open queue.

    Raises AnotherStash, StashError, OSError or sqlite3.Error.
    """
    state = SyncState(data_dir)
    try:
        stored = {STATE_DATABASE: state.fact(FACT), QUEUE_DATABASE: manager.get_queue().fact(FACT)}
        known = {name: StashIdentity.from_stored(text) for name, text in stored.items()}
        seen = look(stash.ask, known.values())
        destroyed = manager.get_queue().untried_scene_ids("Scene.Destroy")
        verdicts = {name: one.judge(seen, destroyed) for name, one in known.items()}
        foreign = [name for name, one in known.items() if verdicts[name] is Verdict.ANOTHER]
        _refuse(data_dir, known, verdicts, foreign)
        if Verdict.RESTORED in verdicts.values():
            state.mark_lost()
            log.warning(
                "Stash was restored from a backup: some scenes are gone, or are different ones. Until "
                "Reconcile Library (All) and then Process Queue have finished, values are only added in "
                "Plex.",
            )
        if foreign:
            state.close()
            manager = _without(foreign, manager, data_dir)
            state = SyncState(data_dir)
        base = (
            StashIdentity({}) if foreign or Verdict.RESTORED in verdicts.values() else known[STATE_DATABASE]
        )
        text = base.renewed(seen, stash.now.timestamp()).to_stored()
        if state.fact(FACT) != text:
            state.set_fact(FACT, text)
        if manager.get_queue().fact(FACT) != text:
            manager.get_queue().set_fact(FACT, text)
        return manager
    finally:
        state.close()


def _refuse(
    data_dir: str,
    known: dict[str, StashIdentity],
    verdicts: dict[str, Verdict],
    foreign: list[str],
) -> None:
    what_to_do = (
        f"If that is on purpose, move the data folder {data_dir} away: the next task makes a new one. If two "
        "Stashes share it, give one of them another with STASH2PLEX_DATA_DIR."
    )
    if Verdict.EMPTY in verdicts.values():
        raise AnotherStash(f"Stash has no scenes any more, so nothing was done. {what_to_do}")
    # One that is known, and knows this Stash, says that the other is the stranger.
    if foreign and not any(one.scenes for name, one in known.items() if name not in foreign):
        raise AnotherStash(
            f"This Stash has a different database than before, so nothing was done. {what_to_do}"
        )


def _without(foreign: list[str], manager: QueueManager, data_dir: str) -> QueueManager:
    """Set aside what belongs to another Stash."""
    manager.close()
    for name in foreign:
        path = os.path.join(data_dir, name)
        with setting_aside(path):
            kept = set_aside(path)
        log.warning(f"{name} belongs to another Stash. It is kept as {kept}, and a new one is started.")
    again = QueueManager(data_dir)
    if QUEUE_DATABASE in foreign:
        again.look_for_changes()
    return again
