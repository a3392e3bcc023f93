"""The end of a process in the test's own: what Stash does to a task that is cancelled, at a place of ours.

It is no Exception, so nothing of the plugin catches it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn


class Killed(BaseException):
    """The process has ended here."""


def die(*_: Any, **__: Any) -> NoReturn:
    """End, in place of whatever is called."""
    raise Killed


def then_die(real: Callable[..., Any]) -> Callable[..., None]:
    """End once this was called and has done its work."""

    def act(*arguments: Any, **options: Any) -> None:
        real(*arguments, **options)
        raise Killed

    return act
