"""The words in which a reconcile tells what it found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

from stash import log
from validation.amounts import amount, number

if TYPE_CHECKING:
    from reconciliation.result import GapDetectionResult
    from stash.chosen_scenes import ChosenScenes

# So many of the scenes that share something are named in the log; the debug log names all.
SHARED_SHOWN = 3
# What to do about scenes that share something.
SHARED_CURE = (
    "In Plex, split an item that holds files of several scenes, and scan the folder of a file that is not "
    "there; or merge the scenes in Stash."
)


def scenes_of(scope: str, window: timedelta, chosen: ChosenScenes) -> str:
    """Which scenes a reconcile compares, in words; recent ones are those updated within the window."""
    scenes = chosen.words or "scenes"
    if scope == "all":
        return f"all {scenes}"
    days = ceil(window / timedelta(days=1))
    return f"{scenes} updated in the last {f'{days} days' if days > 1 else '24 hours'}"


def tell(result: GapDetectionResult, is_queued: bool, is_drained: bool) -> None:
    """Log what a reconcile found, and what to do next."""
    log.lines("info", summary_lines(result, is_queued))
    log.lines("warning", (f"Error during reconciliation: {problem}" for problem in result.errors))
    log.lines("info", advice_lines(result, is_drained))


def shared_line(shared: Sequence[str]) -> str:
    """What to do about scenes that share a file or an item with others; some of them are named."""
    return (
        "Scenes left alone because they share a file or an item of Plex with another scene: "
        f"{number(len(shared))} ({'; '.join(shared[:SHARED_SHOWN])}). {SHARED_CURE}"
    )


def summary_lines(result: GapDetectionResult, is_queued: bool) -> list[str]:
    """The summary for the log; `is_queued` is false where there was no queue to put gaps in.

    Scripts read these lines: a number is its digits, in every version.
    """
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


def advice_lines(result: GapDetectionResult, is_drained: bool = False) -> list[str]:
    """What to know and what to do next, after the summary; `is_drained` where a drain follows by itself."""
    return [*_left_out_lines(result), *_doubtful_lines(result), *_next_lines(result, is_drained)]


def _left_out_lines(result: GapDetectionResult) -> Iterator[str]:
    if result.without_file_count:
        yield f"Scenes without a file: {number(result.without_file_count)} (Plex cannot have them: no gap)."
    if result.ignored_count:
        yield f"Ignored: {amount(result.ignored_count, 'scene')} (as you chose on the page; they are no gap)."
    if result.left_out_count:
        yield (
            f"Carried before and not now: {number(result.left_out_count)} (settings scene_filter and "
            "organized_only, or deleted in Stash; left as they are in Plex)."
        )
    if result.not_wanted_count:
        yield (
            f"Not queued: {amount(result.not_wanted_count, 'scene')} not in Plex (setting “Plex holds a "
            "part”)."
        )
    if result.unknown_count:
        yield (
            f"Not judged: {amount(result.unknown_count, 'scene')}, because it is unclear for now whether "
            "Plex has them; the debug log says why."
        )


def _doubtful_lines(result: GapDetectionResult) -> Iterator[str]:
    if result.suggestion:
        yield result.suggestion.advice(result.inexact_count)
    for_path_map = result.ambiguous_count - len(result.shared)
    if for_path_map:
        yield (
            f"Scenes left alone because they fit several files: {number(for_path_map)}; the debug log names "
            "them. The right folders in the setting “Path map” (path_map) tell such files apart."
        )
    if result.shared:
        yield shared_line(result.shared)


def _next_lines(result: GapDetectionResult, is_drained: bool) -> Iterator[str]:
    if result.only_adds:
        yield (
            "It is no longer known what was written to Plex. Until Reconcile Library (All) and then "
            "Process Queue have finished, values are only added in Plex."
        )
    if is_drained and result.is_work_due:
        yield "Process Queue runs next by itself and writes what is queued to Plex."
    elif result.enqueued_count or result.is_work_due:
        yield "Run the task Process Queue to write what is queued to Plex."
    elif result.skipped_already_queued:
        yield (
            "Nothing new was queued. Scenes that will be tried again later by themselves: "
            f"{number(result.skipped_already_queued)}. Queue Status says why."
        )
    elif not result.errors:
        yield from _all_right_lines(result)


def _all_right_lines(result: GapDetectionResult) -> Iterator[str]:
    """That there is nothing to do, where nothing is: a summary of zeros says it to nobody."""
    if not result.scenes_checked:
        yield (
            "There was no scene to compare: Stash has none, or none that this task and the settings choose."
        )
    elif not (result.total_gaps or result.unknown_count or result.ambiguous_count):
        yield "There is nothing to do: Plex has these scenes as they are in Stash."
