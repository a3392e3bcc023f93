"""Whoever adds a field, a setting, a task, a kind of gap or a table and forgets a step learns which."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from graphql import FieldNode, FragmentDefinitionNode, parse

import Stash2Plex as entry
import validation.scene
from plex.fields import FIELDS, fields_of_scene
from reconciliation.detector import GapKind
from reconciliation.result import GapDetectionResult
from sync_queue.state import SyncState
from tests.builders.values import a_config, a_scene
from tests.servers.plex.items import FIELD_ATTRIBUTES, TAG_ATTRIBUTES
from tests.servers.stash.plugins import load_plugin
from tests.servers.world import MODULES, PACKAGES, ROOT
from tests.sync_queue.test_settings_effects import EVERYTHING
from validation.config import FIELD_NAMES, Stash2PlexConfig
from validation.scene import Scene
from validation.scene_fragment import EVERYTHING as ASKED_FOR
from validation.scene_fragment import scene_fragment

# What Stash itself knows of a scene, and what belongs to another of its values.
NOT_CURATED = {
    "id",
    "updated_at",
    "files",
    "screenshot_url",
    "logo_address",
    "performer_pictures",
    "performer_tags",
    "parent_studio",
    "created_at",
}
CURATED = sorted({field.name for field in fields(Scene)} - NOT_CURATED)
SETTINGS = sorted(Stash2PlexConfig.model_fields)


def value_for(name: str) -> Any:
    """Something in this field of a scene."""
    kind = str(next(field.type for field in fields(Scene) if field.name == name))
    return ("Ada",) if "tuple" in kind else 80 if "int" in kind else "2014"


def test_stash_is_asked_for_all_that_a_scene_is_read_from() -> None:
    (fragment,) = parse(scene_fragment(ASKED_FOR)).definitions
    assert isinstance(fragment, FragmentDefinitionNode)
    asked = {node.name.value for node in fragment.selection_set.selections if isinstance(node, FieldNode)}
    assert {source for _, source, _ in validation.scene._READERS} == asked - {"id"}
    assert {name for name, _, _ in validation.scene._READERS} == {field.name for field in fields(Scene)} - {
        "id"
    }


@pytest.mark.parametrize("name", CURATED)
def test_whatever_a_person_curates_makes_a_scene_worth_pushing_and_reaches_plex(name: str) -> None:
    scene = a_scene(**{name: value_for(name)})
    assert scene.is_worth_pushing
    config = a_config(title_template="{title} {code} {url}", performer_tags=True)
    assert fields_of_scene(scene, config).values != fields_of_scene(a_scene(), config).values


def test_every_field_is_carried_to_a_plex_in_a_test() -> None:
    attributes = {**FIELD_ATTRIBUTES, **TAG_ATTRIBUTES}
    shown = {*EVERYTHING, "title_sort", "labels", "content_rating", "added_at"}
    assert {attributes[field.name] for field in FIELDS} <= shown


def test_the_documentation_tells_every_field_and_how_it_is_left_alone() -> None:
    page = (ROOT / "docs" / "fields.md").read_text(encoding="utf-8")
    table = page.partition("\n\nTo have")[0]
    (sentence,) = re.findall(r"\(`leave_fields`\): (.+)\.\n", page)
    assert re.findall("`(.+?)`", sentence) == list(FIELD_NAMES)
    assert [field.title for field in FIELDS if field.title not in table] == []
    assert {field.title for field in FIELDS} <= set(FIELD_NAMES)


def source_of(*folders: str) -> str:
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def test_every_setting_is_used() -> None:
    """Where it is read out of the settings; what it then does is shown by tests of its own."""
    text = source_of(*PACKAGES) + "".join(Path(ROOT, f"{name}.py").read_text("utf-8") for name in MODULES)
    assert [key for key in SETTINGS if not re.search(rf"(?:config|settings)\.{key}\b", text)] == []


def test_a_test_sets_every_setting_and_looks_what_it_does() -> None:
    text = source_of(
        "tests/plex",
        "tests/sync_queue",
        "tests/back_to_stash",
        "tests/reconciliation",
        "tests/end_to_end",
        "tests/stash",
    )
    assert [key for key in SETTINGS if key not in text] == []


def test_stash_shows_every_task_and_each_one_does_something() -> None:
    shown = [task.default_args["mode"] for task in load_plugin(ROOT / "Stash2Plex.yml").tasks]
    assert sorted(shown) == sorted(entry.TASKS)


def test_every_kind_of_gap_is_counted() -> None:
    result = GapDetectionResult()
    result.count(10, GapKind)
    told = result.missing_count + result.empty_metadata_count + result.stale_sync_count
    assert told == result.total_gaps == len(GapKind)


def test_whatever_table_names_a_scene_it_is_known_and_forgotten_with_it(tmp_path: Path) -> None:
    """A task asks Stash for the scenes that are known, and forgets those that are gone."""
    state = SyncState(tmp_path)
    state.use_server("a server", "")
    connection, empty = state._connection, {"INTEGER": 1, "TEXT": "", "BLOB": b""}
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    tables = {name: connection.execute(f"PRAGMA table_info({name})").fetchall() for (name,) in names}
    with_scenes = [
        name for name, columns in tables.items() if "scene_id" in {column[1] for column in columns}
    ]
    for scene_id, name in enumerate(with_scenes, start=100):
        row = [scene_id if column[1] == "scene_id" else empty[column[2]] for column in tables[name]]
        connection.execute(f"INSERT INTO {name} VALUES ({','.join('?' * len(row))})", row)
    known = set(range(100, 100 + len(with_scenes)))
    assert state.known_scene_ids() == known
    for scene_id in known:
        state.forget_scene(scene_id)
    assert state.known_scene_ids() == set()
    state.close()
