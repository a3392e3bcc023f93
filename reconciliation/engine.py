"""Finding gaps: both libraries are read by pages, matched, compared with what was pushed, and queued."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path

from plex.client import Plex, connect
from plex.fields import SceneMapping
from plex.index import FileKey, keys_of_files
from plex.inventory import Inventory, read_libraries
from plex.item_finder import ItemFinder
from plex.items import METADATA_FIELDS
from plex.library import ITEMS_PER_READ, LibrarySection, read_sections
from plex.listing import PAGE_SIZE
from plex.matching import NO_DOUBTS, Doubts, MatchLevel, match_scenes
from reconciliation.cover_changes import CoverChanges
from reconciliation.detector import GapDetector, GapKind, SceneFacts
from reconciliation.found import keeping_found
from reconciliation.library_size import LibrarySizes, problems_of
from reconciliation.path_map_help import is_path_map_needed, suggestion_from
from reconciliation.queueing import enqueue
from reconciliation.result import GapDetectionResult
from reconciliation.schedule import recent_window, remember_run
from reconciliation.seen import SeenScene, SeenScenes
from reconciliation.summary import scenes_of
from reconciliation.touched import LeftItems, Place, TouchedItems, places_by_finder, places_of_parts
from stash import log
from stash.client import Stash
from stash.log import Progress
from stash.scene_files import files_named
from stash.scene_pages import ScenePage, ahead
from sync_queue.catch_up import CatchUp
from sync_queue.choice import see_choice
from sync_queue.covers import version_of
from sync_queue.facts import COUNTED_AT, PLEX_ADDRESS, known_sizes
from sync_queue.manager import JobQueue
from sync_queue.state import SyncState
from validation.amounts import amount, number
from validation.config import Stash2PlexConfig
from validation.scene import Scene, SceneFile

SCENES_PER_CHUNK = 500
# The share of a run that is done at these points, roughly.
_BEGUN, _CONNECTED, _READ, _COMPARED = 0.02, 0.08, 0.6, 0.95


class GapDetectionEngine:
    """Compares Stash's scenes with Plex's items; writes nothing but the queue and the index.

    After a run `gaps` has the kind of gap of each scene that has one. `is_scheduled` says that no
    person asked for the run, and none may read what it warns of. `report_progress` takes the share
    that is done, where the run is a part of a longer task.
    """

    def __init__(
        self,
        stash: Stash,
        config: Stash2PlexConfig,
        data_dir: str | Path,
        queue: JobQueue | None = None,
        is_scheduled: bool = False,
        report_progress: Callable[[float], None] | None = None,
    ) -> None:
        self._stash = stash
        self._config = config
        self._mapping = SceneMapping(config)
        self._data_dir = Path(data_dir)
        self._queue = queue
        self._is_scheduled = is_scheduled
        self._detector = GapDetector()
        self._progress = report_progress or Progress()
        self._result = GapDetectionResult()
        # False once a library could not be read.
        self._libraries_complete = True
        self._inventory: Inventory | None = None
        self._is_by_hand = False
        # The scenes that were matched by less than their path, and an item of each.
        self._inexact: dict[int, int] = {}
        self._server = ""
        self._now = 0.0
        self._window = timedelta()
        # False once Stash sent a scene whose files cannot be used.
        self._are_files_known = True
        self.gaps: Mapping[int, GapKind] = {}
        # The connection over which the last run read.
        self.plex: Plex | None = None

    @property
    def are_scenes_whole(self) -> bool:
        """Whether the last full run knows the files of every scene that Stash has."""
        return self._are_files_known

    @property
    def whole_sections(self) -> frozenset[int]:
        """The keys of the libraries of which the last full run knows every item."""
        libraries = self._inventory.libraries if self._inventory else ()
        return frozenset(read.section.key for read in libraries if not read.problem)

    @property
    def only_looks(self) -> bool:
        """Whether there is no queue: then nothing is remembered that changes what a later run decides."""
        return self._queue is None

    def run(self, scope: str = "all") -> GapDetectionResult:
        """Find the gaps of all scenes, or of those updated in the last days (`recent`).

        Raises StashError or PlexError where a server cannot be asked at all, ValueError for
        another scope.
        """
        if scope not in ("all", "recent"):
            raise ValueError(f"Unknown scope “{scope}”: it is all or recent.")
        self._result = GapDetectionResult()
        self._libraries_complete = True
        self._inventory = None
        self._inexact = {}
        self._is_by_hand = scope == "all" and not self._is_scheduled
        self._are_files_known = True
        self._now = time.time()
        config = self._config
        self._progress(_BEGUN)
        state = SyncState(self._data_dir)
        try:
            self._window = self._window_of_recent(state)
            log.info(f"Comparing {scenes_of(scope, self._window, self._stash.chosen)} with Plex…")
            plex = connect(config, self._data_dir)
            sections = read_sections(plex, config.plex_library)
            self._use_plex(plex, state)
            self._progress(_CONNECTED)
            gaps_of = self._gaps_of_all if scope == "all" else self._gaps_of_recent
            self.gaps = gaps_of(plex, sections, state)
            matched = self._result.scenes_checked - self._result.missing_count
            if is_path_map_needed(self._result.inexact_count, matched):
                self._result.suggestion = suggestion_from(self._inexact, plex, self._stash, config.path_map)
            # A comparison whose gaps nobody queues is no reconcile.
            if self._queue is not None:
                enqueue(self.gaps, self._queue, config.plex_holds_a_part, self._result, self._now)
                self._remember_run(scope, state)
            self._progress(1.0)
        finally:
            state.close()
        return self._result

    def _use_plex(self, plex: Plex, state: SyncState) -> None:
        self._server = plex.machine_identifier
        self.plex = plex
        state.use_server(self._server, str(self._config.path_map))
        state.set_fact(PLEX_ADDRESS, self._config.plex_url)

    def _window_of_recent(self, state: SyncState) -> timedelta:
        """How far back a reconcile of recent scenes looks: one that comes late leaves nothing out."""
        days = timedelta(days=self._config.recent_days)
        return recent_window(state, days, self._now) if self._is_scheduled else days

    def _remember_run(self, scope: str, state: SyncState) -> None:
        """Remember that this run took place; what was not read or not judged is not known again."""
        gaps, scenes = self._result.total_gaps, self._result.scenes_checked
        told = f"{scope} {self._stash.chosen.words or 'scenes'}, {amount(gaps, 'gap')} in {number(scenes)}"
        if not self._libraries_complete:
            told += ", not all libraries could be read"
        state.set_fact("last reconcile", json.dumps({"at": self._now, "what": told}))
        if scope == "all":
            state.set_fact(COUNTED_AT, str(self._now))
            see_choice(state, self._stash.chosen)
        if self._libraries_complete:
            remember_run(state, scope, self._now, self._window)
        is_complete = not self._result.errors and not self._result.unknown_count
        if scope == "all" and is_complete:
            state.mark_reconciled(self._stash.chosen.are_all)
        self._result.only_adds = not is_complete and not state.is_whole

    def _gaps_of_all(
        self, plex: Plex, sections: Sequence[LibrarySection], state: SyncState
    ) -> dict[int, GapKind]:
        with ThreadPoolExecutor(1, thread_name_prefix="plex") as plex_thread:
            listing = plex_thread.submit(self._read_libraries_apart, plex, sections, state)
            if self._queue is not None:
                CatchUp(self._stash, state, self._queue).begin()  # before any scene is read
            seen = self._read_scenes(state)
            listing.result()
        if not self._stash.chosen.are_all and not self.only_looks:
            self._result.left_out_count = state.count_carried_beside(seen.ids)
        return self._detect(seen, plex, state, lambda chunk: self._places_by_index(chunk, state))

    def _read_scenes(self, state: SyncState) -> SeenScenes:
        total = max(1, self._stash.count_chosen())
        seen = SeenScenes()
        # The page's lists have the scenes that are carried, even where a search reads all.
        are_carried = self._config.chooses_scenes is not self._stash.chosen.are_all
        with state.index.replacing_scene_files() as files, state.texts.replacing(are_carried) as texts:
            for page in ahead(self._stash.pages()):
                self._see(page, seen)
                files.add_scene_files(self._files(page.files))
                texts.add(page.scenes)
                self._progress(_CONNECTED + (_READ - _CONNECTED) * min(1.0, len(seen) / total))
        return seen

    def _read_libraries_apart(self, plex: Plex, sections: Sequence[LibrarySection], state: SyncState) -> None:
        """Read the libraries in another thread than Stash, over a connection to the state of its own."""
        own = state.another()
        try:
            own.use_server(plex.machine_identifier, str(self._config.path_map))
            self._read_libraries(plex, sections, own)
        finally:
            own.close()

    def _gaps_of_recent(
        self, plex: Plex, sections: Sequence[LibrarySection], state: SyncState
    ) -> dict[int, GapKind]:
        scenes: dict[int, Scene] = {}
        seen = SeenScenes()
        for page in self._stash.pages_updated_within(self._window):
            self._see(page, seen)
            scenes.update((scene.id, scene) for scene in page.scenes)
            state.texts.put(page.scenes)
        # Reading the items of a few scenes takes fewer requests than listing the libraries.
        if len(scenes) // ITEMS_PER_READ <= state.index.count_items() // PAGE_SIZE:
            finder = self._finder(plex, sections, state)
            return self._detect(
                seen, plex, state, lambda some: places_by_finder(some, scenes, finder), scenes
            )
        self._read_libraries(plex, sections, state)
        finder = self._finder(plex, sections, state)
        return self._detect(
            seen,
            plex,
            state,
            lambda chunk: places_of_parts(finder.match_listed([scenes[scene.scene_id] for scene in chunk])),
            scenes,
        )

    def _finder(self, plex: Plex, sections: Sequence[LibrarySection], state: SyncState) -> ItemFinder:
        ask, expected = partial(files_named, self._stash), known_sizes(state, self._server)
        path_map = self._config.path_map
        return ItemFinder(plex, sections, state.index, path_map, ask, expected, self._inventory)

    def _read_libraries(self, plex: Plex, sections: Sequence[LibrarySection], state: SyncState) -> None:
        """List all libraries into the index; one that cannot be read is an error, not a mass of gaps."""
        sizes = LibrarySizes(state, self._server, self._is_by_hand, self.only_looks)
        unlisted = sizes.unlisted(sections)
        if self._config.plex_library:
            # Libraries that the setting does not name any more are not missed.
            sizes.drop(unlisted)
            unlisted = []
        self._inventory = read_libraries(plex, sections, state.index, sizes.problem_with, unlisted)
        self._libraries_complete = not any(read.problem for read in self._inventory.libraries)
        self._result.errors.extend(problems_of(self._inventory.libraries))

    def _see(self, page: ScenePage, seen: SeenScenes) -> None:
        self._are_files_known = self._are_files_known and page.are_files_known
        self._result.errors.extend(page.errors)
        for scene in page.scenes:
            ours = self._mapping.fields(scene)
            seen.add(
                SeenScene(
                    scene.id,
                    scene.is_worth_pushing,
                    any(ours.values.get(name) for name in METADATA_FIELDS),
                    ours.fingerprint(),
                    version_of(scene),
                    bool(scene.files),
                    scene.logo_address,
                )
            )

    def _files(
        self, files: Iterable[tuple[int, Sequence[SceneFile]]]
    ) -> Iterator[tuple[int, tuple[FileKey, ...]]]:
        return ((scene_id, keys_of_files(those, self._config.path_map)) for scene_id, those in files)

    def _places_by_index(self, chunk: Sequence[SeenScene], state: SyncState) -> dict[int, Place]:
        files = state.index.files_of_scenes(scene.scene_id for scene in chunk)
        keys = {scene.scene_id: files[scene.scene_id] for scene in chunk}
        # Of Stash, all that can be read was read just now; the worker asks both servers before it writes.
        doubts = Doubts(in_plex=self._inventory.doubt_about) if self._inventory else NO_DOUBTS
        return places_of_parts(match_scenes(keys, state.index, doubts))

    def _detect(
        self,
        seen: SeenScenes,
        plex: Plex,
        state: SyncState,
        find_places: Callable[[Sequence[SeenScene]], Mapping[int, Place]],
        scene_ids: Collection[int] | None = None,
    ) -> dict[int, GapKind]:
        """The gaps of what was seen, which are these scenes where it is not all of them."""
        covers = CoverChanges(self._stash, plex, state, self._config, self.only_looks)
        gaps: dict[int, GapKind] = {}
        touched_items = TouchedItems(plex, self._stash, state, self._config, self.only_looks)
        ignored = state.ignored.scene_ids()
        holds_a_part = self._config.plex_holds_a_part
        with keeping_found(state, scene_ids, not self.only_looks, holds_a_part) as found:
            for number, some in enumerate(seen.chunks(SCENES_PER_CHUNK)):
                self._progress(_READ + (_COMPARED - _READ) * number * SCENES_PER_CHUNK / len(seen))
                chunk = [scene for scene in some if scene.scene_id not in ignored]
                self._result.ignored_count += len(some) - len(chunk)
                places = find_places(chunk)
                gaps.update(self._gaps_of(chunk, places, state, touched_items, covers))
                found.add(chunk, places, gaps)
        self._result.count(len(seen), gaps.values())
        return gaps

    def _gaps_of(
        self,
        chunk: Sequence[SeenScene],
        places: Mapping[int, Place],
        state: SyncState,
        touched_items: TouchedItems,
        covers: CoverChanges,
    ) -> dict[int, GapKind]:
        left = LeftItems(state, places)
        facts = [self._facts(scene, places[scene.scene_id], left) for scene in chunk]
        gaps = dict.fromkeys(self._detector.detect_missing(facts), GapKind.MISSING)
        gaps.update(dict.fromkeys(self._detector.detect_empty_metadata(facts), GapKind.EMPTY_METADATA))
        gaps.update(dict.fromkeys(self._detector.detect_stale_syncs(facts), GapKind.STALE_SYNC))
        synced = [scene for scene in facts if scene.pushed and scene.scene_id not in gaps]
        touched = {scene.scene_id: keys for scene in synced if (keys := left.touched(places[scene.scene_id]))}
        gaps.update(dict.fromkeys(touched_items.to_write(touched), GapKind.STALE_SYNC))
        synced = [scene for scene in synced if scene.scene_id not in gaps]
        gaps.update(dict.fromkeys(covers.among(synced, chunk), GapKind.STALE_SYNC))
        return gaps

    def _facts(self, scene: SeenScene, place: Place, left: LeftItems) -> SceneFacts:
        self._result.without_file_count += not scene.has_files
        if place.match.is_inexact:
            self._result.inexact_count += 1
            self._inexact[scene.scene_id] = place.match.rating_keys[0]
        if place.match.level is MatchLevel.AMBIGUOUS:
            self._result.ambiguous_count += 1
            log.debug(f"Scene {scene.scene_id}: ambiguous, {place.match.reason}.")
            if not place.match.is_for_path_map:
                self._result.shared.append(f"scene {scene.scene_id}, {place.match.reason}")
        if place.match.level is MatchLevel.UNKNOWN:
            self._result.unknown_count += 1
            log.debug(f"Scene {scene.scene_id}: not judged. {place.match.reason}")
        return SceneFacts(
            scene_id=scene.scene_id,
            is_worth_pushing=scene.is_worth_pushing,
            fingerprint=scene.fingerprint,
            # A scene without a file can be nowhere in Plex, which is no gap that anybody could close.
            is_missing=scene.has_files and place.match.level is MatchLevel.NONE,
            rating_keys=place.match.rating_keys,
            has_empty_item=scene.fills_metadata and left.has_empty_item(place),
            pushed=left.pushed(scene.scene_id, place),
        )
