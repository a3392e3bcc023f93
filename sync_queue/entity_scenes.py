"""Which scenes are to be looked at because a performer, studio, tag or group changed.

Most of what people change of these is carried by no scene: a picture, a text, an alias. What each scene has
for Plex now is compared with what was pushed for it, in Stash alone, so that no item is read in vain. Of
what cannot be compared nothing is concluded: it is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from plex.fields import SceneMapping
from stash import log
from stash.client import Stash
from stash.exceptions import GraphQLRefusal, StashAnswerInvalid
from stash.scene_pages import PAGE_SIZE, ScenePage
from sync_queue.cover_records import ArtworkRecord
from sync_queue.logos import LOGO, carries_logos, is_logo_settled
from sync_queue.state import SyncState
from validation.config import Stash2PlexConfig
from validation.scene import Scene


class Affected(NamedTuple):
    """The scenes to look at, and whether the performer, studio, tag or group has any scene at all."""

    scene_ids: list[int]
    has_scenes: bool


class EntityScenes:
    """Finds these scenes, under the settings."""

    def __init__(self, stash: Stash, state: SyncState, config: Stash2PlexConfig) -> None:
        self._stash = stash
        self._state = state
        self._mapping = SceneMapping(config)
        self._has_logos = carries_logos(config)

    def affected_by(self, entity: str, entity_id: int) -> Affected:
        """The scenes to look at since this one changed. Raises EntityUnusable, StashError."""
        if self._can_compare(entity):
            try:
                return self._compared(entity, entity_id)
            except (GraphQLRefusal, StashAnswerInvalid) as refusal:
                log.debug(f"The scenes of {entity} {entity_id} could not be compared: {refusal}")
        return self._all_of(entity, entity_id)

    def changed(self) -> list[int]:
        """The scenes that were pushed and have other values now, of all scenes, or no logo any more.

        Raises StashError.
        """
        found = []
        for page in self._stash.pages():
            records = self._logos_of(page)
            for scene, pushed in self._with_pushed(page):
                # Of a scene whose studio is there still, the logo is looked at when that changes.
                has_lost_logo = not scene.logo_address and not self._has_its_logo(
                    scene, pushed, records.get(scene.id, {})
                )
                if pushed and (has_lost_logo or not self._is_as_pushed(scene, pushed)):
                    found.append(scene.id)
        return sorted(found)

    def _can_compare(self, entity: str) -> bool:
        """Whether all that a scene shows of such a one is compared.

        A performer's picture is not: it shows an address in Plex that changes whenever the performer is
        saved. And what a saved filter looks at may be anything.
        """
        chosen = self._stash.chosen
        has_filter = bool(chosen.criteria or chosen.search)
        is_in_pictures = entity == "performer" and self._mapping.carries_pictures
        return self._state.is_whole_for_all and not has_filter and not is_in_pictures

    def _all_of(self, entity: str, entity_id: int) -> Affected:
        scene_ids = self._stash.scene_ids_with(entity, entity_id)
        return Affected(scene_ids, bool(scene_ids))

    def _compared(self, entity: str, entity_id: int) -> Affected:
        affected: set[int] = set()
        has_scenes = False
        for page in self._stash.pages_with(entity, entity_id):
            here = self._differing(page)
            if len(here) >= PAGE_SIZE:
                # It shows in every scene, as a name does: to compare the others would find the same.
                return self._all_of(entity, entity_id)
            affected |= here
            has_scenes = True
        return Affected(self._stash.chosen_of(sorted(affected)), has_scenes)

    def _differing(self, page: ScenePage) -> set[int]:
        records = self._logos_of(page)
        differing = {
            scene.id
            for scene, pushed in self._with_pushed(page)
            if not self._is_as_pushed(scene, pushed)
            or not self._has_its_logo(scene, pushed, records.get(scene.id, {}))
        }
        # Whoever reads these says what is wrong with them.
        return differing | {int(one.scene_id) for one in page.unusable if one.scene_id.isdecimal()}

    def _with_pushed(self, page: ScenePage) -> Iterator[tuple[Scene, Mapping[int, bytes]]]:
        """The scenes with what was pushed for them: fingerprints by the items' rating keys."""
        pushed: dict[int, dict[int, bytes]] = {scene.id: {} for scene in page.scenes}
        for (scene_id, rating_key), fingerprint in self._state.pushed_fingerprints(pushed).items():
            pushed[scene_id][rating_key] = fingerprint
        yield from ((scene, pushed[scene.id]) for scene in page.scenes)

    def _is_as_pushed(self, scene: Scene, pushed: Mapping[int, bytes]) -> bool:
        """Whether something was pushed for a scene, and to each of its items what it has now."""
        return set(pushed.values()) == {self._mapping.fields(scene).fingerprint()}

    def _logos_of(self, page: ScenePage) -> Mapping[int, Mapping[tuple[int, str], ArtworkRecord]]:
        return self._state.cover_records(scene.id for scene in page.scenes) if self._has_logos else {}

    def _has_its_logo(
        self, scene: Scene, pushed: Mapping[int, bytes], records: Mapping[tuple[int, str], ArtworkRecord]
    ) -> bool:
        """Whether all items have the studio's picture as it is now, or none where Stash has none."""
        if not self._has_logos:
            return True
        logos = [records.get((key, LOGO.value)) for key in pushed]
        if not scene.logo_address:
            return not any(record and record.sha1 for record in logos)
        return all(is_logo_settled(record, scene.id, scene.logo_address) for record in logos)
