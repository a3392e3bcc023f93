"""The GraphQL documents of this plugin about scenes, and the variables of a page that follows an id."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
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


def document_by_id(count: int, more: Collection[str]) -> str:
    """One aliased findScene an id: an unknown id gives null there, and fails nothing else.

    `findScenes(ids:)` fails as a whole for one deleted scene, and an empty list returns others.
    """
    names = [f"s{n}" for n in range(count)]
    parameters = ", ".join(f"${name}: ID!" for name in names)
    fields = " ".join(f"{name}: findScene(id: ${name}) {{ ...SceneForPlex }}" for name in names)
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


def following(last_id: int, where: Mapping[str, Any], per_page: int) -> dict[str, Any]:
    """The variables of the page of scenes that follows this id, of those that `where` admits."""
    return {
        "find": {"sort": "id", "direction": "ASC", "per_page": per_page, "page": 1},
        "where": {**where, "id": {"value": last_id, "modifier": "GREATER_THAN"}},
    }
