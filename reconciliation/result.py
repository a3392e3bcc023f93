"""What a reconcile found, in numbers and in words to be told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from reconciliation.detector import GapKind
from reconciliation.path_map_help import Suggestion


@dataclass
class GapDetectionResult:
    """What a reconcile found. The three kinds add up to the gaps, as does what became of them.

    `ambiguous_count` has the scenes that were not judged because their files fit several items,
    `unknown_count` those of which it cannot be told whether Plex has them,
    `not_wanted_count` the missing ones that are not queued since Plex holds a part on purpose,
    `without_file_count` those that have no file and so no place in Plex, `ignored_count` those that a person
    ignores, which were not judged, `left_out_count` those that were carried once and are not to be any more,
    which were not read, `inexact_count` those that were matched by less than their path;
    `suggestion` is the path map that would make these exact, where they are many. `is_work_due` tells that
    Process Queue would find something to do now, `only_adds` that what was lost of the state is not known
    again, since not everything was read.
    `shared` says of those ambiguous scenes which no path map can help with what they share with which.
    """

    scenes_checked: int = 0
    total_gaps: int = 0
    empty_metadata_count: int = 0
    stale_sync_count: int = 0
    missing_count: int = 0
    enqueued_count: int = 0
    skipped_already_queued: int = 0
    ambiguous_count: int = 0
    unknown_count: int = 0
    not_wanted_count: int = 0
    without_file_count: int = 0
    ignored_count: int = 0
    left_out_count: int = 0
    inexact_count: int = 0
    suggestion: Suggestion | None = None
    is_work_due: bool = False
    only_adds: bool = False
    shared: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def count(self, scenes_checked: int, gaps: Iterable[GapKind]) -> None:
        """Keep how many scenes were looked at, and how many gaps of each kind there are."""
        kinds = list(gaps)
        self.scenes_checked = scenes_checked
        self.total_gaps = len(kinds)
        self.missing_count = kinds.count(GapKind.MISSING)
        self.empty_metadata_count = kinds.count(GapKind.EMPTY_METADATA)
        self.stale_sync_count = kinds.count(GapKind.STALE_SYNC)

    @property
    def suggested_path_map(self) -> str:
        """The setting's text that would make more matches exact; empty where none would."""
        return self.suggestion.path_map if self.suggestion else ""
