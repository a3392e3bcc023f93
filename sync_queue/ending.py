"""The words for what has ended a task, whatever it was: one plain line for the user.

This may be needed before the packages are there, so it imports what it needs where it needs it.
"""

from __future__ import annotations

import traceback

from stash import log
from validation.exceptions import SettingsInvalid, Stash2PlexError

REPORT_A_FAULT = "This is a fault in Stash2Plex: please report it with the debug log."


def failed(
    problem: Exception, plugin_dir: str, data_dir: str, what: str = "", with_traceback: bool = False
) -> str:
    """Log why a task ended, after `what` did, and return that; the traceback goes to the debug log."""
    if isinstance(problem, SettingsInvalid):
        log.lines("warning", problem.warnings)
        log.lines("error", problem.problems)
        return str(problem)
    error = log.failed(f"{what}{_words(problem, plugin_dir, data_dir)}")
    # Where a package was missed tells nobody more than which one it was.
    if with_traceback and not isinstance(problem, ImportError):
        log.lines("debug", "".join(traceback.format_exception(problem)).splitlines())
    return error


def _words(problem: Exception, plugin_dir: str, data_dir: str) -> str:
    if isinstance(problem, Stash2PlexError):
        return str(problem)
    if isinstance(problem, ImportError):
        from stash.packages import Packages

        return Packages(plugin_dir, data_dir).explain(problem)
    from sync_queue.data_folder import FOLDER_ERRORS, problem_text

    if isinstance(problem, FOLDER_ERRORS):
        return problem_text(data_dir, problem)
    return f"{type(problem).__name__}: {problem}. {REPORT_A_FAULT}"
