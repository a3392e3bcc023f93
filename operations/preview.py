"""The operation `preview`: what a sync would write, and bring to Stash, as the last preview found it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Literal

from back_to_stash.brought import TITLES as BACK_TITLES
from operations.context import Context
from operations.model import Result
from operations.opened import Listed, ListRequest, PlexAddresses, cover_of, numbers_of, open_state
from plex.fields import FIELDS
from sync_queue.facts import PREVIEW_SAID, PREVIEWED_AT
from sync_queue.previewed import BACK, COLLECTION_TITLES, COLLECTIONS, ITEMS, KINDS, PreviewedRow
from sync_queue.state import SyncState

# What the lists are called, and their fields.
LISTS = {ITEMS: "Items in Plex", COLLECTIONS: "Collections in Plex", BACK: "From Plex to Stash"}
TITLES = {
    ITEMS: {field.name: field.title for field in FIELDS},
    COLLECTIONS: COLLECTION_TITLES,
    BACK: BACK_TITLES,
}


class PreviewRequest(ListRequest):
    """Which list, and of that the rows of which this field (a name that the result has) would change."""

    kind: Literal["items", "collections", "back"] | None = None
    field: str | None = None


class FieldChange(Result):
    """A field that would be written: what it has, and what it would have; long values are cut.

    `old` is null where `new` only tells in words what would be done.
    """

    field: str
    title: str
    old: str | list[str] | None
    new: str | list[str]


class PreviewRow(Result):
    """An item that would be written for a scene, a collection, or a scene that gets something from Plex.

    A collection has no scene, and its `file` says where it is; only an item has a rating key.
    """

    scene_id: int | None
    rating_key: int | None
    title: str
    file: str
    cover: str | None
    plex_address: str | None
    changes: list[FieldChange]


class KindCount(Result):
    """How many rows a list has."""

    kind: str
    title: str
    count: int


class FieldCount(Result):
    """Of how many rows a field would change."""

    field: str
    title: str
    count: int


class Previewed(Listed):
    """A page of a list, when the preview was made, how many rows the list has, and how many for each field.

    `kind` says which list it is, `kinds` are those that the settings want, and `said` is what the log says
    of this one beside its rows.
    """

    rows: list[PreviewRow]
    kind: str
    made_at: float | None
    items: int
    kinds: list[KindCount]
    fields: list[FieldCount]
    said: list[str]


def list_preview(request: PreviewRequest, context: Context) -> Previewed:
    """What the last preview found and nothing has been written of since."""
    kind = request.kind or ITEMS
    with open_state(context) as state:
        said = _said(state)
        page = state.previewed.page(kind, request.field or "", request.searched, request.page)
        counts = {one: state.previewed.counts(one) for one in KINDS if one in said or one in (ITEMS, kind)}
        addresses = PlexAddresses(state)
        count, fields = counts[kind]
        return Previewed(
            **numbers_of(page),
            rows=[_row(row, addresses, TITLES[kind]) for row in page.rows],
            kind=kind,
            made_at=state.time(PREVIEWED_AT),
            items=count,
            kinds=[KindCount(kind=one, title=LISTS[one], count=rows) for one, (rows, _) in counts.items()],
            fields=[
                FieldCount(field=name, title=title, count=fields[name])
                for name, title in TITLES[kind].items()
                if fields[name] or name == request.field
            ],
            said=list(said.get(kind, ())),
        )


def _said(state: SyncState) -> Mapping[str, Sequence[str]]:
    """What the last preview said beside its lists; nothing of one that was made by an older plugin."""
    said: Mapping[str, Sequence[str]] = json.loads(state.fact(PREVIEW_SAID) or "{}")
    return said


def _row(row: PreviewedRow, addresses: PlexAddresses, titles: Mapping[str, str]) -> PreviewRow:
    return PreviewRow(
        scene_id=row.scene_id or None,
        rating_key=row.rating_key or None,
        title=row.title,
        file=row.file,
        cover=cover_of(row.scene_id) if row.scene_id else None,
        plex_address=addresses.of(row.rating_key),
        changes=[
            FieldChange(
                field=change.field,
                title=titles.get(change.field, change.field),
                old=None if change.old is None else _listed(change.old),
                new=_listed(change.new),
            )
            for change in row.changes
        ],
    )


def _listed(value: str | tuple[str, ...]) -> str | list[str]:
    return value if isinstance(value, str) else list(value)
