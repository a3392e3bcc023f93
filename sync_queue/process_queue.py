"""A run of Process Queue: one at a time, drain until nothing is due, and tell what happened."""

from __future__ import annotations

import os
from contextlib import closing

from plex.client import connect
from plex.exceptions import PlexUnavailable
from stash import log
from stash.client import Stash
from stash.exceptions import GraphQLRefusal, StashAnswerInvalid
from stash.log import Progress
from stash.process_lock import WORKER_LOCK, AlreadyRunning, exclusive
from sync_queue import outage
from sync_queue import summary as words
from sync_queue.catch_up import CatchUp
from sync_queue.choice import see_choice
from sync_queue.claims import mark_drained
from sync_queue.collection_updates import is_due
from sync_queue.drain_request import forget_request
from sync_queue.manager import JobQueue
from sync_queue.reading import Lane
from sync_queue.state import SyncState
from sync_queue.worker import SyncWorker
from validation.config import Stash2PlexConfig

# A run ends one day, even if hooks never stop.
DRAINS_PER_RUN = 100


class ProcessQueue:
    """Drains the queue into Plex; a run that hooks asked for says no more than what was carried over."""

    def __init__(
        self,
        queue: JobQueue,
        stash: Stash,
        config: Stash2PlexConfig,
        data_dir: str,
        is_automatic: bool = False,
    ) -> None:
        self._queue = queue
        self._stash = stash
        self._config = config
        self._data_dir = data_dir
        self._is_automatic = is_automatic

    def run(self) -> str | None:
        """Drain all that is due; returns the error that it ended with, already logged.

        Raises StashError or PlexError where a server cannot be asked at all.
        """
        if self._is_automatic and self._config.manual_drain:
            forget_request(self._data_dir)
            return None
        error = None
        for number in range(DRAINS_PER_RUN):
            try:
                with exclusive(os.path.join(self._data_dir, WORKER_LOCK)):
                    forget_request(self._data_dir)
                    if number == 0:
                        self._catch_up()
                    error = self._drain()
            except AlreadyRunning:
                self._tell("Process Queue is already running elsewhere; that run will write what is waiting.")
                return None
            # A hook that saw the lock held has asked nobody else to take its job.
            if error or not self._queue.has_due_jobs():
                break
        return error

    def _tell(self, *lines: str) -> None:
        log.lines("debug" if self._is_automatic else "info", lines)

    def _catch_up(self) -> None:
        try:
            with closing(SyncState(self._data_dir)) as state:
                see_choice(state, self._stash.chosen)
                caught_up = CatchUp(self._stash, state, self._queue).run()
        except (GraphQLRefusal, StashAnswerInvalid) as problem:
            # One record that Stash cannot tell of does not hold up what hooks told. Is it one?
            self._stash.count_scenes()
            log.line(
                "debug" if self._is_automatic else "warning",
                f"Changes that Stash did not tell the plugin about could not be looked for: {problem} "
                "Scenes that you save are carried over all the same, and Reconcile Library (All) finds the "
                "rest.",
            )
            return
        if any(caught_up):
            self._tell(words.caught_up_line(*caught_up))

    def _drain(self) -> str | None:
        self._queue.release_claimed()
        state = SyncState(self._data_dir)
        try:
            if not self._queue.has_due_jobs() and not is_due(state, self._config):
                mark_drained(state, self._queue)
                self._tell(words.nothing_due_line(self._queue.count_ready()))
                return None
            return self._drain_into_plex(state)
        finally:
            state.close()

    def _drain_into_plex(self, state: SyncState) -> str | None:
        try:
            plex = connect(self._config, self._data_dir)
            summary = SyncWorker(
                self._queue,
                state,
                self._stash,
                plex,
                self._config,
                Progress(),
                is_automatic=self._is_automatic,
                open_lane=lambda: Lane(self._stash.another(), plex.another()),
            ).drain()
        except PlexUnavailable as problem:
            return log.failed(f"{problem} {outage.begin_or_go_on(state, *self._queue.count_waiting())}")
        state.set_fact("last drain", words.fact_of(summary))
        self._tell(*words.summary_lines(summary))
        if summary.stopped:
            suffix = outage.begin_or_go_on(state, summary.left) if summary.is_outage else ""
            return log.failed(f"Stopped early: {summary.stopped} {suffix}".rstrip())
        log.lines("info", outage.end(state))
        is_automatic = self._is_automatic
        advice = words.automatic_lines(summary) if is_automatic else words.advice_lines(summary)
        log.lines("info", advice)
        return None
