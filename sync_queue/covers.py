"""Bringing a scene's cover to its items: fetched once, uploaded only where its bytes are new."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from plex.artwork import LARGEST_IMAGE, ArtworkKind, Image, is_raster
from plex.items import PlexItem
from stash import log
from stash.client import Stash
from stash.exceptions import ImageUnusable, StashError, StashUnavailable
from stash.images import CoverUnchanged, NoCover
from sync_queue.cover_records import ArtworkRecord
from sync_queue.pictures import Pictures
from sync_queue.state import SyncState
from validation.config import Stash2PlexConfig
from validation.scene import Scene

# Stash makes the cover of a new scene a while after it announced the scene, and does not tell.
COVER_MAY_COME = timedelta(hours=1)
# Stash's versions are whole seconds.
SAME_SECOND = timedelta(seconds=2)
# A Stash that does not deliver so many covers in a row is not asked for more in this run.
FAILURES_IN_A_ROW = 3


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


class Covers:
    """Brings covers from Stash to Plex and remembers which."""

    def __init__(self, stash: Stash, pictures: Pictures, config: Stash2PlexConfig) -> None:
        self._stash = stash
        self._pictures = pictures
        self._kinds = artwork_kinds(config)
        self._failures = 0

    @property
    def kinds(self) -> Sequence[ArtworkKind]:
        """What covers become in Plex."""
        return self._kinds

    def bring(self, scene: Scene, items: Sequence[PlexItem], rolled_back: Collection[int] = ()) -> int:
        """Bring the scene's cover to its items; how many uploads that took. Raises StashError or PlexError.

        `rolled_back` has the keys of items that Plex shows as they once were.
        """
        if not scene.screenshot_url or not self._kinds:
            return 0
        return self._pictures.bring(self, scene, items, rolled_back)

    def is_settled(self, record: ArtworkRecord | None, scene: Scene) -> bool:
        """Whether a record is of the scene as it is now."""
        return is_settled(record, scene)

    def settled(self, scene: Scene, record: ArtworkRecord) -> ArtworkRecord:
        """The record once the cover was looked at."""
        return record._replace(version=_settled_version(scene, self._stash.now))

    def may_come(self, scene: Scene) -> bool:
        """Whether Stash may still be making the cover."""
        return self._stash.now - scene.updated_at <= COVER_MAY_COME

    def fetch(self, scene: Scene, records: Iterable[ArtworkRecord]) -> Image | str | None:
        """The cover; see `Source`. Stash is left alone where it delivers none."""
        if self._failures >= FAILURES_IN_A_ROW:
            raise StashUnavailable("Stash delivers no covers at the moment.")
        try:
            image = _fetch(self._stash, scene, records)
        except StashError:
            self._failures += 1
            raise
        self._failures = 0
        return image


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
    if isinstance(image, Image) and any(
        record is None or image.sha1 not in (record.sha1, record.refused) for record in records
    ):
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
