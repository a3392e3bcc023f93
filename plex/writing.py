"""Writing to Plex: one request for all that changes in an item, locks included."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from plex.client import Plex
from plex.fields import Field, PlexFields, Value, tag_key, text_key
from plex.items import PlexItem
from plex.library import MOVIE
from plex.merge import Change, Merge

NO_PICTURES: Mapping[str, str] = {}


def write(plex: Plex, item: PlexItem, merged: Merge, pictures: Mapping[str, str] = NO_PICTURES) -> None:
    """Bring the changes of a merge into one item; without changes nothing is sent.

    `pictures` has the addresses of actors' pictures, by tag key. Raises PlexError.
    """
    if not merged.changes:
        return
    arguments = edit_arguments(item, merged, pictures)
    plex.put(f"/library/sections/{item.section_key}/all", arguments)


def not_taken(changes: Iterable[Change], now: PlexFields) -> tuple[Change, ...]:
    """The changes that an item does not show: a text that differs, a tag that is missing or still there."""
    return tuple(change for change in changes if not _is_taken(change, now.values[change.field.name]))


def _is_taken(change: Change, now: Value) -> bool:
    if isinstance(change.new, str) or isinstance(now, str):
        return text_key(str(now)) == text_key(str(change.new))
    there = set(map(tag_key, now))
    return there.issuperset(map(tag_key, change.new)) and there.isdisjoint(map(tag_key, change.removed))


def edit_arguments(
    item: PlexItem, merged: Merge, pictures: Mapping[str, str] = NO_PICTURES
) -> dict[str, object]:
    """The arguments of Plex's edit request.

    Each field that is written, or that already shows what Stash has, is locked, or a refresh in
    Plex would undo it. Raises ValueError for an item without an id: without one, Plex would apply
    the edit to every item of the library.
    """
    if item.rating_key <= 0:
        raise ValueError("an edit without a rating key would change the whole library")
    arguments: dict[str, object] = {"type": MOVIE, "id": item.rating_key}
    for change in merged.changes:
        arguments.update(_tag_arguments(change) if isinstance(change.new, tuple) else _text_arguments(change))
        if change.field.name == "actor":
            arguments.update(_picture_arguments(change.new, pictures))
    arguments.update(_locks(change.field for change in merged.changes))
    arguments.update(_locks(field for field in merged.agreeing if item.fields.values[field.name]))
    return arguments


def _text_arguments(change: Change) -> dict[str, object]:
    return {f"{change.field.name}.value": change.new}


def _tag_arguments(change: Change) -> dict[str, object]:
    """The whole wanted list and what goes: right whether the server adds to its list or replaces it."""
    name = change.field.name
    arguments: dict[str, object] = {f"{name}[{n}].tag.tag": tag for n, tag in enumerate(change.new)}
    if change.removed:
        # Plex splits at commas and decodes each piece once more.
        arguments[f"{name}[].tag.tag-"] = ",".join(quote(tag, safe="") for tag in change.removed)
    return arguments


def _picture_arguments(actors: Iterable[str], pictures: Mapping[str, str]) -> dict[str, object]:
    """A picture belongs to the actor's tag, which all items of the server share."""
    return {
        f"actor[{n}].tag.thumb": pictures[tag_key(name)]
        for n, name in enumerate(actors)
        if tag_key(name) in pictures
    }


def _locks(fields: Iterable[Field]) -> dict[str, object]:
    return {f"{field.name}.locked": 1 for field in fields}
