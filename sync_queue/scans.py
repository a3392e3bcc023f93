"""Asking Plex to scan the folders of files that it does not have yet, each once a run."""

from __future__ import annotations

from collections.abc import Sequence

from plex.client import Plex
from plex.exceptions import PlexBusy, PlexNotFound, PlexRejected
from plex.library import LibrarySection, scan_folder
from stash import log
from validation.path_map import PathMap
from validation.scene import Scene


class Scans:
    """The scans that a run has asked for."""

    def __init__(self, plex: Plex, path_map: PathMap) -> None:
        self._plex = plex
        self._path_map = path_map
        self._folders: set[str] = set()

    def ask_for(self, scene: Scene, sections: Sequence[LibrarySection]) -> None:
        """Ask for the folders of this scene's files, in the libraries that have them. Raises PlexError."""
        paths = (self._path_map.to_plex(file.path) for file in scene.files)
        for folder in {path.rpartition("/")[0] for path in paths} - self._folders:
            self._folders.add(folder)
            try:
                if scan_folder(self._plex, sections, folder):
                    log.debug(f"Scene {scene.id}: asked Plex to scan {folder}.")
            except (PlexBusy, PlexNotFound, PlexRejected) as problem:
                log.debug(f"Scene {scene.id}: Plex was asked to scan {folder}: {problem}")
