"""Which covers and logos changed in Stash since they were carried over: no field shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from plex.client import Plex
from reconciliation.detector import SceneFacts
from reconciliation.seen import SeenScene
from stash import log
from stash.client import Stash
from stash.exceptions import StashError
from stash.scenes_by_id import SCENES_PER_REQUEST
from sync_queue.cover_records import ArtworkRecord
from sync_queue.covers import (
    COVER_MAY_COME,
    FAILURES_IN_A_ROW,
    artwork_kinds,
    is_cover_changed,
)
from sync_queue.logos import LOGO, carries_logos, is_logo_settled, is_without_logos
from sync_queue.state import SyncState
from validation.config import Stash2PlexConfig

# A cover is asked for one by one; what is beyond this is looked at by the next reconcile.
COVERS_PER_RUN = 500


class CoverChanges:
    """Looks for changed covers, no more of them in a run than can be asked for.

    What `only_looks` remembers of no cover that it is the same.
    """

    def __init__(
        self, stash: Stash, plex: Plex, state: SyncState, config: Stash2PlexConfig, only_looks: bool
    ) -> None:
        self._stash = stash
        self._state = state
        self._config = config
        self._only_looks = only_looks
        self._has_logos = carries_logos(config) and not is_without_logos(
            state, plex.machine_identifier, plex.version
        )
        self._left = COVERS_PER_RUN
        self._failures = 0

    def among(self, synced: Sequence[SceneFacts], chunk: Iterable[SeenScene]) -> list[int]:
        """The scenes whose fields are in Plex and whose cover is not, which no hook told and no field shows.

        Nor is the logo. Only a scene that was saved since its cover was carried over can have another
        one. Where no cover was ever looked for, as after a change of settings, the worker looks.
        """
        seen = {scene.scene_id: scene for scene in chunk}
        kinds = artwork_kinds(self._config)
        records = self._state.cover_records(scene.scene_id for scene in synced)
        settled = int((self._stash.now - COVER_MAY_COME).timestamp())
        changed: list[int] = []
        uncertain: dict[int, list[ArtworkRecord | None]] = {}
        for scene in synced:
            version = seen[scene.scene_id].version
            known = records.get(scene.scene_id, {})
            wanted = [known.get((key, kind.value)) for key in scene.rating_keys for kind in kinds]
            has_another_logo = self._has_another_logo(scene, seen[scene.scene_id], known)
            if has_another_logo or (None in wanted and version < settled):
                changed.append(scene.scene_id)
            elif any(record is None or record.version != version for record in wanted):
                uncertain[scene.scene_id] = wanted
        return changed + self._look_at(uncertain)

    def _has_another_logo(
        self, scene: SceneFacts, seen: SeenScene, known: Mapping[tuple[int, str], ArtworkRecord]
    ) -> bool:
        records = [known.get((key, LOGO.value)) for key in scene.rating_keys] if self._has_logos else []
        return not all(is_logo_settled(record, scene.scene_id, seen.logo_address) for record in records)

    def _look_at(self, uncertain: Mapping[int, Sequence[ArtworkRecord | None]]) -> list[int]:
        """Ask Stash which of these scenes' covers changed; no more of them than are left for this run.

        A cover that does not come is looked at by the next reconcile: nothing is known about it.
        """
        ids = list(uncertain)[: self._left]
        self._left -= len(ids)
        changed: list[int] = []
        for start in range(0, len(ids), SCENES_PER_REQUEST):
            scenes, _ = self._stash.scenes_by_id(ids[start : start + SCENES_PER_REQUEST])
            for scene in filter(None, scenes.values()):
                if self._failures >= FAILURES_IN_A_ROW:
                    return changed
                try:
                    is_changed = is_cover_changed(
                        scene, uncertain[scene.id], self._stash, self._state, self._only_looks
                    )
                except StashError as problem:
                    self._failures += 1
                    log.debug(f"Scene {scene.id}: {problem}")
                    continue
                self._failures = 0
                changed.extend([scene.id] * is_changed)
        return changed
