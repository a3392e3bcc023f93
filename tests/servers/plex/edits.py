"""What an edit does to items, from the arguments of the request to the item's new values.

One edit carries any number of fields, tags, removals and locks, and applies to all items it is sent for.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.servers.plex.behaviour import PlexBehaviour
from tests.servers.plex.items import FIELD_ATTRIBUTES, TAG_ATTRIBUTES, PlexItem
from tests.servers.plex.library import PlexLibrary

_TAG_ARGUMENT = re.compile(r"(\w+)\[(\d*)\]\.(tag|tagging)(?:\.(\w+))?(-?)")
_NUMBERS = {"year": int, "addedAt": int, "userRating": float, "rating": float, "audienceRating": float}
_NONE_WHEN_EMPTY = {"titleSort", "originallyAvailableAt", *_NUMBERS}


class RefusedEdit(Exception):
    """The server does not take the edit (400)."""


@dataclass
class NewTag:
    """A tag that an edit gives to items."""

    name: str = ""
    thumb: str | None = None
    text: str | None = None


@dataclass
class TagEdit:
    """What an edit does to the tags of one kind."""

    new: dict[int, NewTag] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    cleared: bool = False


@dataclass
class Edit:
    """What an edit asks for, by the names that Plex uses."""

    values: dict[str, str] = field(default_factory=dict)
    locks: dict[str, bool] = field(default_factory=dict)
    tags: dict[str, TagEdit] = field(default_factory=dict)


def parse_edit(arguments: list[tuple[str, str]]) -> Edit:
    """Read an edit out of a request's arguments; what is no part of an edit is passed over."""
    edit = Edit()
    for name, value in arguments:
        tag_argument = _TAG_ARGUMENT.fullmatch(name)
        if tag_argument and tag_argument[1] in TAG_ATTRIBUTES:
            _read_tag_argument(edit.tags.setdefault(tag_argument[1], TagEdit()), tag_argument, value)
        elif name.endswith(".value") and name[:-6] in FIELD_ATTRIBUTES:
            edit.values[name[:-6]] = value
        elif name.endswith(".locked"):
            edit.locks[name[:-7]] = value == "1"
    return edit


def _read_tag_argument(tag_edit: TagEdit, argument: re.Match[str], value: str) -> None:
    _, index, owner, attribute, minus = argument.groups()
    if not index:
        # `genre[].tag` and an empty removal both take away all tags of the kind.
        if value and minus:
            # The commas part the names first; each name was encoded once more to protect its own commas.
            tag_edit.removed += [unquote(piece) for piece in value.split(",")]
        else:
            tag_edit.cleared = True
        return
    new = tag_edit.new.setdefault(int(index), NewTag())
    if owner == "tagging":
        new.text = value
    elif attribute == "tag":
        new.name = value
    elif attribute == "thumb":
        new.thumb = value


def apply_edit(library: PlexLibrary, items: list[PlexItem], edit: Edit, behaviour: PlexBehaviour) -> None:
    """Change items; either all of them or, where the edit is refused, none.

    Raises RefusedEdit.
    """
    fields = _field_values(edit, behaviour)
    for item in items:
        changes = dict(fields)
        for kind, tag_edit in edit.tags.items():
            attribute = TAG_ATTRIBUTES[kind]
            changes[attribute] = _edited_tags(library, item, kind, tag_edit, behaviour)
        if "user_rating" in changes:
            rating = changes.pop("user_rating")
            library.set_rating(item, rating, dated=behaviour.edits_date_a_rating)
        library.set_fields(item, changes)
        for name, locked in edit.locks.items():
            (item.locked.add if locked else item.locked.discard)(name)
        if behaviour.automatic_image_returns_at_once:
            library.show_automatic_images(item)
        library.touch(item)


def _field_values(edit: Edit, behaviour: PlexBehaviour) -> dict[str, Any]:
    """The new values by the item's attributes."""
    values: dict[str, Any] = {}
    for name, text in edit.values.items():
        if behaviour.trims_text:
            text = text.strip()
        if name == "originallyAvailableAt" and text and not _is_date(text):
            if behaviour.invalid_date == "400":
                raise RefusedEdit(f"{text!r} is no date")
            if behaviour.invalid_date == "ignored":
                continue
            text = ""
        values[FIELD_ATTRIBUTES[name]] = _converted(name, text)
    return values


def _converted(name: str, text: str) -> Any:
    if not text and name in _NONE_WHEN_EMPTY:
        return None
    if name not in _NUMBERS:
        return text
    try:
        number = _NUMBERS[name](text)
    except ValueError as error:
        raise RefusedEdit(f"{name} is no number") from error
    return None if name == "userRating" and number < 0 else number


def _is_date(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return False
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _edited_tags(
    library: PlexLibrary, item: PlexItem, kind: str, tag_edit: TagEdit, behaviour: PlexBehaviour
) -> list[str]:
    replaced = tag_edit.cleared or (behaviour.tags_replace and bool(tag_edit.new))
    names = [] if replaced else list(getattr(item, TAG_ATTRIBUTES[kind]))
    for _, new in sorted(tag_edit.new.items()):
        name = new.name.strip() if behaviour.trims_text else new.name
        if not name:
            continue
        tag = library.tag(kind, name, new_spelling(kind, name, behaviour))
        if new.thumb is not None:
            tag.thumb = new.thumb
        if new.text is not None and kind == "actor":
            item.role_texts[tag.name.casefold()] = new.text
        names.append(tag.name)
    if kind == "actor" and behaviour.role_order != "behind":
        names = _roles_in_order(library, names, len(tag_edit.new), behaviour)
    removed = {name.casefold() for name in tag_edit.removed}
    return [name for name in dict.fromkeys(names) if name.casefold() not in removed]


def _roles_in_order(library: PlexLibrary, names: list[str], new: int, behaviour: PlexBehaviour) -> list[str]:
    if behaviour.role_order == "by_number":
        return sorted(names, key=lambda name: library.tag("actor", name).id)
    start = len(names) - new
    return [*names[start:], *names[:start]]


def new_spelling(kind: str, name: str, behaviour: PlexBehaviour) -> str:
    """How the server writes a tag that it did not know: `leaving-soon` becomes `Leaving-Soon`."""
    if behaviour.title_case_new_tags == "off" or kind not in behaviour.title_cased_kinds:
        return name
    count = 1 if behaviour.title_case_new_tags == "first_letter" else 0
    return re.sub(r"(?<![\w'’])\w", lambda first: _capital(first.group()), name, count=count)


def _capital(letter: str) -> str:
    return letter.upper() if len(letter.upper()) == 1 else letter
