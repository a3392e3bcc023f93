"""Bringing a scene's cover to its items: fetched once, uploaded only where its bytes are new."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from stashapi import log

from plex.artwork import LARGEST_IMAGE, ArtworkKind, Image, chosen, is_raster, upload_and_choose
from plex.client import Plex
from plex.exceptions import PlexBusy
from plex.items import PlexItem
from sync_queue.pace import Pace
from sync_queue.state import ArtworkRecord, SyncState
from validation.config import Stash2PlexConfig
from validation.exceptions import StashError, StashUnavailable
from validation.images import CoverUnchanged, ImageUnusable, NoCover
from validation.scene import Scene
from validation.stash import Stash

# Stash makes the cover of a new scene a while after it announced the scene, and does not tell.
COVER_MAY_COME = timedelta(hours=1)
# Stash's versions are whole seconds.
SAME_SECOND = timedelta(seconds=2)
# A Stash that does not deliver so many covers in a row, or a Plex that does not take them, is not asked
# for more in this run.
FAILURES_IN_A_ROW = 3


def artwork_kinds(config: Stash2PlexConfig) -> tuple[ArtworkKind, ...]:
    """The images that the settings ask for."""
    wanted = [ArtworkKind.POSTER, *([ArtworkKind.BACKGROUND] if config.background_from_cover else [])]
    return tuple(kind for kind in wanted if kind.field_title not in config.leave_fields)


def version_of(scene: Scene) -> int:
    """The scene's version, as the records of its cover have it."""
    return int(scene.updated_at.timestamp())


def _settled_version(scene: Scene, now: datetime) -> int:
    """The version to record: an older one while another save may still fall into the same second."""
    return version_of(scene) - (now - scene.updated_at < SAME_SECOND)


class Covers:
    """Brings covers from Stash to Plex and remembers which."""

    def __init__(
        self, stash: Stash, plex: Plex, state: SyncState, config: Stash2PlexConfig, pace: Pace
    ) -> None:
        self._stash = stash
        self._plex = plex
        self._pace = pace
        self._state = state
        self._preserve = config.preserve_plex_edits
        self._kinds = artwork_kinds(config)
        self._failures = 0
        self._refusals = 0

    def bring(self, scene: Scene, items: Sequence[PlexItem]) -> int:
        """Upload the scene's cover where it is new; returns how many uploads that took.

        Raises StashError or PlexError; whatever was done until then is remembered.
        """
        version = version_of(scene)
        with self._state.lock:
            targets = [
                (item, kind, self._state.artwork(scene.id, item.rating_key, kind.value))
                for item in items
                for kind in self._kinds
            ]
        records = [record for _, _, record in targets]
        if not scene.screenshot_url or all(record and record.version == version for record in records):
            return 0
        image = self._fetch_unless_failing(scene, records)
        return sum(self._bring_to_item(scene, item, kind, record, image) for item, kind, record in targets)

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

    def _bring_to_item(
        self,
        scene: Scene,
        item: PlexItem,
        kind: ArtworkKind,
        record: ArtworkRecord | None,
        image: Image | str | None,
    ) -> int:
        version = _settled_version(scene, self._stash.now)
        before = record or ArtworkRecord("", "", 0)
        if not isinstance(image, Image):
            if image is not None or self._stash.now - scene.updated_at > COVER_MAY_COME:
                self._remember(scene, item, kind, before._replace(version=version))
            return 0
        after = ArtworkRecord(image.etag, image.sha1, version)
        uploads = 0
        if image.sha1 != before.sha1 and not self._belongs_to_a_person(item, kind, before):
            if not before.sha1:
                self._keep_replaced(scene, item, kind)
            self._upload(item, kind, image)
            log.debug(f"Scene {scene.id}: {kind.field_title} uploaded.")
            uploads = 1
        self._remember(scene, item, kind, after)
        return uploads

    def _upload(self, item: PlexItem, kind: ArtworkKind, image: Image) -> None:
        if self._refusals >= FAILURES_IN_A_ROW:
            raise PlexBusy("Plex takes no pictures at the moment.")
        try:
            with self._pace.writing():
                upload_and_choose(self._plex, item.rating_key, kind, image)
        except PlexBusy:
            self._refusals += 1
            raise
        self._refusals = 0

    def _belongs_to_a_person(self, item: PlexItem, kind: ArtworkKind, before: ArtworkRecord) -> bool:
        """With Plex's edits preserved: whether somebody chose another image than the one pushed before."""
        if not self._preserve:
            return False
        if not before.sha1:
            return kind.lock in item.locked
        return chosen(self._plex, item.rating_key, kind) != kind.uploaded(before.sha1)

    def _keep_replaced(self, scene: Scene, item: PlexItem, kind: ArtworkKind) -> None:
        if kind.lock in item.locked:
            name = chosen(self._plex, item.rating_key, kind)
            with self._state.lock:
                self._state.keep_replaced(scene.id, item.rating_key, {kind.value: name})

    def _remember(self, scene: Scene, item: PlexItem, kind: ArtworkKind, record: ArtworkRecord) -> None:
        with self._state.lock:
            self._state.record_artwork(scene.id, item.rating_key, kind.value, record)


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
