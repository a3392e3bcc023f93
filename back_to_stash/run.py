"""When people's doings in Plex are looked at: after each drain and reconcile, and as a task of its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing

from back_to_stash.brought import NOT_OWNERS, Brought, counts_in_words
from plex.client import connect
from plex.exceptions import PlexError
from stash import log
from stash.client import Stash
from stash.exceptions import StashError
from stash.process_lock import WORKER_LOCK, AlreadyRunning, exclusive
from sync_queue.state import SyncState
from validation.amounts import number
from validation.config import Stash2PlexConfig

# The tasks after which a look is taken.
AFTER = frozenset({"process_queue", "reconcile_all", "reconcile_recent"})
NOTHING_WANTED = (
    "Nothing comes back to Stash: the setting “Back to Stash” (back_to_stash) is empty. "
    "It may name ratings, plays and resume."
)


def bring_back(stash: Stash, config: Stash2PlexConfig, data_dir: str) -> str | None:
    """The task: look at everything in Plex, views from before the setting was turned on included.

    Returns the error that it ended with, already logged.
    Raises StashError, PlexError, OSError, sqlite3.Error.
    """
    if not config.back_to_stash:
        log.info(NOTHING_WANTED)
        return None
    try:
        brought = _locked(data_dir, lambda state: _look(stash, config, data_dir, state, everything=True))
    except AlreadyRunning:
        return log.failed("Process Queue is running now. Run Bring Back From Plex when it has ended.")
    _tell(brought, is_asked_for=True)
    return None


def bring_back_after(mode: object, stash: Stash, config: Stash2PlexConfig, data_dir: str) -> None:
    """Look at what is new in Plex after a drain or a reconcile; a server in trouble is told, and no more.

    Where the setting is empty, neither server is asked anything. Raises OSError, sqlite3.Error.
    """
    if mode not in AFTER:
        return
    try:
        brought = _locked(data_dir, lambda state: _look(stash, config, data_dir, state))
    except AlreadyRunning:
        # The task that runs now takes a look when it has ended.
        return
    except (PlexError, StashError) as problem:
        log.warning(
            f"What was rated and watched in Plex could not be looked at: {problem} The next task looks again."
        )
        return
    _tell(brought, is_asked_for=False)


def _look(
    stash: Stash, config: Stash2PlexConfig, data_dir: str, state: SyncState, everything: bool = False
) -> Brought:
    if not config.back_to_stash:
        state.back.forget_switched_off(())
        return Brought()
    # Every task comes here, and where nothing is wanted back none waits for this to be loaded.
    from back_to_stash.look import look

    return look(stash, connect(config, data_dir), state, config, everything)


def _locked(data_dir: str, act: Callable[[SyncState], Brought]) -> Brought:
    """One at a time, and not beside a drain: both read and write what was last the same."""
    with exclusive(os.path.join(data_dir, WORKER_LOCK)), closing(SyncState(data_dir)) as state:
        return act(state)


def _tell(brought: Brought, is_asked_for: bool) -> None:
    if not brought.is_owner:
        log.warning(NOT_OWNERS)
    counts = counts_in_words(brought)
    if counts:
        log.info(f"From Plex to Stash: {counts}.")
    elif is_asked_for:
        log.info("Nothing new in Plex for Stash.")
    if is_asked_for and brought.waiting:
        log.info(
            f"Views in Plex whose scene is not known: {number(brought.waiting)}. They come once the "
            "scene is found."
        )
