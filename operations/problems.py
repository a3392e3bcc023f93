"""Problems in words: which setting a sentence for the user is about, so that the page can show it there."""

from __future__ import annotations

import re

from operations.exceptions import OperationRefused
from operations.model import Problem
from validation.config import DISPLAY_NAMES

# How every sentence names a setting: “Plex URL” (plex_url).
_KEY = re.compile(r"\((\w+)\)")


def setting_named_in(text: str) -> str | None:
    """The key of the first setting that a sentence names."""
    return next((key for key in _KEY.findall(text) if key in DISPLAY_NAMES), None)


def refusal(text: str) -> OperationRefused:
    """The refusal with this text, about the first setting that it names."""
    return OperationRefused(text, setting=setting_named_in(text))


def problem_in(text: str) -> Problem:
    """The same as a part of an answer."""
    return Problem(text=text, setting=setting_named_in(text))
