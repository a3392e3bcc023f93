"""Settings in the forms that the page's controls have, and back in the one in which Stash stores them.

Stash stores a text, a number or a switch. The page shows names and pairs as lists, so that nobody has to know
how a name with a comma is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import SecretStr, ValidationError

from validation.config import (
    ACTOR_ORDERS,
    BACK_TO_STASH,
    DATES_ADDED,
    FIELD_NAMES,
    MOST_DAYS,
    MOST_WRITERS,
    RECONCILE_PERIODS,
    SCOPES,
    TAG_TARGETS,
    Stash2PlexConfig,
)
from validation.names import list_text, read_pairs
from validation.pasted import named_token_in, without_query
from validation.path_map import PathMap, pairs_text
from validation.usable import STAND_INS

Kind = Literal["text", "secret", "switch", "choice", "choices", "number", "pairs", "names"]

CHOICES: Mapping[str, tuple[str, ...]] = {
    # Those that Stash has.
    "scene_filter": (),
    "leave_fields": FIELD_NAMES,
    "actor_order": ACTOR_ORDERS,
    "date_added": DATES_ADDED,
    "back_to_stash": BACK_TO_STASH,
    "tags_as": TAG_TARGETS,
    "reconcile_every": tuple(RECONCILE_PERIODS),
    "reconcile_scope": SCOPES,
}
MOST: Mapping[str, int] = {"parallel_writes": MOST_WRITERS, "recent_days": MOST_DAYS}
# By the type of what a setting is read into.
KINDS: Mapping[object, Kind] = {
    bool: "switch",
    int: "number",
    str: "text",
    SecretStr: "secret",
    PathMap: "pairs",
    dict[str, str]: "pairs",
    tuple[str, ...]: "names",
}
# Addresses, in which a token may have been pasted.
_ADDRESSES = ("plex_url", "performer_image_address")


def kind_of(key: str) -> Kind:
    """The kind of control for a setting."""
    kind = KINDS[Stash2PlexConfig.model_fields[key].annotation]
    if key in CHOICES:
        return "choices" if kind == "names" else "choice"
    return kind


def default_of(key: str) -> Any:
    """The default in the control's form."""
    return None if kind_of(key) == "secret" else shown(key, None)


def shown(key: str, stored: object) -> Any:
    """What is in force, in the control's form; the text as it stands where it cannot be read.

    A secret is never shown, wherever it was pasted.
    """
    kind = kind_of(key)
    if kind == "secret":
        return None
    given = {} if is_unset(stored) else {key: stored}
    try:
        value = getattr(Stash2PlexConfig.model_validate({**STAND_INS, **given}), key)
    except ValidationError:
        return without_query(str(stored)) if key in _ADDRESSES else str(stored)
    if key in STAND_INS and not given:
        return ""
    if kind == "pairs":
        return [[pair.old, pair.new] for pair in read_pairs(str(stored))] if given else []
    return list(value) if isinstance(value, tuple) else value


def is_unset(stored: object) -> bool:
    """Whether this is what Stash stores, or leaves out, for a setting that nobody has set."""
    return stored is None or (isinstance(stored, str) and not stored.strip())


def with_changes(stored: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as Stash would store them after these changes; all others stay as they are.

    A change has the control's form, or that of Stash, and None or nothing unsets. A token that was pasted
    with the address goes where it belongs, if there is no other.
    """
    merged = dict(stored)
    for key, value in changes.items():
        form = _stored_form(key, value)
        if form is None:
            merged.pop(key, None)
        else:
            merged[key] = form
    token = named_token_in(str(changes.get("plex_url") or ""))
    if token and is_unset(merged.get("plex_token")):
        merged["plex_token"] = token
    return merged


def _stored_form(key: str, value: object) -> object:
    """The value as Stash stores it; None for nothing. What fits no control is left for the check."""
    known = key in Stash2PlexConfig.model_fields
    if isinstance(value, list) and known:
        kind = kind_of(key)
        if kind in ("names", "choices") and all(isinstance(name, str) for name in value):
            return list_text(value) or None
        if kind == "pairs" and all(_is_pair(pair) for pair in value):
            return pairs_text(_filled(value)) or None
    if key in _ADDRESSES and isinstance(value, str) and named_token_in(value):
        return shown(key, value)
    return None if is_unset(value) else value


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(side, str) for side in value)


def _filled(pairs: Iterable[list[str]]) -> Iterable[tuple[str, str]]:
    """The pairs in whose rows somebody has written something."""
    return ((old, new) for old, new in pairs if old or new)
