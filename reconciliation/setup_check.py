"""What is right in the set-up, what is wrong and what to do about it; nothing is changed, nothing is queued.

A check that fails does not end the others: whatever can still be told is told.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from typing import Any

from plex.client import Plex, connect, read_version
from plex.exceptions import TYPES, LibraryNotFound, NoMovieLibrary, PlexError
from plex.library import LibrarySection, check_names, choose_sections, read_all_sections
from plex.listing import count_items
from plex.matching import MatchLevel
from reconciliation import path_map_help
from reconciliation.library_size import LibrarySizes
from reconciliation.setup_absence import reason_for_absence
from reconciliation.setup_sample import Effort, Sample, take_sample
from reconciliation.setup_tags import doubts_about_tags
from reconciliation.summary import shared_line
from stash import log
from stash.chosen_scenes import as_set
from stash.client import Stash
from stash.exceptions import StashError
from stash.log import Progress
from sync_queue import data_folder
from sync_queue.drain_request import switch_automatic
from sync_queue.facts import known_sizes
from sync_queue.state import SyncState
from sync_queue.state_database import is_there
from validation.amounts import amount, number
from validation.config import Stash2PlexConfig
from validation.exceptions import SettingsInvalid
from validation.usable import Usable, usable_settings

OLDEST_STASH = (0, 28, 0)
# Queue, state and reports of a hundred thousand scenes.
FREE_BYTES = 300_000_000
# The levels of a match that are always told; the others only where there is such a match.
LEVELS_TOLD = (MatchLevel.EXACT, MatchLevel.NONE)

Connect = Callable[[], tuple[Stash, Mapping[str, Any]]]


class Level(Enum):
    """How a finding is logged."""

    RIGHT = "info"
    DOUBT = "warning"
    WRONG = "error"


@dataclass(frozen=True)
class Finding:
    """One line for the user; `is_missing` says that something is not there yet, rather than wrong."""

    level: Level
    text: str
    is_missing: bool = False


@dataclass(frozen=True)
class Manner:
    """How a set-up is checked: by the task, or for a page that waits for the answer.

    The task also tells the hooks whether to ask for a drain, and how far it is; `effort` is for the scenes
    that are looked for, None for the usual one.
    """

    is_task: bool = True
    effort: Effort | None = None


def check_setup(connect_to_stash: Connect, data_dir: str) -> str | None:
    """Check everything and log it, a line each; returns the error to end with, if something is wrong.

    What is only missing, as all is on a new installation, is no error: the last line has it in order.
    `connect_to_stash` gives a connection and what Stash stored of the settings; it may raise StashError.
    """
    levels, missing = [], []
    for finding in find_out(connect_to_stash, data_dir):
        if finding.is_missing:
            missing.append(finding.text)
        else:
            log.line(finding.level.value, finding.text)
            levels.append(finding.level)
    if missing:
        log.warning(_steps(missing))
    problems = levels.count(Level.WRONG)
    if problems:
        found = f"{problems} problem{'s' if problems > 1 else ''} found."
        log.info(f"{found} Fix what the error lines name, then run Check Setup again.")
        return found
    if not missing:
        found = (
            "Nothing is wrong; the warnings say what could be better."
            if Level.DOUBT in levels
            else "Everything is right."
        )
        log.info(f"{found} Run Reconcile Library (All), then Process Queue.")
    return None


def _steps(missing: Sequence[str]) -> str:
    """What to do where nothing is wrong yet, in one line: Stash shows the newest line first."""
    steps = " ".join(f"{number}. {text}" for number, text in enumerate(missing, 1))
    return (
        f"The set-up is not finished. Do this, in this order: {steps} {len(missing) + 1}. Run Check Setup "
        "again. Or let the page do it with you: Settings → Tools → Stash2Plex."
    )


def find_out(connect_to_stash: Connect, data_dir: str, manner: Manner = Manner()) -> Iterator[Finding]:
    """Everything that can be said of the set-up, as far as it comes.

    `connect_to_stash` gives a connection and the settings to check; it may raise StashError.
    """
    try:
        stash, stored = connect_to_stash()
    except StashError as problem:
        yield Finding(Level.WRONG, str(problem))
        yield _check_data_folder(data_dir)
        return
    yield _check_stash(stash)
    settings = usable_settings(stored)
    yield from _check_settings(settings)
    yield from _check_tags(stash, settings.config)
    stash, told = _choose(stash, settings.config)
    yield from told
    data_folder_found = _check_data_folder(data_dir)
    yield data_folder_found
    if data_folder_found.level is not Level.WRONG and manner.is_task:
        _switch_drain(settings, stored, data_dir)
    if settings.has("plex_url"):
        yield from _check_plex(stash, settings, data_dir, manner)


def _check_stash(stash: Stash) -> Finding:
    version = stash.version
    name = ".".join(map(str, version))
    if not any(version):
        return Finding(Level.RIGHT, "Stash answers; its build has no version number.")
    if version < OLDEST_STASH:
        return Finding(Level.DOUBT, f"Stash {name} answers. It is older than 0.28: update Stash.")
    return Finding(Level.RIGHT, f"Stash {name} answers.")


def _check_settings(settings: Usable) -> Iterator[Finding]:
    for problem in settings.problems:
        yield Finding(Level.WRONG, problem, is_missing=problem in settings.not_set)
    yield from (Finding(Level.DOUBT, warning) for warning in settings.warnings)
    if not settings.problems:
        yield Finding(Level.RIGHT, "The settings can be used.")


def _switch_drain(settings: Usable, stored: Mapping[str, Any], data_dir: str) -> None:
    has_switch = settings.values.get("manual_drain") == stored.get("manual_drain")
    if has_switch and os.path.isdir(data_dir):
        switch_automatic(data_dir, is_on=not settings.config.manual_drain)


def _check_tags(stash: Stash, config: Stash2PlexConfig) -> Iterator[Finding]:
    try:
        yield from (Finding(Level.DOUBT, doubt) for doubt in doubts_about_tags(stash, config))
    except StashError as problem:
        yield Finding(Level.WRONG, str(problem))


def _choose(stash: Stash, config: Stash2PlexConfig) -> tuple[Stash, Sequence[Finding]]:
    """The connection that reads the scenes to carry, and what is to be said of these."""
    try:
        stash = as_set(stash, config, mode="check_setup")
        if stash.chosen.are_all:
            return stash, ()
        count, words = stash.count_chosen(), stash.chosen.words
        text = f"To be carried: {number(count)} of {number(stash.count_scenes())} scenes ({words})."
    except (SettingsInvalid, StashError) as problem:
        return stash, [Finding(Level.WRONG, str(problem))]
    return stash, [Finding(Level.RIGHT if count else Level.DOUBT, text)]


def _check_data_folder(data_dir: str) -> Finding:
    try:
        free = data_folder.check(data_dir)
    except OSError as problem:
        return Finding(Level.WRONG, data_folder.problem_text(data_dir, problem))
    if free < FREE_BYTES:
        text = f"Only {free / 1e6:,.0f} MB are free where the data folder {data_dir} is. Make room there."
        return Finding(Level.DOUBT, text)
    return Finding(Level.RIGHT, f"The data folder {data_dir} can be written; {free / 1e9:,.1f} GB are free.")


def _check_plex(stash: Stash, settings: Usable, data_dir: str, manner: Manner) -> Iterator[Finding]:
    """Everything that needs Plex, as far as it comes."""
    config = settings.config
    try:
        yield Finding(Level.RIGHT, f"Plex {read_version(config)} answers at {config.plex_url}.")
        if settings.has("plex_token"):
            plex = connect(config, data_dir)
            yield _check_token(plex)
            everything = read_all_sections(plex)
            chosen = choose_sections(everything, config.plex_library)
            counts = {section: count_items(plex, section) for section in chosen}
            expected, shrunk = _known_before(data_dir, plex.machine_identifier, counts)
            yield from _check_libraries(counts, shrunk, everything, config)
            yield from _check_scenes(stash, plex, everything, expected, config, manner)
    except (PlexError, StashError) as problem:
        yield Finding(Level.WRONG, str(problem))


def _check_token(plex: Plex) -> Finding:
    is_owners = plex.is_owners_token()
    if is_owners is False:
        return Finding(
            Level.WRONG,
            f"The server “{plex.name}” accepts the token in setting “Plex token” (plex_token), but it is "
            "not the owner's, so nothing can be written with it. Copy the token of the server's owner.",
        )
    owner = ", which is its owner's" if is_owners else ""
    return Finding(Level.RIGHT, f"The server “{plex.name}” accepts the token{owner}.")


def _known_before(
    data_dir: str, server: str, counts: Mapping[LibrarySection, int]
) -> tuple[Mapping[int, int], Mapping[int, str]]:
    """How many items libraries had at the last reconcile that believed it, by their keys.

    And, by their keys, what is to be said of those that have so few now that it is hard to believe.
    """
    if not is_there(data_dir):
        return {}, {}
    with closing(SyncState(data_dir)) as state:
        sizes = LibrarySizes(state, server, is_by_hand=False, only_looks=True)
        problems = {section.key: sizes.problem_with(section, count) for section, count in counts.items()}
        return known_sizes(state, server), {key: problem for key, problem in problems.items() if problem}


def _check_libraries(
    counts: Mapping[LibrarySection, int],
    shrunk: Mapping[int, str],
    everything: Sequence[LibrarySection],
    config: Stash2PlexConfig,
) -> Iterator[Finding]:
    for section, count in counts.items():
        if section.key in shrunk:
            yield Finding(Level.DOUBT, shrunk[section.key])
        elif config.plex_library and not count:
            text = f"Library “{section.title}” is empty. In Plex, add its folders and let it scan them."
            yield Finding(Level.DOUBT, text)
        else:
            yield Finding(Level.RIGHT, f"Library “{section.title}”: {amount(count, 'item')}.")
    try:
        check_names(everything, config.plex_library)
        if not counts:
            raise NoMovieLibrary
    except (LibraryNotFound, NoMovieLibrary) as problem:
        yield Finding(Level.WRONG, str(problem))
    others = [section for section in everything if not section.is_for_movies]
    if others:
        names = ", ".join(
            f"“{section.title}” ({TYPES.get(section.type, section.type)})" for section in others
        )
        yield Finding(Level.RIGHT, f"Not written to, because they are not movie libraries: {names}.")


def _check_scenes(
    stash: Stash,
    plex: Plex,
    everything: Sequence[LibrarySection],
    expected: Mapping[int, int],
    config: Stash2PlexConfig,
    manner: Manner,
) -> Iterator[Finding]:
    # A library's name that is wrong does not hide a path map that is.
    chosen = choose_sections(everything, config.plex_library) or choose_sections(everything, ())
    if not chosen:
        return
    if manner.is_task:
        log.info("Looking for some scenes from all over Stash in Plex…")
    sample = take_sample(stash, plex, chosen, config.path_map, expected, Progress(), manner.effort)
    yield from (Finding(Level.DOUBT, problem) for problem in sample.unreadable)
    if not sample.scenes:
        if stash.chosen.are_all:
            text = "Stash has no scene with a file. Scan your folders in Stash first."
            yield Finding(Level.DOUBT, text, is_missing=True)
        return
    yield from _tell_counts(sample)
    yield from _judge(sample, chosen, everything, config)


def _tell_counts(sample: Sample) -> Iterator[Finding]:
    # Each line says of what it is: Stash shows the newest first, without its indent.
    of = f"Of {len(sample.scenes)} scenes from all over Stash,"
    for level in MatchLevel:
        count = sample.count(level)
        if level is MatchLevel.NONE:
            count -= sample.bare_and_absent
        if count or level in LEVELS_TOLD:
            found = "found " if level.value.startswith("by ") else ""
            yield Finding(Level.RIGHT, f"{of} {found}{level.value}: {count}")
    if sample.bare_and_absent:
        yield Finding(
            Level.RIGHT,
            f"{of} not in Plex, but with nothing to carry over, so no gap: {sample.bare_and_absent}",
        )
    if sample.without_file:
        yield Finding(
            Level.RIGHT, f"In addition, scenes without a file, which Plex cannot have: {sample.without_file}"
        )


def _judge(
    sample: Sample,
    chosen: Sequence[LibrarySection],
    everything: Sequence[LibrarySection],
    config: Stash2PlexConfig,
) -> Iterator[Finding]:
    """What the counts mean."""
    if path_map_help.is_path_map_needed(sample.inexact, sample.matched):
        helpful = path_map_help.helpful_path_map(sample.pairs(), config.path_map)
        if helpful:
            yield Finding(Level.DOUBT, helpful.advice(sample.inexact))
    shared = sample.shared()
    if shared:
        yield Finding(Level.DOUBT, shared_line(shared))
    ambiguous = sample.count(MatchLevel.AMBIGUOUS) - len(shared)
    if path_map_help.is_path_map_needed(ambiguous, len(sample.scenes)):
        yield Finding(
            Level.DOUBT,
            f"Scenes left alone because they fit several files: {number(ambiguous)}. The right folders in "
            "the setting “Path map” (path_map) tell such files apart.",
        )
    absent = sample.absent()
    if len(absent) == len(sample.scenes):
        reason = reason_for_absence(absent, config.path_map, chosen, everything)
        looked_for = f"None of the {len(absent)} scenes looked for is in Plex."
        yield Finding(Level.WRONG, f"{looked_for} {reason}")
    elif 2 * len(absent) > len(sample.scenes) and not config.plex_holds_a_part:
        reason = reason_for_absence(absent, config.path_map, chosen, everything)
        yield Finding(
            Level.DOUBT,
            f"{len(absent)} of {len(sample.scenes)} scenes looked for are not in Plex. If that is on "
            f"purpose, switch on “Plex holds a part” (plex_holds_a_part). {reason}",
        )
