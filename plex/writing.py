"""Writing to Plex: one request for all that changes in an item, locks included.

Everything goes into the address, and a proxy before Plex may take 8 kB of it and no more. What is
refused for its length is sent in parts: first what is short, then what is long, lists in pieces (Plex
adds to them) and a text cut to what is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import quote

from plex.added import as_seconds
from plex.client import Plex
from plex.exceptions import PlexRejected, PlexTooLarge
from plex.fields import Field, Kind, PlexFields, Value, clean_text, same, tag_key
from plex.items import PlexItem
from plex.library import MOVIE
from plex.merge import Change, Merge

NO_PICTURES: Mapping[str, str] = {}
# Bytes of an address: what a 400 may be for, and the lengths to which a text is cut, one after another.
# nginx and Apache take 8 kB by themselves.
MAY_BE_TOO_LONG = 4_000
LENGTHS = (32_000, 16_000, 7_900, 4_000, 2_000)


def write(
    plex: Plex, item: PlexItem, merged: Merge, pictures: Mapping[str, str] = NO_PICTURES
) -> tuple[Change, ...]:
    """Bring the changes of a merge into one item; without changes nothing is sent.

    Returns the changes as they were sent: a text may be cut. `pictures` has the addresses of actors'
    pictures, by tag key. Raises PlexError; what is short may have been written then.
    """
    if not merged.changes:
        return ()
    arguments = edit_arguments(item, merged, pictures)
    try:
        plex.put(f"/library/sections/{item.section_key}/all", arguments)
    except PlexRejected as refusal:
        if not isinstance(refusal, PlexTooLarge) and _length(arguments) < MAY_BE_TOO_LONG:
            raise
        return _write_in_parts(plex, item, merged, pictures, refusal)
    return merged.changes


def _write_in_parts(
    plex: Plex, item: PlexItem, merged: Merge, pictures: Mapping[str, str], refusal: PlexRejected
) -> tuple[Change, ...]:
    """Send what was refused in two parts or more. Raises the refusal where it cannot be parted."""
    *short, longest = sorted(merged.changes, key=_length_of)
    if short:
        written = write(plex, item, replace(merged, changes=tuple(short)), pictures)
        return (*written, *write(plex, item, Merge((longest,)), pictures))
    if isinstance(longest.new, str):
        return _write_cut(plex, item, longest, refusal)
    middle = (len(longest.new) + 1) // 2
    pieces = [
        replace(longest, new=longest.new[:middle]),
        replace(longest, new=longest.new[middle:], removed=()),
    ]
    if len(longest.new) < 2 or not all(piece.new for piece in pieces):
        raise refusal
    for piece in pieces:
        write(plex, item, Merge((piece,)), pictures)
    return (longest,)


def _write_cut(plex: Plex, item: PlexItem, change: Change, refusal: PlexRejected) -> tuple[Change, ...]:
    """Send the beginning of a text, as much of it as is taken."""
    text = str(change.new)
    full = _length(edit_arguments(item, Merge((change,))))
    for length in LENGTHS:
        if length >= full:
            continue
        budget = length - (full - len(quote(text, safe="")))
        cut = replace(change, new=_beginning(text, budget))
        if not cut.new:
            break
        try:
            plex.put(f"/library/sections/{item.section_key}/all", edit_arguments(item, Merge((cut,))))
        except PlexRejected as again:
            refusal = again
        else:
            return (cut,)
    raise refusal


def _beginning(text: str, budget: int) -> str:
    """As many characters of a text as take so many bytes in an address."""
    used = 0
    for end, character in enumerate(text):
        used += len(quote(character, safe=""))
        if used > budget:
            return clean_text(text, end)
    return text


def _length_of(change: Change) -> int:
    values = (change.new,) if isinstance(change.new, str) else (*change.new, *change.removed)
    return sum(len(quote(value, safe="")) for value in values)


def _length(arguments: Mapping[str, object]) -> int:
    """About how many bytes of an address these arguments are."""
    return sum(len(name) + len(quote(str(value), safe="")) + 2 for name, value in arguments.items())


def not_taken(changes: Iterable[Change], now: PlexFields) -> tuple[Change, ...]:
    """What of the changes an item does not show because Plex did not take it, as changes to write again.

    A text that is the old one; tags that should have come or gone. What somebody changed since is not
    among them: it would be taken back.
    """
    lacking = (_lacking(change, now.values[change.field.name]) for change in changes)
    return tuple(change for change in lacking if change)


def _lacking(change: Change, now: Value) -> Change | None:
    if isinstance(change.new, str) or isinstance(now, str):
        return None if same(now, change.new) or not same(now, change.old) else change
    if now == change.new and not change.removed:
        return None
    there = set(map(tag_key, now))
    coming = tuple(name for name in change.added if tag_key(name) not in there)
    staying = tuple(name for name in change.removed if tag_key(name) in there)
    if not coming and not staying:
        return None
    going = set(map(tag_key, staying))
    kept = tuple(name for name in now if tag_key(name) not in going)
    return Change(change.field, now, (*kept, *coming), staying)


def replaced_since(changes: Iterable[Change], now: PlexFields) -> tuple[Change, ...]:
    """The texts in whose place an item shows neither the old value nor the new one."""
    return tuple(
        change
        for change in changes
        if isinstance(change.new, str)
        and not same(now.values[change.field.name], change.new)
        and not same(now.values[change.field.name], change.old)
    )


def edit_arguments(
    item: PlexItem, merged: Merge, pictures: Mapping[str, str] = NO_PICTURES
) -> dict[str, object]:
    """The arguments of Plex's edit request.

    Each field that is written, or that already shows what Stash has, is locked, or a refresh in
    Plex would undo it; what is given back is unlocked. Raises ValueError for an item without an id:
    without one, Plex would apply the edit to every item of the library.
    """
    if item.rating_key <= 0:
        raise ValueError("an edit without a rating key would change the whole library")
    arguments: dict[str, object] = {"type": MOVIE, "id": item.rating_key}
    for change in merged.changes:
        arguments.update(_tag_arguments(change) if isinstance(change.new, tuple) else _text_arguments(change))
        if change.field.name == "actor":
            arguments.update(_picture_arguments(change.new, pictures))
    arguments.update({f"{change.field.name}.locked": int(not change.unlocks) for change in merged.changes})
    arguments.update(_locks(field for field in merged.agreeing if item.fields.values[field.name]))
    return arguments


def _text_arguments(change: Change) -> dict[str, object]:
    text = change.sent or str(change.new)
    return {f"{change.field.name}.value": as_seconds(text) if change.field.kind is Kind.TIME else text}


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
