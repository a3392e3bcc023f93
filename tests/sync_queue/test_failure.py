"""Promises about what a failure means: the server's trouble is nobody's fault, and one scene's is its own."""

from __future__ import annotations

import sqlite3

import pytest

from plex import exceptions as of_plex
from stash import exceptions as of_stash
from stash.exceptions import GraphQLRefusal, ImageUnusable
from sync_queue.failure import Meaning, is_outage, is_shared_by_all, meaning_for_the_only_one, meaning_of
from validation.exceptions import SceneMalformed

OF_A_SERVER = [
    of_stash.StashUnavailable("…"),
    of_stash.StashRefused("…"),
    of_stash.StashAnswerInvalid("…"),
    GraphQLRefusal("sql: database is closed"),
    of_plex.PlexUnavailable("…"),
    of_plex.PlexRefused("…"),
    of_plex.PlexAnswerInvalid("…"),
    of_plex.LibraryNotFound({"Flims": ""}, ["Films"]),
    of_plex.PlexError("…"),
    sqlite3.OperationalError("disk I/O error"),
    sqlite3.DatabaseError("database disk image is malformed"),
    OSError(28, "No space left on device"),
    MemoryError(),
]


@pytest.mark.parametrize("error", OF_A_SERVER, ids=lambda error: type(error).__name__)
def test_what_no_scene_brings_about_is_no_scenes_fault(error: Exception) -> None:
    assert meaning_of(error) is Meaning.SERVER_IN_TROUBLE


@pytest.mark.parametrize("error", [of_plex.PlexBusy("…"), of_plex.PlexNotFound("…")])
def test_what_may_be_otherwise_later_is_kept(error: Exception) -> None:
    assert meaning_of(error) is Meaning.NOT_NOW


@pytest.mark.parametrize(
    "error",
    [
        of_plex.PlexRejected("…"),
        of_plex.PlexTooLarge("…"),
        SceneMalformed("1", "…"),
        ImageUnusable("…"),
        ZeroDivisionError(),
    ],
)
def test_what_the_scene_itself_brings_about_is_failed(error: Exception) -> None:
    assert meaning_of(error) is Meaning.NEVER


def test_only_a_server_that_does_not_answer_is_an_outage() -> None:
    outages = [error for error in OF_A_SERVER if is_outage(error)]
    kinds = [of_stash.StashUnavailable, GraphQLRefusal, of_plex.PlexUnavailable]
    assert [type(error) for error in outages] == kinds


@pytest.mark.parametrize(
    ("failures", "asked", "is_shared"),
    [
        ([of_plex.PlexRejected("400: Bad"), of_plex.PlexRejected("400: Bad")], 2, True),
        ([of_plex.PlexRejected("item 7: Bad"), of_plex.PlexRejected("item 8: Bad")], 2, True),
        ([of_plex.PlexRejected("400: Bad"), of_plex.PlexRejected("400: Bad")], 3, False),
        ([of_plex.PlexRejected("400: Bad"), of_plex.PlexRejected("Odd")], 2, False),
        ([of_plex.PlexTooLarge("413: a=1", 413), of_plex.PlexTooLarge("413: b=2", 413)], 2, True),
        ([of_plex.PlexTooLarge("413: a=1", 413), of_plex.PlexTooLarge("414: b=2", 414)], 2, False),
        ([of_plex.PlexNotKept("title"), of_plex.PlexNotKept("title, date")], 2, True),
        ([of_plex.PlexRejected("Odd"), of_plex.PlexBusy("Odd")], 2, False),
        ([of_plex.PlexRejected("400: Bad")], 1, True),
        ([of_plex.PlexRejected("400: Bad")], 2, False),
        ([], 0, False),
    ],
)
def test_a_failure_may_be_the_servers_where_all_scenes_share_it(
    failures: list[Exception], asked: int, is_shared: bool
) -> None:
    assert is_shared_by_all(failures, asked) is is_shared


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (of_plex.PlexRejected("400: Bad", 400), Meaning.NEVER),
        (SceneMalformed("1", "…"), Meaning.NEVER),
        (of_plex.PlexTooLarge("413: Too large", 413), Meaning.NOT_NOW),
        (of_plex.PlexNotKept("title"), Meaning.NOT_NOW),
        (of_plex.PlexNotKept("title", is_nothing_kept=False), Meaning.NEVER),
        (of_plex.PlexBusy("500"), Meaning.NOT_NOW),
    ],
)
def test_the_only_scene_of_a_drain_fails_by_what_plex_itself_says_of_it(
    error: Exception, meaning: Meaning
) -> None:
    assert meaning_for_the_only_one(error) is meaning
