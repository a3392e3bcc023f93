"""What Stash has for Plex's collections: groups and studios with texts and pictures, and groups' order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from stash.documents import Ask
from stash.exceptions import StashAnswerInvalid
from validation.scene import parse_timestamp

GROUP, STUDIO = "group", "studio"
SOURCES_PER_PAGE = 1_000
SCENES_PER_PAGE = 1_000
# Stash's names of the text and of the picture of each kind.
_FIELDS = {GROUP: ("synopsis", "front_image_path"), STUDIO: ("details", "image_path")}
# Stash draws a picture for those that have none, under an address that says so.
_DRAWN_PICTURE = "default=true"
_PLACES = (
    "query PlacesInGroups($find: FindFilterType, $where: SceneFilterType)"
    " { findScenes(filter: $find, scene_filter: $where)"
    " { scenes { id groups { group { id } scene_index } } } }"
)


class Source(NamedTuple):
    """A group or studio (`kind` and `id`): its name, text, the address of its picture, when it was saved.

    Text and address are empty where there is none; `version` is in seconds since 1970.
    """

    kind: str
    id: int
    name: str
    text: str
    image_url: str
    version: int

    @property
    def words(self) -> str:
        """Which one it is, for the log."""
        return f"{self.kind} {self.id}"


def read_sources(ask: Ask) -> list[Source]:
    """All groups and all studios. Raises StashError, also where they did not all come."""
    return [source for kind in _FIELDS for source in _read_kind(ask, kind)]


def _read_kind(ask: Ask, kind: str) -> list[Source]:
    text, image = _FIELDS[kind]
    find = f"find{kind.capitalize()}s"
    document = (
        f"query CollectionsOf{kind.capitalize()}s($find: FindFilterType) {{ {find}(filter: $find)"
        f" {{ count {kind}s {{ id name updated_at {text} {image} }} }} }}"
    )
    found: dict[int, Source] = {}
    page, read, count = 1, 0, 1
    while read < count:
        order = {"sort": "id", "direction": "ASC", "per_page": SOURCES_PER_PAGE, "page": page}
        answer = ask(document, {"find": order}).get(find)
        records = answer.get(f"{kind}s") if isinstance(answer, Mapping) else None
        count = answer.get("count") if isinstance(answer, Mapping) else None  # type: ignore[assignment]
        if not isinstance(records, list) or not isinstance(count, int):
            raise StashAnswerInvalid(f"Stash returned no list of {kind}s.")
        found.update((source.id, source) for record in records if (source := _source(kind, record)))
        page, read = page + 1, read + len(records)
        if not records and read < count:
            raise StashAnswerInvalid(f"Stash lists fewer {kind}s than it counts; nothing was concluded.")
    return list(found.values())


def _source(kind: str, record: Any) -> Source | None:
    """A group or studio of an answer; None for one that cannot be used."""
    text, image = _FIELDS[kind]
    try:
        address = str(record.get(image) or "")
        version = int(parse_timestamp(record["updated_at"]).timestamp())
        url = "" if _DRAWN_PICTURE in address else address
        return Source(kind, int(record["id"]), str(record["name"]), str(record.get(text) or ""), url, version)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def scenes_of_groups(ask: Ask, group_ids: Sequence[int]) -> dict[int, list[int]]:
    """The ids of each group's scenes in the group's order; those without a place in it come last, by id.

    Raises StashError.
    """
    places: dict[int, list[tuple[float, int]]] = {group_id: [] for group_id in group_ids}
    for scene_id, groups in _places(ask, group_ids):
        for group_id, index in groups:
            if group_id in places:
                places[group_id].append((float("inf") if index is None else index, scene_id))
    return {group_id: [scene_id for _, scene_id in sorted(some)] for group_id, some in places.items()}


def _places(ask: Ask, group_ids: Sequence[int]) -> Iterable[tuple[int, list[tuple[int, int | None]]]]:
    last_id = 0
    where = {"groups": {"value": list(map(str, group_ids)), "modifier": "INCLUDES"}}
    while group_ids:
        find = {"sort": "id", "direction": "ASC", "per_page": SCENES_PER_PAGE, "page": 1}
        after = {**where, "id": {"value": last_id, "modifier": "GREATER_THAN"}}
        try:
            scenes = ask(_PLACES, {"find": find, "where": after})["findScenes"]["scenes"]
            read = [(int(scene["id"]), [_link(one) for one in scene["groups"]]) for scene in scenes]
        except (KeyError, TypeError, ValueError) as error:
            raise StashAnswerInvalid("Stash returned no usable list of the scenes of groups.") from error
        yield from read
        if len(read) < SCENES_PER_PAGE:
            return
        if read[-1][0] <= last_id:
            raise StashAnswerInvalid("Stash returned a page of scenes that was asked for before.")
        last_id = read[-1][0]


def _link(link: Any) -> tuple[int, int | None]:
    index = link["scene_index"]
    return int(link["group"]["id"]), None if index is None else int(index)
