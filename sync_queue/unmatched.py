"""Scenes of which Plex shows no item: what becomes of their jobs, and asking Plex to scan for their files."""

from __future__ import annotations

from collections.abc import Sequence

from plex.client import Plex
from plex.exceptions import PlexBusy, PlexNotFound, PlexRejected
from plex.item_finder import Found
from plex.library import LibrarySection, scan_folder
from plex.matching import MatchLevel
from stash import log
from sync_queue.claims import Claims, Outcome
from sync_queue.job_queue import Work
from sync_queue.state import SyncState
from validation.config import Stash2PlexConfig
from validation.scene import Scene


class Unmatched:
    """Settles scenes without an item, in one run."""

    def __init__(self, plex: Plex, state: SyncState, config: Stash2PlexConfig, claims: Claims) -> None:
        self._plex = plex
        self._state = state
        self._config = config
        self._claims = claims
        self._scanned: set[str] = set()

    def settle(self, work: Work, scene: Scene, found: Found, sections: Sequence[LibrarySection]) -> None:
        """Try again later, or be done with it. Raises PlexNotFound for a scene that was in Plex."""
        match = found.match
        if match.level is MatchLevel.AMBIGUOUS:
            log.debug(f"Scene {work.scene_id}: not written, {match.reason}.")
            self._claims.postpone(work, Outcome.AMBIGUOUS, match.reason)
            return
        if match.level is MatchLevel.UNKNOWN:
            self._claims.postpone(work, Outcome.UNKNOWN, match.reason)
            return
        if self._config.plex_scan_missing:
            self._ask_for_scans(scene, sections)
        if self._state.was_pushed(scene.id):
            raise PlexNotFound("Plex no longer shows any of its files.")
        if self._config.plex_holds_a_part and self._state.is_whole:
            self._claims.finish([work], Outcome.NOT_IN_PLEX)
        else:
            self._claims.postpone(work, Outcome.NOT_IN_PLEX, "Plex has none of its files.")

    def _ask_for_scans(self, scene: Scene, sections: Sequence[LibrarySection]) -> None:
        """Ask Plex once a run for each folder in which a file is that it does not have."""
        paths = (self._config.path_map.to_plex(file.path) for file in scene.files)
        for folder in {path.rpartition("/")[0] for path in paths} - self._scanned:
            self._scanned.add(folder)
            try:
                if scan_folder(self._plex, sections, folder):
                    log.debug(f"Scene {scene.id}: asked Plex to scan {folder}.")
            except (PlexBusy, PlexNotFound, PlexRejected) as problem:
                log.debug(f"Scene {scene.id}: Plex was asked to scan {folder}: {problem}")
