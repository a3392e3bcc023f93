"""The words in which a reconcile tells what it found."""

from __future__ import annotations

from reconciliation.engine import GapDetectionResult


def summary_lines(result: GapDetectionResult, is_queued: bool) -> list[str]:
    """The summary for the log; `is_queued` is false where there was no queue to put gaps in."""
    lines = [
        "=== Reconciliation Summary ===",
        f"Scenes checked: {result.scenes_checked}",
        f"Gaps found: {result.total_gaps}",
        f"  Empty metadata: {result.empty_metadata_count}",
        f"  Stale sync: {result.stale_sync_count}",
        f"  Missing from Plex: {result.missing_count}",
    ]
    if is_queued:
        lines.append(f"Enqueued: {result.enqueued_count}")
        lines.append(f"Skipped (already queued): {result.skipped_already_queued}")
    else:
        lines.append("Detection-only mode (no items enqueued)")
    return lines


def advice_lines(result: GapDetectionResult) -> list[str]:
    """What to do next, after the summary."""
    lines = []
    if result.without_file_count:
        lines.append(f"Scenes without a file: {result.without_file_count} (Plex cannot have them: no gap).")
    if result.not_wanted_count:
        lines.append(
            f"Not queued: {result.not_wanted_count} scenes not in Plex (setting “Plex holds a part”)."
        )
    if result.suggestion:
        lines.append(result.suggestion.advice(result.inexact_count))
    if result.ambiguous_count:
        lines.append(
            f"{result.ambiguous_count} scenes fit several files and are left alone; the debug log names "
            "them. A path map (setting path_map) makes matches exact."
        )
    if result.only_adds:
        lines.append(
            "Some of what was written to Plex earlier is not known any more. Until Reconcile Library (All) "
            "reads everything, only additions are written."
        )
    if result.unknown_count:
        lines.append(
            f"Not judged: {result.unknown_count} scenes, as it cannot be told now whether Plex has them; the "
            "debug log says why."
        )
    if result.enqueued_count or result.is_work_due:
        lines.append("Run the task Process Queue to write what is queued to Plex.")
    elif result.skipped_already_queued:
        lines.append(
            "Nothing new was queued. Scenes that wait for a later try, which comes by itself: "
            f"{result.skipped_already_queued}. Queue Status says why they wait."
        )
    return lines
