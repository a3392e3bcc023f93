"""Bringing the picture of a group or studio to its collection: each once, and over no choice of a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from functools import partial

from plex.artwork import LARGEST_IMAGE, ArtworkKind, Image, artwork_of, choose, is_raster, upload
from plex.client import Plex
from plex.collections import Collection
from stash import log
from stash.changes import SAME_SECOND
from stash.client import Stash
from stash.collection_sources import Source
from stash.exceptions import ImageUnusable
from stash.images import CoverUnchanged, NoCover
from sync_queue.collection_plans import Target
from sync_queue.cover_records import GOING_BACK, ArtworkRecord
from sync_queue.one_upload import OneUpload
from sync_queue.pace import Pace
from sync_queue.pictures import NOTHING_KNOWN
from sync_queue.state import SyncState
from validation.amounts import number

POSTER = ArtworkKind.POSTER


class Posters:
    """Brings pictures from Stash to collections and remembers which; as covers are, by collection."""

    def __init__(self, stash: Stash, plex: Plex, state: SyncState, pace: Pace) -> None:
        self._stash = stash
        self._plex = plex
        self._state = state
        self._pace = pace

    def may_bring(self, target: Target) -> bool:
        """Whether the picture has to be looked at: it may be another one than Plex shows."""
        record = self._record(target)
        is_settled = record is not None and record.version == target.source.version
        if not target.source.image_url or (is_settled and target.record.is_undone):
            return False
        begun = self._state.begun_artwork(target.collection.rating_key, POSTER.value)
        return not is_settled or bool(begun) or not self._is_kept(target, record or NOTHING_KNOWN)

    @staticmethod
    def _is_kept(target: Target, record: ArtworkRecord) -> bool:
        """Whether what Plex shows is as it was left, or was chosen since."""
        collection = target.collection
        return POSTER.lock in collection.locked or (bool(record.stamp) and record.stamp == collection.thumb)

    def _record(self, target: Target) -> ArtworkRecord | None:
        return self._state.artwork(target.collection.rating_key, POSTER.value)

    def bring(self, target: Target) -> bool:
        """Upload the picture where it is new, or choose it; whether anything was sent.

        Raises StashError, PlexError.
        """
        if not self.may_bring(target):
            return False
        key, record = target.collection.rating_key, self._record(target) or NOTHING_KNOWN
        begun = self._state.begun_artwork(key, POSTER.value)
        ours = set(map(POSTER.uploaded, begun | {record.sha1} - {""}))
        is_left = bool(record.stamp) and record.stamp == target.collection.thumb and not begun
        is_locked = POSTER.lock in target.collection.locked
        is_bare = not ours and not is_locked
        there = None if is_left or is_bare else artwork_of(self._plex, key, POSTER)
        is_a_persons = is_locked and there is not None and there.chosen not in ours
        image = self._fetch(target.source, record if is_left else NOTHING_KNOWN)
        after = record._replace(version=self._settled_version(target.source))
        if not isinstance(image, Image):
            self._remember(key, after)
            return False
        name, after = POSTER.uploaded(image.sha1), after._replace(etag=image.etag)
        if image.sha1 == record.refused or (is_left and image.sha1 == record.sha1):
            self._remember(key, after)
        elif there is not None and there.chosen == name:
            # Ours, though nobody recorded it: the end of the upload, or the state, was lost.
            self._remember(key, after._replace(sha1=image.sha1, stamp=target.collection.thumb))
        elif is_a_persons or (record.stamp == GOING_BACK and image.sha1 == record.sha1):
            # It was chosen by somebody, or ours was taken away and is no other now.
            self._remember(key, after)
        else:
            is_there = there is not None and name in there.names
            return self._upload(target, image, after, is_there)
        return False

    def _upload(self, target: Target, image: Image, before: ArtworkRecord, is_there: bool) -> bool:
        key = target.collection.rating_key
        return OneUpload(self._state, key, POSTER, image).is_taken(
            partial(self._send, key, image, is_there),
            before,
            f"The picture of {target.source.words} has {number(len(image.content))} bytes, more than Plex, "
            "or a proxy in front of it, accepts. Its collection keeps its poster until the picture changes.",
        )

    def _send(self, key: int, image: Image, is_there: bool) -> None:
        with self._pace.writing():
            if is_there:
                choose(self._plex, key, POSTER, POSTER.uploaded(image.sha1))
            else:
                upload(self._plex, key, POSTER, image)

    def confirm(self, targets: Mapping[int, Target], now: Mapping[int, Collection]) -> list[int]:
        """Choose by name what Plex took and does not show; which collections that were. Raises PlexError."""
        chosen = []
        for key, target in targets.items():
            record, collection = self._record(target), now.get(key)
            if record is None or collection is None:
                continue
            if collection.thumb == target.collection.thumb or POSTER.lock not in collection.locked:
                with self._pace.writing():
                    choose(self._plex, key, POSTER, POSTER.uploaded(record.sha1))
                chosen.append(key)
        return chosen

    def record_shown(self, now: Mapping[int, Collection]) -> None:
        """Remember under which addresses Plex shows what was brought."""
        self._state.record_stamps((key, POSTER.value, one.thumb) for key, one in now.items())

    def _fetch(self, source: Source, record: ArtworkRecord) -> Image | None:
        """The picture; None where it is the recorded one, and where there is none that Plex can show."""
        try:
            found = self._stash.fetch_image(
                source.image_url, record.etag if record.sha1 else "", LARGEST_IMAGE
            )
        except ImageUnusable as problem:
            log.warning(
                f"The picture of {source.words} is not carried over: {problem}; the collection keeps its "
                "poster."
            )
            return None
        if isinstance(found, (CoverUnchanged, NoCover)):
            return None
        if not is_raster(found.content):
            log.warning(
                f"The picture of {source.words} is of a kind that Plex cannot show; its collection keeps its "
                "poster."
            )
            return None
        return Image(found.content, found.etag)

    def _settled_version(self, source: Source) -> int:
        """The version to record: an older one while another save may still fall into the same second."""
        age = self._stash.now - datetime.fromtimestamp(source.version, timezone.utc)
        return source.version - (age < SAME_SECOND)

    def _remember(self, rating_key: int, record: ArtworkRecord) -> None:
        with self._state.lock:
            self._state.record_artwork(rating_key, POSTER.value, record)
