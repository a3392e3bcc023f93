"""What a sync would bring to Plex's collections, without writing: by the plans that the drain carries out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from plex.client import Plex
from plex.library import LibrarySection
from stash import log
from stash.client import Stash
from sync_queue.collection_placing import Placing
from sync_queue.collection_plans import SUMMARY, Target, is_asked_for, summary_to_write
from sync_queue.collection_posters import Posters
from sync_queue.collection_targets import Targets
from sync_queue.pace import Pace
from sync_queue.planning import shortened
from sync_queue.state import SyncState
from validation.config import Stash2PlexConfig


class CollectionPreview:
    """Looks at all collections of groups and studios that Plex has by now."""

    def __init__(
        self,
        stash: Stash,
        plex: Plex,
        state: SyncState,
        config: Stash2PlexConfig,
        sections: Sequence[LibrarySection],
    ) -> None:
        self._stash = stash
        self._plex = plex
        self._state = state
        self._config = config
        self._sections = sections

    def summary_lines(self) -> list[str]:
        """What would change, for the summary; nothing where the settings do not ask for it.

        Raises StashError, PlexError.
        """
        if not is_asked_for(self._config):
            return []
        targets = Targets(self._stash, self._plex, self._state, self._config)
        keys = targets.find(self._sections, targets.titles(everything=True))
        found, orders = targets.read(keys), targets.orders(set(keys.values()))
        placing = Placing(self._plex, self._state, Pace(), orders)
        posters = Posters(self._stash, self._plex, self._state, Pace())
        counts: Counter[str] = Counter()
        for target in found:
            counts["text"] += self._tells_of_text(target)
            counts["poster"] += "poster" not in self._config.leave_fields and posters.may_bring(target)
            counts["order"] += placing.may_place(target) and placing.is_wrong(target)
        lines = [
            f"Collections whose text would change: {counts['text']}",
            f"Collections whose poster would be compared: {counts['poster']}",
            f"Collections whose order would change: {counts['order']}",
        ]
        return [*lines, "Collections that come with new items get theirs at the same sync."]

    def _tells_of_text(self, target: Target) -> bool:
        """Whether the text would be written; says so in the debug log."""
        text = summary_to_write(target)
        if text is None or SUMMARY.title in self._config.leave_fields:
            return False
        old = shortened(target.collection.summary)
        log.debug(
            f"Collection of {target.source.words}: would write summary “{shortened(text)}” (was “{old}”)"
        )
        return True
