"""One upload of a picture, to an item or a collection, of which a kill at any moment leaves a record.

Whether a picture may come, and whose choice wins, is decided by whoever brings it: `pictures` for items,
`collection_posters` for collections.
"""

from __future__ import annotations

from collections.abc import Callable

from plex.artwork import ArtworkKind, Image
from plex.exceptions import PlexTooLarge
from stash import log
from sync_queue.cover_records import ArtworkRecord
from sync_queue.state import SyncState


class OneUpload:
    """A picture on its way to what has this rating key; as this kind."""

    def __init__(self, state: SyncState, rating_key: int, kind: ArtworkKind, image: Image) -> None:
        self._state = state
        self._rating_key = rating_key
        self._kind = kind
        self._image = image

    def is_taken(self, send: Callable[[], None], before: ArtworkRecord, too_large: str) -> bool:
        """Send it and remember it: as begun before, and after as what is there; False where Plex refuses it.

        `before` is the record as it is to be where Plex keeps what it has, and `too_large` the warning for
        that. Raises whatever else `send` raises: then it stays begun.
        """
        with self._state.lock:
            self._state.record_begun_artwork(self._rating_key, self._kind.value, self._image.sha1)
        try:
            send()
        except PlexTooLarge:
            log.warning(too_large)
            self._remember(before._replace(etag=self._image.etag, refused=self._image.sha1))
            return False
        # Under which address Plex shows it is known when the item or the collection is read back.
        after = before._replace(etag=self._image.etag, sha1=self._image.sha1, refused="", stamp="")
        self._remember(after)
        return True

    def _remember(self, record: ArtworkRecord) -> None:
        with self._state.lock:
            self._state.record_artwork(self._rating_key, self._kind.value, record)
