"""The operation `preview`: what a sync would write, as the last preview found it."""

from __future__ import annotations

from operations.context import Context
from operations.model import Result
from operations.opened import Listed, ListRequest, PlexAddresses, cover_of, numbers_of, open_state
from plex.fields import FIELDS
from sync_queue.facts import PREVIEWED_AT
from sync_queue.previewed import PreviewedItem

TITLES = {field.name: field.title for field in FIELDS}


class PreviewRequest(ListRequest):
    """Which items: those of which this field (a name that the result has) would change, or all."""

    field: str | None = None


class FieldChange(Result):
    """A field that would be written: what Plex has, and what it would have; long values are cut."""

    field: str
    title: str
    old: str | list[str]
    new: str | list[str]


class PreviewRow(Result):
    """An item that would be written for a scene."""

    scene_id: int
    rating_key: int
    title: str
    file: str
    cover: str
    plex_address: str | None
    changes: list[FieldChange]


class FieldCount(Result):
    """Of how many items a field would change."""

    field: str
    title: str
    count: int


class Previewed(Listed):
    """A page of them, when the preview was made, how many items it has, and how many for each field."""

    rows: list[PreviewRow]
    made_at: float | None
    items: int
    fields: list[FieldCount]


def list_preview(request: PreviewRequest, context: Context) -> Previewed:
    """What the last preview found and nothing has been written of since."""
    with open_state(context) as state:
        page = state.previewed.page(request.field or "", request.searched, request.page)
        items, counts = state.previewed.counts()
        addresses = PlexAddresses(state)
        return Previewed(
            **numbers_of(page),
            rows=[_row(item, addresses) for item in page.rows],
            made_at=state.time(PREVIEWED_AT),
            items=items,
            fields=[
                FieldCount(field=name, title=title, count=counts[name])
                for name, title in TITLES.items()
                if counts[name]
            ],
        )


def _row(item: PreviewedItem, addresses: PlexAddresses) -> PreviewRow:
    return PreviewRow(
        scene_id=item.scene_id,
        rating_key=item.rating_key,
        title=item.title,
        file=item.file,
        cover=cover_of(item.scene_id),
        plex_address=addresses.of(item.rating_key),
        changes=[
            FieldChange(
                field=change.field,
                title=TITLES.get(change.field, change.field),
                old=_listed(change.old),
                new=_listed(change.new),
            )
            for change in item.changes
        ],
    )


def _listed(value: str | tuple[str, ...]) -> str | list[str]:
    return value if isinstance(value, str) else list(value)
