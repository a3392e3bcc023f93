"""Bringing a scene's cover to its items: fetched once, uploaded only where its bytes are new."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from plex.artwork import (
    LARGEST_IMAGE,
    ArtworkKind,
    Image,
    artwork_of,
    choose,
    chosen,
    is_raster,
    upload_and_choose,
)
from plex.client import Plex
from plex.exceptions import PlexBusy, PlexTooLarge
from plex.items import PlexItem
from plex.library import read_items
from stash import log
from stash.client import Stash
from stash.exceptions import ImageUnusable, StashError, StashUnavailable
from stash.images import CoverUnchanged, NoCover
from sync_queue.cover_records import ArtworkRecord
from sync_queue.pace import Pace
from sync_queue.state import SyncState
from sync_queue.state_database import DOUBTFUL
from validation.config import Stash2PlexConfig
from validation.scene import Scene

# Stash makes the cover of a new scene a while after it announced the scene, and does not tell.
COVER_MAY_COME = timedelta(hours=1)
# Stash's versions are whole seconds.
SAME_SECOND = timedelta(seconds=2)
# A Stash that does not deliver so many covers in a row, or a Plex that does not take them, is not asked
# for more in this run.
FAILURES_IN_A_ROW = 3
NOTHING_KNOWN = ArtworkRecord("", "", 0)


def artwork_kinds(config: Stash2PlexConfig) -> tuple[ArtworkKind, ...]:
    """The images that the settings ask for."""
    wanted = [ArtworkKind.POSTER, *([ArtworkKind.BACKGROUND] if config.background_from_cover else [])]
    return tuple(kind for kind in wanted if kind.field_title not in config.leave_fields)


def version_of(scene: Scene) -> int:
    """The scene's version, as the records of its cover have it."""
    return int(scene.updated_at.timestamp())


def is_settled(record: ArtworkRecord | None, scene: Scene) -> bool:
    """Whether a record is of the scene as it is now: then Stash need not be asked for its cover."""
    return record is not None and record.scene_id == scene.id and record.version == version_of(scene)


def _settled_version(scene: Scene, now: datetime) -> int:
    """The version to record: an older one while another save may still fall into the same second."""
    return version_of(scene) - (now - scene.updated_at < SAME_SECOND)


class _Look(Enum):
    """What became of an image that is not as it was left."""

    RIGHT = "it is ours, or a person's choice"
    CHOSEN = "ours was chosen again"
    LOST = "Plex shows one that was interrupted, or does not have ours any more"


@dataclass(frozen=True)
class _Target:
    """An item and a kind of image that is to come there, and what is known of it.

    `begun` has the SHA-1s of uploads whose end nobody recorded.
    """

    item: PlexItem
    kind: ArtworkKind
    record: ArtworkRecord
    begun: frozenset[str]
    was_rolled_back: bool
    is_looked_at: bool = False

    @property
    def stamp(self) -> str:
        """The address under which Plex shows the image; it moves when another one is chosen."""
        return self.item.images.get(self.kind.lock, "")

    @property
    def is_locked(self) -> bool:
        """Whether a person, or we, chose the image."""
        return self.kind.lock in self.item.locked

    @property
    def is_as_left(self) -> bool:
        """Whether Plex shows what it showed when the item was last found right."""
        if self.is_looked_at or not self.record.sha1:
            return True
        return bool(self.stamp) and self.stamp == self.record.stamp

    @property
    def ours(self) -> frozenset[str]:
        """The names in Plex of all that we brought."""
        brought = self.begun | {self.record.sha1} - {""}
        return frozenset(map(self.kind.uploaded, brought))


class Covers:
    """Brings covers from Stash to Plex and remembers which."""

    def __init__(
        self, stash: Stash, plex: Plex, state: SyncState, config: Stash2PlexConfig, pace: Pace
    ) -> None:
        self._stash = stash
        self._plex = plex
        self._state = state
        self._pace = pace
        self._preserve = config.preserve_plex_edits
        self._kinds = artwork_kinds(config)
        self._failures = 0
        self._refusals = 0

    def bring(self, scene: Scene, items: Sequence[PlexItem], rolled_back: Collection[int] = ()) -> int:
        """Upload the scene's cover where it is new or Plex has lost it; returns how many uploads that took.

        `rolled_back` has the keys of items that Plex shows as they once were. Raises StashError or
        PlexError; whatever was done until then is remembered.
        """
        if not scene.screenshot_url or not self._kinds:
            return 0
        targets = self._targets(items, rolled_back)
        settled = [is_settled(target.record, scene) and target.is_as_left for target in targets]
        if all(settled):
            return 0
        uploads, targets = self._with_ours_chosen_again(targets)
        lost = [not target.is_as_left for target in targets]
        if any(lost) or not all(is_settled(target.record, scene) for target in targets):
            # To bring an image once more its bytes are needed, whatever Stash's ETag says.
            records = [] if any(lost) else [target.record for target in targets]
            image = self._fetch_unless_failing(scene, records)
            uploads += sum(
                self._bring_to_target(scene, target, image, again)
                for target, again in zip(targets, lost, strict=True)
            )
        return uploads

    def _with_ours_chosen_again(self, targets: Sequence[_Target]) -> tuple[int, list[_Target]]:
        """Look at items whose image changed in Plex, and choose ours where nobody chose another.

        Returns how many were chosen, and the targets; those that are not as they were left then have
        lost our image.
        """
        count, looked_at = 0, []
        for target in targets:
            if not target.is_as_left:
                outcome = self._look_at(target)
                count += outcome is _Look.CHOSEN
                if outcome is not _Look.LOST:
                    # Under which address Plex shows what was chosen is known when the item is read back.
                    stamp = target.stamp if outcome is _Look.RIGHT else ""
                    record = target.record._replace(stamp=stamp)
                    self._remember(target, record)
                    target = replace(target, record=record, is_looked_at=True)
            looked_at.append(target)
        return count, looked_at

    def _look_at(self, target: _Target) -> _Look:
        if target.is_locked and not target.was_rolled_back and not target.begun:
            return _Look.RIGHT
        rating_key, kind = target.item.rating_key, target.kind
        there, ours = artwork_of(self._plex, rating_key, kind), kind.uploaded(target.record.sha1)
        if there.chosen == ours:
            return _Look.RIGHT
        if there.chosen in target.ours:
            return _Look.LOST
        if not target.was_rolled_back and (target.is_locked or self._is_locked_by_now(target)):
            return _Look.RIGHT
        if ours not in there.names:
            return _Look.LOST
        with self._pace.writing():
            choose(self._plex, rating_key, kind, ours)
        return _Look.CHOSEN

    def _targets(self, items: Sequence[PlexItem], rolled_back: Collection[int]) -> list[_Target]:
        with self._state.lock:
            return [
                _Target(
                    item,
                    kind,
                    self._state.artwork(item.rating_key, kind.value) or NOTHING_KNOWN,
                    frozenset(self._state.begun_artwork(item.rating_key, kind.value)),
                    item.rating_key in rolled_back,
                )
                for item in items
                for kind in self._kinds
            ]

    def _fetch_unless_failing(
        self, scene: Scene, records: Iterable[ArtworkRecord | None]
    ) -> Image | str | None:
        if self._failures >= FAILURES_IN_A_ROW:
            raise StashUnavailable("Stash delivers no covers at the moment.")
        try:
            image = _fetch(self._stash, scene, records)
        except StashError:
            self._failures += 1
            raise
        self._failures = 0
        return image

    def _bring_to_target(self, scene: Scene, target: _Target, image: Image | str | None, again: bool) -> int:
        before = target.record._replace(
            scene_id=scene.id,
            version=_settled_version(scene, self._stash.now),
            stamp=target.record.stamp if target.is_looked_at else target.stamp,
        )
        if not isinstance(image, Image):
            if image is not None or self._stash.now - scene.updated_at > COVER_MAY_COME:
                self._remember(target, before)
            return 0
        after = before._replace(etag=image.etag, sha1=image.sha1, refused="")
        is_new = again or image.sha1 != before.sha1
        if image.sha1 == before.refused:
            self._remember(target, before._replace(etag=image.etag))
        elif is_new and not self._stays(scene, target, image):
            return self._upload(scene, target, image, before, after)
        else:
            self._remember(target, after)
        return 0

    def _upload(
        self, scene: Scene, target: _Target, image: Image, before: ArtworkRecord, after: ArtworkRecord
    ) -> int:
        rating_key, kind = target.item.rating_key, target.kind
        with self._state.lock:
            self._state.record_begun_artwork(rating_key, kind.value, image.sha1)
        try:
            self._send(rating_key, kind, image)
        except PlexTooLarge:
            log.warning(
                f"Scene {scene.id}: Plex, or a proxy in front of it, does not accept its "
                f"{kind.field_title} of {len(image.content):,} bytes. Plex keeps its image until the cover "
                "changes."
            )
            self._remember(target, before._replace(etag=image.etag, refused=image.sha1))
            return 0
        if self._preserve and chosen(self._plex, rating_key, kind) != kind.uploaded(image.sha1):
            raise PlexBusy(f"Plex took the {kind.field_title} and does not show it.")
        log.debug(f"Scene {scene.id}: {kind.field_title} uploaded.")
        # Under which address Plex shows it is known when the item is read back.
        self._remember(target, after._replace(stamp=""))
        return 1

    def _send(self, rating_key: int, kind: ArtworkKind, image: Image) -> None:
        if self._refusals >= FAILURES_IN_A_ROW:
            raise PlexBusy("Plex accepts no pictures at the moment.")
        try:
            with self._pace.writing():
                upload_and_choose(self._plex, rating_key, kind, image)
        except PlexBusy:
            self._refusals += 1
            raise
        self._refusals = 0

    def _stays(self, scene: Scene, target: _Target, image: Image) -> bool:
        """Whether the image that Plex shows is to stay; keeps its name where it is about to go."""
        is_doubtful = target.record.version == DOUBTFUL
        if target.ours and not self._preserve and not is_doubtful:
            return False
        if not target.is_locked and not self._is_locked_by_now(target):
            return False
        if self._preserve and not target.ours:
            return True
        artwork = artwork_of(self._plex, target.item.rating_key, target.kind)
        shown = artwork.chosen
        if target.ours and not shown and artwork.names.isdisjoint(target.ours):
            # Plex keeps what was uploaded, whatever a person chooses or takes away.
            raise PlexBusy(f"Plex does not say which {target.kind.field_title} it shows.")
        if shown == target.kind.uploaded(image.sha1):
            return True
        if target.ours:
            return shown not in target.ours and not target.was_rolled_back
        with self._state.lock:
            if not self._state.is_whole:
                log.info(
                    f"Scene {scene.id}: the {target.kind.field_title} in Plex stays: after the loss of "
                    "state.db nobody knows who chose it. When the cover next changes in Stash, it is "
                    "carried over."
                )
                return True
            self._state.keep_replaced(scene.id, target.item.rating_key, {target.kind.value: shown})
        return False

    def _is_locked_by_now(self, target: _Target) -> bool:
        """Whether a person chose an image since the item was read, which may be a minute ago."""
        key = target.item.rating_key
        item = read_items(self._plex, [key]).get(key)
        # To one that is gone nothing can be uploaded either.
        return item is not None and target.kind.lock in item.locked

    def _remember(self, target: _Target, record: ArtworkRecord) -> None:
        with self._state.lock:
            self._state.record_artwork(target.item.rating_key, target.kind.value, record)


def is_cover_changed(
    scene: Scene,
    records: Sequence[ArtworkRecord | None],
    stash: Stash,
    state: SyncState,
    only_looks: bool = False,
) -> bool:
    """Whether the scene has a cover that is not the recorded one everywhere. Raises StashError.

    That it is the same is remembered, unless this `only_looks`.
    """
    image = _fetch(stash, scene, records)
    if isinstance(image, Image) and any(record is None or record.sha1 != image.sha1 for record in records):
        return True
    if not only_looks:
        state.set_cover_version(scene.id, _settled_version(scene, stash.now))
    return False


def _fetch(stash: Stash, scene: Scene, records: Iterable[ArtworkRecord | None]) -> Image | str | None:
    """The cover; the ETag where it is still the one of the records; None where there is none."""
    etags = {record.etag if record else "" for record in records}
    known = etags.pop() if len(etags) == 1 else ""
    try:
        cover = stash.fetch_image(scene.screenshot_url, known, LARGEST_IMAGE)
    except ImageUnusable as problem:
        log.warning(f"Scene {scene.id}: {problem}; Plex keeps the poster it has.")
        return None
    if isinstance(cover, NoCover):
        return None
    if isinstance(cover, CoverUnchanged):
        return cover.etag
    if not is_raster(cover.content):
        log.warning(f"Scene {scene.id}: its cover is of a kind that Plex cannot show; Plex keeps its poster.")
        return None
    return Image(cover.content, cover.etag)
