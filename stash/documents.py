"""The GraphQL documents of this plugin about scenes, and the variables of a page that follows an id."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from validation.scene_fragment import scene_fragment

# Sends a document with its variables; returns the data of an answer that has no errors.
Ask = Callable[[str, dict[str, Any]], Mapping[str, Any]]

COUNT = (
    "query Count($find: FindFilterType, $where: SceneFilterType)"
    " { findScenes(filter: $find, scene_filter: $where) { count } }"
)
PAGE_OF_IDS = (
    "query PageOfIds($find: FindFilterType, $where: SceneFilterType)"
    " { findScenes(filter: $find, scene_filter: $where) { scenes { id } } }"
)
NEWEST = (
    'query Newest { findScenes(filter: {sort: "updated_at", direction: DESC, per_page: 20})'
    " { scenes { updated_at } } }"
)
TAG_NAMES = "query TagNames($find: FindFilterType) { findTags(filter: $find) { count tags { name } } }"
SAVED_FILTERS = "query SavedFilters { findSavedFilters { name mode find_filter { q } object_filter } }"
SAVE_SETTINGS = (
    "mutation SaveSettings($id: ID!, $settings: Map!) { configurePlugin(plugin_id: $id, input: $settings) }"
)
# The folders that Stash scans.
FOLDERS = "query Folders { configuration { general { stashes { path excludeVideo } } } }"
SETTINGS = "query Settings($ids: [ID!]) { configuration { plugins(include: $ids) } }"


def document_of_page(more: Collection[str]) -> str:
    """Scenes that follow an id, with `more` of what validation.scene_fragment knows."""
    return (
        "query Page($find: FindFilterType, $where: SceneFilterType)"
        " { findScenes(filter: $find, scene_filter: $where) { scenes { ...SceneForPlex } } }"
        f"{scene_fragment(more)}"
    )


def document_by_id(count: int, more: Collection[str], with_chosen: bool = False) -> str:
    """One aliased findScene an id: an unknown id gives null there, and fails nothing else.

    `findScenes(ids:)` fails as a whole for one deleted scene, an empty list returns others, and with ids no
    filter counts. So `with_chosen` also asks, as `chosen`, which scenes a filter `where` admits.
    """
    names = [f"s{n}" for n in range(count)]
    parameters = ", ".join(f"${name}: ID!" for name in names)
    fields = " ".join(f"{name}: findScene(id: ${name}) {{ ...SceneForPlex }}" for name in names)
    if with_chosen:
        parameters += ", $find: FindFilterType, $where: SceneFilterType"
        fields += " chosen: findScenes(filter: $find, scene_filter: $where) { count scenes { id } }"
    return f"query ScenesById({parameters}) {{ {fields} }}{scene_fragment(more)}"


def document_of_counts(count: int) -> str:
    """How many scenes have each of these ids, $s0 and so on: one or none."""
    names = [f"s{n}" for n in range(count)]
    parameters = ", ".join(f"${name}: Int!" for name in names)
    fields = " ".join(
        f"{name}: findScenes(scene_filter: {{id: {{value: ${name}, modifier: EQUALS}}}},"
        " filter: {per_page: 0}) { count }"
        for name in names
    )
    return f"query ScenesThere({parameters}) {{ {fields} }}"


def all_of(*filters: Mapping[str, Any]) -> dict[str, Any]:
    """One SceneFilterType for scenes that each of these admits.

    The first one's criteria stand outermost: some of Stash's work nowhere else. Of the others each is in the
    AND of the one before, and the last alone may have an OR.
    """
    joined: dict[str, Any] = {}
    for one in reversed([one for one in filters if one]):
        joined = {**one, "AND": joined} if joined else dict(one)
    return joined


def following(
    last_id: int, where: Mapping[str, Any], per_page: int, chosen: tuple[Mapping[str, Any], str] = ({}, "")
) -> dict[str, Any]:
    """The variables of the page of scenes that follows this id, of those that `where` admits.

    `chosen` is another filter, and words by which they have to be found as in Stash's field for searching.
    """
    criteria, search = chosen
    find = {"sort": "id", "direction": "ASC", "per_page": per_page, "page": 1}
    own = {**where, "id": {"value": last_id, "modifier": "GREATER_THAN"}}
    return {"find": {**find, "q": search} if search else find, "where": all_of(criteria, own)}


def among(
    ids: Sequence[int], criteria: Mapping[str, Any], own: Mapping[str, Any], search: str
) -> dict[str, Any]:
    """The variables that ask which of these scenes both filters admit, for all of the scenes at once.

    An OR that stands outermost Stash does not hold together where something is searched.
    """
    bounds = {"value": min(ids), "value2": max(ids), "modifier": "BETWEEN"}
    find = {"sort": "id", "direction": "ASC", "per_page": -1}
    any_of: dict[str, Any] = {}
    for scene_id in reversed(ids):
        one = {"id": {"value": scene_id, "modifier": "EQUALS"}}
        any_of = {**one, "OR": any_of} if any_of else one
    return {
        "find": {**find, "q": search} if search else find,
        "where": all_of(criteria, {**own, "id": bounds}, any_of),
    }
