"""What the user reads in Stash's log: plain lines, never with a secret in them.

The hook path imports this module, so it needs nothing but the standard library until there is
something to say.
"""

from __future__ import annotations

import sys

# As mypy knows it; importing typing takes a hook as long as writing its job.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from stash.redaction import Redaction

# Several connections have a session each, and an error may tell of an earlier one.
RENEWED_SECRETS = 32

_redactions: list[Redaction] = []
_renewed: list[str] = []


def log_line(level: str, text: str) -> None:
    """Write to Stash's log at `debug`, `info`, `warning` or `error`."""
    try:
        from stashapi import log
    except ModuleNotFoundError:
        # Without stashapp-tools the user still has to read what is missing.
        write_line(level, text)
        return
    for handler in log.sl.handlers:
        handler.stream = sys.stderr
    getattr(log, level)(text)


def write_line(level: str, text: str) -> None:
    """The same before stashapp-tools may be imported: another version may be about to be installed."""
    for line in text.splitlines():
        sys.stderr.write(f"\x01{level[0]}\x02{line}\n")
    sys.stderr.flush()


def log_lines(level: str, lines: Iterable[str]) -> None:
    """Write several lines at one level."""
    for line in lines:
        log_line(level, line)


def report(error: str) -> str:
    """Write an error, and return it as what a task ended with."""
    log_line("error", error)
    return error


def keep_secret(secret: object) -> None:
    """Keep this secret out of every line that is written from now on."""
    text = str(secret or "").strip()
    if text and all(redaction.secret != text for redaction in _redactions):
        from stashapi import log

        from stash.redaction import Redaction

        redaction = Redaction(text)
        _redactions.append(redaction)
        log.sl.addFilter(redaction)


def keep_renewed_secret(secret: str) -> None:
    """The same for a session that Stash renews with every answer; only the latest ones are kept in mind."""
    keep_secret(secret)
    if secret and secret not in _renewed:
        _renewed.append(secret)
    if len(_renewed) > RENEWED_SECRETS:
        _forget(_renewed.pop(0))


def _forget(secret: str) -> None:
    from stashapi import log

    for redaction in [one for one in _redactions if one.secret == secret]:
        _redactions.remove(redaction)
        log.sl.removeFilter(redaction)


def without_secrets(text: str) -> str:
    """The text with every secret replaced; whatever is stored goes through it first."""
    for redaction in _redactions:
        text = redaction.clean(text)
    return text
