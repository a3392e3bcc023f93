"""Whatever a scene is found to be, whatever its job waits for: a sentence says why and what to do."""

from __future__ import annotations

import re

import pytest

from operations.cures import (
    ASKED,
    NO_LONGER_IGNORED,
    cure_line,
    job_cure_line,
    job_reason_line,
    reason_line,
    unmatched_lines,
)
from plex.matching import ONLY_IN_TRASH, Match, MatchLevel
from reconciliation.detector import GapKind
from sync_queue.catch_up import GONE, REASON
from sync_queue.claims import Outcome
from sync_queue.findings import HELD_IN_PART, OPTED_OUT, FindingKind, ListedFinding
from sync_queue.hook import ALL_SCENES
from sync_queue.job import UNREADABLE, Job
from sync_queue.queue_list import STATES
from tests.builders.bench import a_job
from tests.servers.stash.plugins import load_plugin
from tests.servers.world import ROOT
from validation.config import DISPLAY_NAMES

PLUGIN = load_plugin(ROOT / "Stash2Plex.yml")
TASKS = {task.name for task in PLUGIN.tasks}
FOUND = [
    *((kind.value, "", is_for_path_map) for kind in FindingKind for is_for_path_map in (False, True)),
    ("left_out", HELD_IN_PART, False),
    ("left_out", OPTED_OUT, False),
    ("unknown", ONLY_IN_TRASH.reason, False),
    ("ambiguous", "2 files in Plex fit one of its files by file name", False),
    ("", "", False),
]


def assert_sentences(*texts: str) -> None:
    """Each is whole, and names settings and tasks as they are called in Stash."""
    for text in texts:
        assert re.fullmatch(r"[“A-Z0-9].*[.!?]", text), text
        for title, key in re.findall(r"“([^”]+)” \((\w+)\)", text):
            assert DISPLAY_NAMES[key] == title
        for name in re.findall(r"Run ([A-Z]\w+ [A-Z]\w+(?: \([A-Z]\w+\))?)", text):
            assert name in TASKS, text


@pytest.mark.parametrize(("kind", "reason", "is_for_path_map"), FOUND)
def test_every_finding_has_a_reason_and_a_cure(kind: str, reason: str, is_for_path_map: bool) -> None:
    finding = ListedFinding(1, kind, reason, 0, is_for_path_map, "", "")
    if kind not in ("ambiguous", "unknown") or reason:
        assert_sentences(reason_line(finding))
    assert_sentences(cure_line(finding))


def jobs() -> list[Job]:
    hooks = [
        trigger for hook in PLUGIN.hooks for trigger in hook.triggered_by if trigger.startswith("Scene.")
    ]
    reasons = [*hooks, *(kind.value for kind in GapKind), REASON, GONE, ASKED, NO_LONGER_IGNORED, "who knows"]
    entities = ("performer", "studio", "tag", "group", ALL_SCENES)
    return [
        *(a_job(reason=reason) for reason in reasons),
        *(a_job(reason=f"{entity} changed") for entity in entities),
        *(a_job(0, "Tag.Update.Post", entity=entity, entity_id=3) for entity in entities),
        *(a_job(waits_for=outcome.name, problem="plex has none of them") for outcome in Outcome),
        a_job(0, "damaged job", problem=UNREADABLE),
    ]


@pytest.mark.parametrize("job", jobs(), ids=lambda job: f"{job.reason} {job.entity} {job.waits_for}")
def test_every_job_says_why_it_is_there_and_what_becomes_of_it(job: Job) -> None:
    assert_sentences(job_reason_line(job), *(job_cure_line(job, state) for state in STATES))


def test_what_a_person_did_in_stash_is_told_in_their_words() -> None:
    told = {job.reason: job_reason_line(job) for job in jobs() if not job.problem}
    assert told["Scene.Update.Post"] == "It was saved in Stash."
    assert told["performer changed"] == "A performer that it has changed in Stash."
    assert told["missing from Plex"] == "Plex has none of its files."
    assert told["who knows"] == told["scenes changed"] == "It is compared with Plex once more."


@pytest.mark.parametrize("level", MatchLevel)
def test_a_scene_without_an_item_is_told_why(level: MatchLevel) -> None:
    assert_sentences(*unmatched_lines(Match(level, reason="nobody knows")))
