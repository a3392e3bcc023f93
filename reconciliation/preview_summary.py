"""What a preview comes to, in words: for the log, and list by list for the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from back_to_stash.brought import NOT_OWNERS, Brought, counts_in_words
from reconciliation.preview_collections import CollectionsPreviewed
from sync_queue.previewed import BACK, COLLECTIONS, ITEMS
from sync_queue.summary import left_out_line
from validation.amounts import number


@dataclass
class PreviewResult:
    """What would happen: items and fields that would be written, and scenes that would not be.

    `logos` is None where none are carried, `left_out` counts those that wait and are not to be carried.
    `collections` is what these would get, `back` what would come from Plex to Stash; None where the settings
    want nothing of that.
    """

    items: int = 0
    unchanged: int = 0
    not_written: int = 0
    opted_out: int = 0
    left_out: int = 0
    covers: int = 0
    logos: int | None = None
    fields: Counter[str] = field(default_factory=Counter)
    report: Path | None = None
    collections: CollectionsPreviewed | None = None
    back: Brought | None = None

    @property
    def is_anything_there(self) -> bool:
        """Whether the report has anything to show."""
        return bool(
            self.items or (self.collections and self.collections.rows) or (self.back and self.back.changes)
        )


def summary_lines(result: PreviewResult) -> list[str]:
    """The summary for the log."""
    lines = [
        "=== Preview Summary (nothing was written to Plex) ===",
        f"Items that would be written: {number(result.items)}",
        *(
            f"Items whose {title} would change: {number(count)}"
            for title, count in sorted(result.fields.items())
        ),
        *(line for lines in other_lines(result).values() for line in lines),
    ]
    if result.is_anything_there:
        lines.append(f"Every change that would be written is in the report {result.report}")
    else:
        lines.append("No item would be changed: everything that was compared already shows what Stash has.")
    return lines


def other_lines(result: PreviewResult) -> Mapping[str, Sequence[str]]:
    """What no row of a list says, by the list; only of those that the settings want."""
    lists = {ITEMS: _item_lines(result)}
    if result.collections is not None:
        lists[COLLECTIONS] = list(result.collections.lines)
    if result.back is not None:
        counts = counts_in_words(result.back) or "nothing"
        lists[BACK] = [f"Bring Back From Plex would bring to Stash: {counts}"]
        lists[BACK] += [] if result.back.is_owner else [NOT_OWNERS]
    return lists


def _item_lines(result: PreviewResult) -> list[str]:
    lines = [
        f"Covers that would be compared: {number(result.covers)}",
        *([] if result.logos is None else [f"Logos that would be compared: {number(result.logos)}"]),
        f"Queued or to be queued, but already right: {number(result.unchanged)}",
        f"Not written (not in Plex, or ambiguous): {number(result.not_written)}",
    ]
    if result.opted_out:
        lines.append(f"Opted out: {number(result.opted_out)}")
    if result.left_out:
        lines.append(left_out_line(result.left_out))
    return lines
