"""The words in which a drain tells what it did."""

from __future__ import annotations

import json
import time

from sync_queue.claims import DrainSummary, Outcome
from validation.amounts import amount, amount_of_changes, number


def summary_lines(summary: DrainSummary) -> list[str]:
    """The summary for the log."""
    counts = summary.outcomes
    lines = [
        "=== Process Queue Summary ===",
        f"Written: {number(counts[Outcome.WRITTEN])}",
        f"Unchanged: {number(counts[Outcome.UNCHANGED])}",
        f"Not in Plex: {number(counts[Outcome.NOT_IN_PLEX])}",
        f"Failed: {number(counts[Outcome.FAILED])}",
        f"Left in the queue: {number(summary.left)}",
    ]
    if counts[Outcome.AMBIGUOUS]:
        lines.append(
            f"Ambiguous: {number(counts[Outcome.AMBIGUOUS])} (not written, because it is unclear to which "
            "item; Queue Status says why)"
        )
    if counts[Outcome.UNKNOWN]:
        lines.append(
            f"Not known to be in Plex: {number(counts[Outcome.UNKNOWN])} (kept, and looked for again; Queue "
            "Status says why)"
        )
    if counts[Outcome.BUSY]:
        lines.append(f"Tried again later: {number(counts[Outcome.BUSY])} (Queue Status says why)")
    if counts[Outcome.OPTED_OUT]:
        lines.append(f"Opted out: {number(counts[Outcome.OPTED_OUT])} (their items carry the opt-out label)")
    if counts[Outcome.IGNORED]:
        lines.append(
            f"Ignored: {number(counts[Outcome.IGNORED])} (as you chose on the page; nothing was written)"
        )
    if counts[Outcome.LEFT_OUT]:
        lines.append(left_out_line(counts[Outcome.LEFT_OUT]))
    if counts[Outcome.BARE]:
        lines.append(f"Nothing to carry over: {number(counts[Outcome.BARE])} (no metadata in Stash)")
    if counts[Outcome.DELETED]:
        lines.append(f"Deleted in Stash: {number(counts[Outcome.DELETED])} (left as they are in Plex)")
    return lines


def left_out_line(count: int) -> str:
    """How many scenes a drain left alone because the settings do not choose them."""
    return (
        f"Not among the scenes to carry: {number(count)} (settings scene_filter and organized_only; left as "
        "they are in Plex)"
    )


def caught_up_line(scenes: int, others: int) -> str:
    """What was found in Stash before the drain, beside what hooks had told; `others` are no scenes."""
    found = amount_of_changes(scenes, others)
    theirs = "; scenes that show one of these are looked at, too" if others else ""
    return f"Changed in Stash without telling the plugin, and queued now: {found}{theirs}."


def automatic_lines(summary: DrainSummary) -> list[str]:
    """One line for a drain that nobody asked for, and one for scenes that are not to be carried.

    None where nothing happened that a user wants to know: older jobs that only came due and ended as before
    are no news.
    """
    written = summary.outcomes[Outcome.WRITTEN]
    left_out = summary.outcomes[Outcome.LEFT_OUT]
    aside = [f"{left_out_line(left_out)}."] if left_out else []
    others = [
        f"{number(count)} {outcome.value}"
        for outcome in (
            Outcome.NOT_IN_PLEX,
            Outcome.UNKNOWN,
            Outcome.AMBIGUOUS,
            Outcome.BUSY,
            Outcome.FAILED,
        )
        if (count := summary.outcomes[outcome] - summary.again[outcome])
    ]
    if written:
        told = [f"{number(written)} {Outcome.WRITTEN.value}", *others]
        return [f"Changes in Stash carried to Plex, scenes: {', '.join(told)}.", *aside]
    if others:
        told = [f"Changes in Stash not carried to Plex, scenes: {', '.join(others)}. Queue Status says why."]
        return [*told, *aside]
    return aside


def nothing_due_line(waiting: int) -> str:
    """What to tell where there is nothing to do."""
    if waiting:
        return f"Nothing is due: {amount(waiting, 'scene')} will be tried again later. Queue Status says why."
    return "The queue is empty: nothing to write to Plex."


def fact_of(summary: DrainSummary) -> str:
    """What Queue Status tells of this drain later."""
    written, failed = summary.outcomes[Outcome.WRITTEN], summary.outcomes[Outcome.FAILED]
    return json.dumps(
        {"at": time.time(), "what": f"{amount(written, 'scene')} written, {number(failed)} failed"}
    )


def advice_lines(summary: DrainSummary) -> list[str]:
    """What to do next, after the summary."""
    if summary.outcomes[Outcome.FAILED]:
        return ["Queue Status lists what failed and why; Retry Failed queues it again."]
    if summary.outcomes[Outcome.NOT_IN_PLEX] and summary.left:
        return [
            "Scenes that are not in Plex stay in the queue and are looked for again at later runs. "
            "If Plex does show them, run Check Setup: it compares the folders of both servers."
        ]
    return []
