"""Why a scene is not in sync and what to do about it, in sentences for a person: the one place for both."""

from __future__ import annotations

import re

from plex.matching import ONLY_IN_TRASH, Match, MatchLevel
from reconciliation.found import KIND_OF_GAP
from reconciliation.summary import SHARED_CURE
from sync_queue.catch_up import GONE, REASON
from sync_queue.claims import Outcome
from sync_queue.findings import HELD_IN_PART, OPTED_OUT, FindingKind, ListedFinding
from sync_queue.hook import ALL_SCENES
from sync_queue.job import Job
from sync_queue.queue_list import FAILED_STATE, WAITING
from validation.config import DISPLAY_NAMES

# Why the jobs are there that the page asked for.
ASKED, NO_LONGER_IGNORED = "sync now", "no longer ignored"
# By the reason of a job that a reconcile has queued.
_OF_GAPS = {gap.value: kind for gap, kind in KIND_OF_GAP.items()}
_ENTITY_CHANGED = re.compile(r"(performer|studio|tag|group|scenes) changed")


def reason_line(finding: ListedFinding) -> str:
    """Why a scene was found; also for one that is ignored and was not found to be anything."""
    if finding.kind == FindingKind.LEFT_OUT.value:
        return {
            HELD_IN_PART: "Plex holds a part of the scenes, and not this one.",
            OPTED_OUT: "Its item in Plex carries the opt-out label.",
        }.get(finding.reason, "Nothing was entered for it in Stash, and Plex does not have it.")
    return _as_sentence(finding.reason) or {
        FindingKind.MISSING.value: "Plex has none of its files.",
        FindingKind.EMPTY.value: "Plex knows nothing of it but its file.",
        FindingKind.STALE.value: "What Stash has for it now was not yet written to Plex.",
        FindingKind.WITHOUT_FILE.value: "It has no file, so Plex cannot have it.",
    }.get(finding.kind, "You chose to ignore it.")


def cure_line(finding: ListedFinding) -> str:
    """What to do about it."""
    if finding.kind == FindingKind.LEFT_OUT.value:
        return {
            HELD_IN_PART: f"To be told of such scenes, switch off {_setting('plex_holds_a_part')}.",
            OPTED_OUT: f"To have it written, take the label that {_setting('opt_out_label')} names off the "
            "item in Plex.",
        }.get(finding.reason, "Enter something for it in Stash.")
    return {
        FindingKind.MISSING.value: _missing_line(),
        FindingKind.EMPTY.value: "Sync it now, or run Process Queue.",
        FindingKind.STALE.value: "Sync it now, or run Process Queue.",
        FindingKind.AMBIGUOUS.value: _path_map_line() if finding.is_for_path_map else SHARED_CURE,
        FindingKind.UNKNOWN.value: _unknown_line(finding.reason),
        FindingKind.WITHOUT_FILE.value: "Scan its file in Stash, or delete the scene there.",
    }.get(finding.kind, "To have it written again, choose Sync now, or stop ignoring it.")


def job_reason_line(job: Job) -> str:
    """Why a job is in the queue, or why it is still there."""
    if job.problem:
        return _as_sentence(job.problem)
    if job.entity == ALL_SCENES:
        return "What was written to Plex is compared with all that Stash has now."
    if job.entity:
        return f"This {job.entity} changed in Stash; its scenes are looked up when the queue is processed."
    if job.reason in _OF_GAPS:
        return reason_line(ListedFinding(job.scene_id, _OF_GAPS[job.reason].value, "", 0, False, "", ""))
    changed = _ENTITY_CHANGED.fullmatch(job.reason)
    if changed:
        return f"A {changed[1]} that it has changed in Stash." if changed[1] != "scenes" else _compared_line()
    return {
        "Scene.Create.Post": "It is new in Stash.",
        "Scene.Update.Post": "It was saved in Stash.",
        "Scene.Destroy.Post": "It was deleted in Stash.",
        REASON: "It changed in Stash without a hook that told of it.",
        GONE: "It, or something that it had, is gone from Stash.",
        ASKED: "You asked for it.",
        NO_LONGER_IGNORED: "You stopped ignoring it.",
    }.get(job.reason, _compared_line())


def job_cure_line(job: Job, state: str) -> str:
    """What to do about a job in this state."""
    if state == FAILED_STATE:
        return "Do what the reason says, then retry it."
    if state == WAITING:
        return "Process Queue writes it."
    if job.waits_for == Outcome.NOT_IN_PLEX.name:
        return _missing_line()
    if job.waits_for == Outcome.AMBIGUOUS.name:
        return f"{SHARED_CURE} Or {_path_map_line()[:1].lower()}{_path_map_line()[1:]}"
    if job.waits_for == Outcome.UNKNOWN.name:
        return _unknown_line(job.problem)
    return "It is tried again by itself. If it keeps failing, see whether both servers are well."


def unmatched_lines(match: Match) -> tuple[str, str]:
    """Why a scene with this match has no item that is written, and what to do about it."""
    kinds = {MatchLevel.AMBIGUOUS: FindingKind.AMBIGUOUS, MatchLevel.NONE: FindingKind.MISSING}
    kind = kinds.get(match.level, FindingKind.UNKNOWN)
    finding = ListedFinding(0, kind.value, match.reason, 0, match.is_for_path_map, "", "")
    return reason_line(finding), cure_line(finding)


def left_out_lines(chosen: str) -> tuple[str, str]:
    """Why a scene that is not among the chosen ones is not written, and what to do about it."""
    return (
        f"Only {chosen} are carried to Plex, and this scene is not one of them: what Plex has of it stays.",
        f"To have it written, change the scene, {_setting('scene_filter')} or {_setting('organized_only')}.",
    )


def _missing_line() -> str:
    return (
        "Let Plex scan the folder of its file. If Plex shows the file under another path, set "
        f"{_setting('path_map')}: Check Setup says how. If Plex is not to have all scenes, switch on "
        f"{_setting('plex_holds_a_part')}."
    )


def _path_map_line() -> str:
    return f"Set {_setting('path_map')}, so that files are matched by their whole path: Check Setup says how."


def _unknown_line(reason: str) -> str:
    if reason == ONLY_IN_TRASH.reason:
        return "Bring the file back and let Plex scan it, or empty the trash of its library in Plex."
    return "It is looked at again by itself. Run Reconcile Library (All) once both servers are at rest."


def _compared_line() -> str:
    return "It is compared with Plex once more."


def _setting(key: str) -> str:
    """A setting as every sentence names it."""
    return f"the setting “{DISPLAY_NAMES[key]}” ({key})"


def _as_sentence(text: str) -> str:
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")
