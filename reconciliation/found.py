"""What a reconcile found of each scene, for the page: kept in the state until the scene is synced."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from plex.matching import MatchLevel
from reconciliation.detector import GapKind
from sync_queue.findings import HELD_IN_PART, Finding, FindingKind, FindingsReplacement

if TYPE_CHECKING:
    from reconciliation.seen import SeenScene
    from reconciliation.touched import Place
    from sync_queue.state import SyncState

# What each kind of gap is called on the page.
KIND_OF_GAP = {
    GapKind.MISSING: FindingKind.MISSING,
    GapKind.EMPTY_METADATA: FindingKind.EMPTY,
    GapKind.STALE_SYNC: FindingKind.STALE,
}
_UNJUDGED = {MatchLevel.AMBIGUOUS: FindingKind.AMBIGUOUS, MatchLevel.UNKNOWN: FindingKind.UNKNOWN}


class FoundScenes:
    """Takes what was found of chunk after chunk of scenes."""

    def __init__(self, replacement: FindingsReplacement | None, holds_a_part: bool) -> None:
        self._replacement = replacement
        self._holds_a_part = holds_a_part

    def add(
        self, chunk: Sequence[SeenScene], places: Mapping[int, Place], gaps: Mapping[int, GapKind]
    ) -> None:
        """Add what was found of these scenes, whose gaps are among `gaps`."""
        if self._replacement is not None:
            self._replacement.add(self._findings(chunk, places, gaps))

    def _findings(
        self, chunk: Sequence[SeenScene], places: Mapping[int, Place], gaps: Mapping[int, GapKind]
    ) -> Iterator[Finding]:
        for scene in chunk:
            match = places[scene.scene_id].match
            kind, reason = gaps.get(scene.scene_id), ""
            if kind is not None:
                found: FindingKind | None = KIND_OF_GAP[kind]
            elif not scene.has_files:
                found = FindingKind.WITHOUT_FILE
            else:
                found, reason = _UNJUDGED.get(match.level), match.reason
            if found is FindingKind.MISSING and self._holds_a_part:
                found, reason = FindingKind.LEFT_OUT, HELD_IN_PART
            elif found is None and match.level is MatchLevel.NONE:
                found = FindingKind.LEFT_OUT
            if found is not None:
                rating_key = match.parts[0].rating_key if match.parts else 0
                yield Finding(scene.scene_id, found, reason, rating_key, match.is_for_path_map)


@contextmanager
def keeping_found(
    state: SyncState, scene_ids: Collection[int] | None, is_kept: bool, holds_a_part: bool
) -> Iterator[FoundScenes]:
    """Collect what is found; where it is to be kept it replaces what was known of these scenes, or of all."""
    if not is_kept:
        yield FoundScenes(None, holds_a_part)
        return
    with state.findings.replacing(scene_ids) as replacement:
        yield FoundScenes(replacement, holds_a_part)
