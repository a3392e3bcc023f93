"""Values with defaults for tests: say only what the test is about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from plex.fields import FIELDS, Kind, PlexFields, Value
from plex.items import ListedItem, Part, PlexItem
from validation.config import Stash2PlexConfig, read_settings
from validation.scene import Scene, SceneFile

NOON = datetime(2025, 12, 28, 12, tzinfo=timezone.utc)
Files = Iterable[tuple[str, "int | None"]]


def a_scene(id: int = 1, files: Files = (("/data/one.mp4", 1000),), **fields: Any) -> Scene:
    """A scene with one file and nothing curated."""
    return Scene(id=id, **{"updated_at": NOON, **fields}, files=tuple(SceneFile(*file) for file in files))


def a_config(**stored: Any) -> Stash2PlexConfig:
    """Settings of which only these were touched."""
    required = {"plex_url": "http://plex:32400", "plex_token": "made-up-plex-token"}
    return read_settings({**required, **stored}).config


def raw_scene(**fields: Any) -> dict[str, Any]:
    """A scene in Stash's JSON, with the nulls and empty texts of one that nobody curated."""
    return {
        "id": "1",
        "title": "",
        "details": "",
        "date": None,
        "director": "",
        "rating100": None,
        "updated_at": "2025-12-28T04:00:00-08:00",
        "files": [{"path": "/data/one.mp4", "size": 1000}],
        "paths": {"screenshot": "http://localhost:9999/scene/1/screenshot?t=1"},
        "studio": None,
        "performers": [],
        "tags": [],
        "groups": [],
        **fields,
    }


def the_fields(**values: Value) -> PlexFields:
    """Plex's fields, empty but for these."""
    empty: dict[str, Value] = {field.name: () if field.kind is Kind.TAGS else "" for field in FIELDS}
    unknown = set(values) - set(empty)
    assert not unknown, f"Plex items have no {unknown}"
    return PlexFields({**empty, **values})


def an_item(
    rating_key: int = 1,
    files: Files = (("/media/one.mp4", 1000),),
    locked: Iterable[str] = (),
    section_key: int = 1,
    **values: Value,
) -> PlexItem:
    """An item in full, of one file, of which Plex knows nothing but these values."""
    parts = tuple(Part(*file) for file in files)
    return PlexItem(rating_key, section_key, parts, the_fields(**values), frozenset(locked))


def a_listed_item(rating_key: int = 1, *files: tuple[str, int | None], section_key: int = 1) -> ListedItem:
    """An item as a listing shows it."""
    return ListedItem(rating_key, section_key, False, tuple(Part(*file) for file in files))
