"""Stash's log and progress, as the user reads them: plain lines, never with a secret in them.

The one place that knows stashapp-tools' log. The hook path and the installation of packages import this
module, so it needs nothing but the standard library until there is something to say.
"""

from __future__ import annotations

import sys
import time

# As mypy knows it: this module is on the hook path (CONTRIBUTING.md).
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from logging import LogRecord
    from typing import Any

    from validation.redaction import Redaction

# Several connections have a session each, and an error may tell of an earlier one.
RENEWED_SECRETS = 32
# What Stash is told of a task or a hook that did not end well. Stash logs it as an error of its own: the
# reason, which is logged already, would stand there twice.
IN_THE_LOG = "Stash2Plex met a problem: its own error lines in the log say what to do."

_redactions: list[Redaction] = []
_renewed: list[str] = []


def debug(text: str) -> None:
    """Write a line of detail: here, and nowhere else, may titles and paths stand."""
    line("debug", text)


def info(text: str) -> None:
    """Write a line of the story that a user reads."""
    line("info", text)


def warning(text: str) -> None:
    """Write what the user should know and can do something about."""
    line("warning", text)


def error(text: str) -> None:
    """Write why something ended that should not have."""
    line("error", text)


def failed(text: str) -> str:
    """Write an error, and return it as what a task ended with."""
    error(text)
    return text


def line(level: str, text: str) -> None:
    """Write to Stash's log at `debug`, `info`, `warning` or `error`."""
    try:
        log = _stashapi_log()
    except ModuleNotFoundError:
        # Without stashapp-tools the user still has to read what is missing.
        write_line(level, text)
    else:
        getattr(log, level)(text)


def lines(level: str, texts: Iterable[str]) -> None:
    """Write several lines at one level: together, which takes a fraction of the time."""
    if text := "\n".join(texts):
        line(level, text)


def write_line(level: str, text: str) -> None:
    """The same before stashapp-tools may be imported: another version may be about to be installed."""
    for part in text.splitlines():
        sys.stderr.write(f"\x01{level[0]}\x02{part}\n")
    sys.stderr.flush()


class Progress:
    """Reports the share of a task that is done, from 0 to 1, to Stash's task list.

    Stash drops progress that comes faster than it reads, so at most four values go out a second.
    """

    INTERVAL = 0.25

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next = 0.0

    def part(self, begin: float, end: float) -> Callable[[float], None]:
        """Reports the share of a part of the task, which begins and ends at these shares of the whole."""
        return lambda share: self(begin + (end - begin) * min(max(share, 0.0), 1.0))

    def __call__(self, share: float) -> None:
        """Report a share; the end is always reported."""
        now = self._clock()
        if now >= self._next or share >= 1.0:
            self._next = now + self.INTERVAL
            _stashapi_log().progress(min(max(share, 0.0), 1.0))


def _stashapi_log() -> Any:
    """stashapp-tools' log; by itself it keeps the standard error that there was when it was imported."""
    from stashapi import log

    for handler in log.sl.handlers:
        handler.stream = sys.stderr
    return log


def keep_secret(secret: object) -> None:
    """Keep this secret out of every line that is written from now on."""
    text = str(secret or "").strip()
    if text and all(redaction.secret != text for redaction in _redactions):
        from stashapi import log

        from validation.redaction import Redaction

        _redactions.append(Redaction(text))
        # However many secrets there are, it is one filter: each line goes through it.
        log.sl.addFilter(_redact)


def _redact(record: LogRecord) -> bool:
    """A filter for a logger: takes every secret out of the record, which is always let through."""
    record.msg, record.args = without_secrets(record.getMessage()), None
    return True


def keep_renewed_secret(secret: str) -> None:
    """The same for a session that Stash renews with every answer; only the latest ones are kept in mind."""
    keep_secret(secret)
    if secret and secret not in _renewed:
        _renewed.append(secret)
    if len(_renewed) > RENEWED_SECRETS:
        _forget(_renewed.pop(0))


def _forget(secret: str) -> None:
    for redaction in [one for one in _redactions if one.secret == secret]:
        _redactions.remove(redaction)


def without_secrets(text: str) -> str:
    """The text with every secret replaced; whatever is stored goes through it first."""
    for redaction in _redactions:
        text = redaction.clean(text)
    return text
