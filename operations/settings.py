"""The operations `settings`, `check_settings` and `save_settings`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from operations.context import Context
from operations.model import Nothing, Result
from operations.scene_filters import SCENE_FILTER, known_filters, problem_with_filter
from operations.setting_forms import (
    CHOICES,
    MOST,
    Kind,
    default_of,
    is_unset,
    kind_of,
    shown,
    with_changes,
)
from operations.setting_words import GROUPS
from operations.sign_in_file import SignInFile
from operations.unsaved import Unsaved, changes_in, settings_after
from stash.chosen_scenes import names_of_scene_filters
from sync_queue.drain_request import switch_automatic
from validation.config import ANY_CERTIFICATE, DISPLAY_NAMES, problems_in
from validation.usable import usable_settings

CERTIFICATE = "plex_accept_any_certificate"


class Setting(Result):
    """One setting, for its control; `value` is what is in force, and None for a secret.

    `default_words` says the default after the word “Default”; it is empty for what is required.
    """

    key: str
    name: str
    description: str
    example: str
    kind: Kind
    choices: list[str]
    least: int | None
    most: int | None
    default: Any
    default_words: str
    value: Any
    is_set: bool
    problem: str | None
    is_required: bool


class Group(Result):
    """Settings that belong together."""

    title: str
    settings: list[Setting]


class Settings(Result):
    """All settings that this version knows."""

    groups: list[Group]


class Checked(Result):
    """Sentences by key: what is wrong with a changed setting, and what is risky about one."""

    problems: dict[str, str]
    warnings: dict[str, str]


class Saved(Result):
    """Whether it was saved: nothing is where one of the changes is wrong."""

    problems: dict[str, str]
    is_saved: bool


def list_settings(request: Nothing, context: Context) -> Settings:  # noqa: ARG001
    """Every setting with its name, its default, its value and what is wrong with it."""
    filters = known_filters(context.stash)
    problems = {**problem_with_filter(context.stored, filters), **problems_in(context.stored)}
    choices = {**CHOICES, SCENE_FILTER: ["", *names_of_scene_filters(filters or ())]}
    return Settings(
        groups=[
            Group(
                title=title,
                settings=[
                    _setting(key, context.stored.get(key), problems.get(key), choices.get(key, ()))
                    for key in words
                ],
            )
            for title, words in GROUPS.items()
        ]
    )


def check_settings(request: Unsaved, context: Context) -> Checked:
    """Check what was typed, by the code that the tasks use; Stash is asked for its filters alone."""
    after = with_changes(context.stored, request.settings)
    is_risky = request.settings.get(CERTIFICATE) and not problems_in(after).get(CERTIFICATE)
    return Checked(
        problems=_problems_of(request.settings, after, context),
        warnings={CERTIFICATE: ANY_CERTIFICATE} if is_risky else {},
    )


def save_settings(request: Unsaved, context: Context) -> Saved:
    """Save what was typed, unless some of it is wrong; all other settings stay, of other plugins too.

    Stash takes all settings of a plugin at once, so they are read right before.
    """
    changes, after = changes_in(request, context), settings_after(request, context)
    problems = _problems_of(changes, after, context)
    if problems:
        return Saved(problems=problems, is_saved=False)
    context.stash.save_plugin_settings(after)
    if request.use_sign_in:
        SignInFile(context.data_dir).forget()
    if "manual_drain" in changes and os.path.isdir(context.data_dir):
        # Hooks read no settings, so what was saved counts for them from here on.
        switch_automatic(context.data_dir, is_on=not usable_settings(after).config.manual_drain)
    return Saved(problems={}, is_saved=True)


def _problems_of(changes: Mapping[str, Any], after: Mapping[str, Any], context: Context) -> dict[str, str]:
    filters = known_filters(context.stash) if changes.get(SCENE_FILTER) else None
    problems = {**problem_with_filter(after, filters), **problems_in(after)}
    return {key: text for key, text in problems.items() if key in changes}


def _setting(key: str, stored: object, problem: str | None, choices: Iterable[str]) -> Setting:
    words = next(words[key] for words in GROUPS.values() if key in words)
    return Setting(
        key=key,
        name=DISPLAY_NAMES[key],
        description=words.what,
        example=words.example.strip('"'),
        kind=kind_of(key),
        choices=list(choices),
        least=1 if key in MOST else None,
        most=MOST.get(key),
        default=default_of(key),
        default_words=words.default,
        value=shown(key, stored),
        is_set=not is_unset(stored),
        problem=problem,
        is_required=not words.default,
    )
