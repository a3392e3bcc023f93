"""The filters of scenes that somebody saved in Stash, for the setting that names one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stash.chosen_scenes import SavedFilter, choose, saved_filters
from stash.client import Stash
from stash.exceptions import StashError
from validation.exceptions import SettingsInvalid
from validation.usable import usable_settings

SCENE_FILTER = "scene_filter"


def known_filters(stash: Stash) -> Sequence[SavedFilter] | None:
    """What Stash has saved; None where it cannot tell now."""
    try:
        return saved_filters(stash.ask)
    except StashError:
        return None


def problem_with_filter(stored: Mapping[str, Any], filters: Sequence[SavedFilter] | None) -> dict[str, str]:
    """What is wrong with the filter that these settings name, by the setting's key, as far as is known."""
    if filters is None:
        return {}
    try:
        choose(usable_settings(stored).config, filters)
    except SettingsInvalid as problem:
        return {SCENE_FILTER: problem.problems[0]}
    return {}
