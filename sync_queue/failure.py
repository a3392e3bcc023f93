"""What a failure means: the one place that decides, for Stash, for Plex and for this machine.

    SERVER_IN_TROUBLE  StashError        Stash cannot be asked, or answered with an error of its own
                       PlexUnavailable   Plex is down, starting up or too slow
                       PlexRefused       the token is not accepted
                       PlexAnswerInvalid what answers is no Plex
                       LibraryNotFound   a setting names no library
                       sqlite3.Error, OSError, MemoryError
    NOT_NOW            PlexBusy          Plex answered 429 or 500 for this request
                       PlexNotFound      Plex has nothing under this key at the moment
                       EntityUnusable    Stash cannot list the scenes of this one studio, tag, …
                       PlexItemUnusable  of the items of one answer, only this one is unusable
    NEVER              PlexRejected      Plex refuses a request that names this item alone
                       SceneMalformed    of the scenes of one answer, only this one is unusable
                       ImageUnusable     the picture is none that can be carried
                       anything else     a fault in this code that this scene brings to light

A failure that all scenes share says nothing about any of them, whatever its type: see `is_shared_by_all`.
Of the only scene of a drain see `meaning_for_the_only_one`.
"""

from __future__ import annotations

import re
import sqlite3
import traceback
from collections.abc import Callable, Sequence
from enum import Enum
from typing import TypeVar

from plex.exceptions import (
    PlexBusy,
    PlexError,
    PlexItemUnusable,
    PlexNotFound,
    PlexNotKept,
    PlexRejected,
    PlexTooLarge,
    PlexUnavailable,
)
from stash import log
from stash.exceptions import EntityUnusable, StashAnswerInvalid, StashError, StashUnavailable
from validation.amounts import number
from validation.exceptions import SceneMalformed, Stash2PlexError

T = TypeVar("T")


class Meaning(Enum):
    """What follows from a failure; there is no fourth."""

    SERVER_IN_TROUBLE = "stop, keep everything, count no try"
    NOT_NOW = "this scene is kept and tried again at growing intervals"
    NEVER = "this scene fails, with the server's own words"


_OF_THE_ITEM: tuple[tuple[type[Exception], Meaning], ...] = (
    (PlexBusy, Meaning.NOT_NOW),
    (PlexNotFound, Meaning.NOT_NOW),
    (PlexItemUnusable, Meaning.NOT_NOW),
    (EntityUnusable, Meaning.NOT_NOW),
    (PlexRejected, Meaning.NEVER),
)
_OF_NO_ITEM = (StashError, PlexError, sqlite3.Error, OSError, MemoryError)
# Numbers in a server's words may be an item's.
_NUMBERS = re.compile(r"\d+")


def meaning_of(error: BaseException) -> Meaning:
    """What one failure means that met one scene, or the reading of one scene alone."""
    for kind, meaning in _OF_THE_ITEM:
        if isinstance(error, kind):
            return meaning
    return Meaning.SERVER_IN_TROUBLE if isinstance(error, _OF_NO_ITEM) else Meaning.NEVER


def meaning_for_the_only_one(error: BaseException) -> Meaning:
    """What a failure means of the only scene of a drain that came to this step: no other shows whose it is.

    Plex answers 400 for what is wrong with one request, and where it keeps a part of an edit it lets edits
    through. A proxy before it may call every request too long, or say that each is done and pass none on.
    """
    is_open = isinstance(error, PlexTooLarge) or (isinstance(error, PlexNotKept) and error.is_nothing_kept)
    return Meaning.NOT_NOW if is_open else meaning_of(error)


def attempt(act: Callable[[], T]) -> T | Exception:
    """Do something for one scene: what came of it, or the failure that is a matter of this scene.

    This is the guard around one job: a fault in our own code on one scene must not stop the others.
    Raises what means that a server is in trouble.
    """
    try:
        return act()
    except Exception as error:
        if meaning_of(error) is Meaning.SERVER_IN_TROUBLE:
            raise
        return error


def problem_of(error: Exception) -> str:
    """A failure in words for the user; the traceback of a fault in our own code goes to the debug log."""
    if isinstance(error, Stash2PlexError):
        return str(error)
    log.debug("".join(traceback.format_exception(error)))
    return f"a fault in Stash2Plex ({type(error).__name__}); please report it with the debug log."


def is_outage(error: BaseException) -> bool:
    """Whether a server does not answer at the moment, which ends by itself."""
    return isinstance(error, (StashUnavailable, PlexUnavailable))


def is_shared_by_all(failures: Sequence[Exception], asked: int) -> bool:
    """Whether all scenes failed, and in the same way: then it is the server's, if they are two or more.

    `asked` says how many scenes a server was asked for, those that went well included.
    """
    return asked == len(failures) and len(set(map(_kind_of, failures))) == 1


def of_the_server(failures: Sequence[Exception]) -> Exception:
    """The trouble of a server that shows in the same failure of each of these scenes."""
    first = failures[0]
    text = (
        f"Each of {number(len(failures))} scenes failed in the same way, so the fault is not theirs: "
        f"{problem_of(first)} Every one is kept."
    )
    if isinstance(first, SceneMalformed):
        return StashAnswerInvalid(text)
    return PlexUnavailable(text) if isinstance(first, PlexBusy) else PlexError(text)


def _kind_of(error: Exception) -> tuple[type[Exception], str]:
    if isinstance(error, PlexNotKept):
        # Its words name the fields, which are others for each scene.
        return type(error), ""
    if isinstance(error, PlexRejected) and error.status:
        # Its words may repeat the request, which is another one for each scene.
        return type(error), str(error.status)
    return type(error), _NUMBERS.sub("", str(error))
