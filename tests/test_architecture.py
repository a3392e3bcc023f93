"""Promises about the shape of the code."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.stash_plugins import load_plugins
from tests.servers.world import ROOT, install_plugin

# From the entry down: each room may import those to its right.
ROOMS = ("Stash2Plex", "tasks", "reconciliation", "sync_queue", "plex", "validation")


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module or ""


@pytest.mark.parametrize("room", ROOMS[2:])
def test_imports_point_one_way(room: str) -> None:
    forbidden = ROOMS[: ROOMS.index(room)]
    for path in (ROOT / room).rglob("*.py"):
        for name in imports_of(path):
            assert name.partition(".")[0] not in (*forbidden, "tests"), f"{path} imports {name}"


def test_only_the_plex_room_talks_to_plexapi() -> None:
    for room in ROOMS:
        for path in [ROOT / f"{room}.py"] if room in ROOMS[:2] else (ROOT / room).rglob("*.py"):
            if room != "plex":
                assert not any(name.startswith("plexapi") for name in imports_of(path)), path


def test_the_entry_imports_as_a_module_and_writes_nothing() -> None:
    code = (
        "import Stash2Plex as entry;"
        "assert entry.stash_interface is entry.config is entry.queue_manager is None;"
        "assert {'reconcile_all', 'reconcile_recent'} <= entry.management_modes"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")


def test_what_is_set_in_the_entry_is_what_its_tasks_use_however_it_was_loaded() -> None:
    spec = importlib.util.spec_from_file_location("loaded_by_its_path", ROOT / "Stash2Plex.py")
    assert spec is not None
    assert spec.loader is not None
    entry = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(entry)
    assert entry.handle_reconcile("all") == "No Stash connection available for reconciliation"
    entry.stash_interface = object()
    assert entry.handle_reconcile("all") == "No config available for reconciliation"


def test_the_manifest_is_the_only_yml_file_in_the_repository() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert [name for name in listed.stdout.split("\n") if name.endswith(".yml")] == ["Stash2Plex.yml"]


def test_stash_loads_the_manifest_with_its_tasks_hooks_and_settings(tmp_path: Path) -> None:
    plugins, errors = load_plugins(install_plugin(tmp_path / "plugins"))
    assert errors == []
    (plugin,) = plugins
    assert {task.name: task.default_args["mode"] for task in plugin.tasks} == {
        "Check Setup": "check_setup",
        "Reconcile Library (All)": "reconcile_all",
        "Reconcile Library (Recent)": "reconcile_recent",
        "Process Queue": "process_queue",
        "Preview Sync (Dry Run)": "preview",
        "Find Orphans": "find_orphans",
        "Undo First Sync": "undo_first_sync",
        "Queue Status": "queue_status",
        "Retry Failed": "retry_failed",
        "Clear Queue": "clear_queue",
    }
    assert {"Scene.Create.Post", "Scene.Update.Post"} <= set(plugin.hooks[0].triggered_by)
    assert {"plex_url", "plex_token", "plex_library", "path_map"} <= set(plugin.settings)
