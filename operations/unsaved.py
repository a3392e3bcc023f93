"""Settings that were typed and not saved: what Stash has stored, with these in place of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from operations.context import Context
from operations.model import Request
from operations.problems import refusal
from operations.setting_forms import with_changes
from operations.sign_in_file import token_of_sign_in
from stash import log
from validation.config import DISPLAY_NAMES, problems_in, secrets_in
from validation.usable import Usable, usable_settings

if TYPE_CHECKING:
    from plex.client import Plex


class Unsaved(Request):
    """What was typed: values by key, None to unset; what is not named stays as it is stored.

    With `use_sign_in` the token is that of a sign-in to Plex that was not saved.
    """

    settings: dict[str, Any] = Field(default_factory=dict)
    use_sign_in: bool = False


def changes_in(request: Unsaved, context: Context) -> dict[str, Any]:
    """What was typed, and the token of the sign-in. Raises OperationRefused where that has expired."""
    token = {"plex_token": token_of_sign_in(context)} if request.use_sign_in else {}
    return {**request.settings, **token}


def settings_after(request: Unsaved, context: Context) -> dict[str, Any]:
    """The settings as Stash would store them; neither log nor answer holds their secrets from here on.

    Raises OperationRefused, StashError.
    """
    after = with_changes(context.stored, changes_in(request, context))
    for secret in secrets_in(after):
        log.keep_secret(secret)
    return after


def plex_for(request: Unsaved, context: Context) -> tuple[Usable, Plex]:
    """What can be used of these settings, and the Plex that they lead to.

    Raises OperationRefused where the settings lead nowhere, PlexError, StashError.
    """
    from plex.client import connect

    after = settings_after(request, context)
    usable = usable_settings(after)
    for key in ("plex_url", "plex_token"):
        if not usable.has(key):
            raise refusal(problems_in(after).get(key, f"Setting “{DISPLAY_NAMES[key]}” ({key}): is not set."))
    return usable, connect(usable.config, context.data_dir)
