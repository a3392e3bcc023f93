"""Promises about the shape of the code."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stash import packages
from tests.import_graph import (
    FLOORS,
    circle_in,
    drawing,
    drawn,
    files_of,
    imports_of,
    module_graph,
    modules,
    nodes_of,
)
from tests.servers.stash.plugins import load_plugins
from tests.servers.world import MODULES, PACKAGES, ROOT, install_plugin

pytestmark = pytest.mark.unmeasured

# Lines: what is longer has more than one reason, what is shorter belongs into the module of its subject.
LONGEST_FILE, SHORTEST_FILE, LONGEST_FUNCTION = 350, 25, 40
# A file, or a file and a function in it, with the reason why it may be longer or shorter.
OF_ANOTHER_LENGTH: dict[str, str] = {}


def packages_imported_by(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports_of(path)}


def test_every_package_has_its_floor() -> None:
    assert sorted(name for floor in FLOORS for name in floor) == sorted((*MODULES, *PACKAGES))


@pytest.mark.parametrize("package", [*MODULES, *PACKAGES])
def test_imports_point_down(package: str) -> None:
    (level,) = (number for number, floor in enumerate(FLOORS) if package in floor)
    below = {name for floor in FLOORS[level + 1 :] for name in floor}
    for path in files_of(package):
        ours = {*MODULES, *PACKAGES, "tests", "benchmarks"}
        assert packages_imported_by(path) & ours <= {package, *below}, path


@pytest.mark.parametrize(("library", "package"), [("plexapi", "plex"), ("stashapi", "stash")])
def test_one_package_alone_talks_to_a_servers_library(library: str, package: str) -> None:
    for name in (*MODULES, *PACKAGES):
        for path in files_of(name):
            if name != package:
                assert library not in packages_imported_by(path), path


def test_what_is_checked_here_needs_no_server_no_file_and_no_thread() -> None:
    """The package validation is pure."""
    servers, files = {"requests", "urllib3", "socket"}, {"sqlite3", "pathlib"}
    forbidden = servers | files | {"subprocess", "threading", "concurrent"}
    for path in files_of("validation"):
        assert not packages_imported_by(path) & forbidden, path


def test_what_stash_tells_of_itself_is_read_in_one_place() -> None:
    """From there on it is a ServerConnection."""
    readers = {
        name for name, path in modules().items() if "SessionCookie" in path.read_text(encoding="utf-8")
    }
    assert readers == {"validation.plugin_input"}


def test_no_module_imports_one_that_imports_it() -> None:
    """But for types, wherever in the module the import stands."""
    assert circle_in(module_graph()) == []
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]


def test_the_drawing_of_who_imports_whom_is_that_of_the_code() -> None:
    assert drawn() == drawing(), "draw it anew: python -m tests.import_graph"


def test_a_module_has_one_subject_and_a_function_one_step() -> None:
    """By their lengths, as far as lengths can tell."""
    found = set()
    for path in modules().values():
        name, text = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        is_short = text.count("\n") < SHORTEST_FILE and path.name != "__init__.py"
        if is_short or text.count("\n") > LONGEST_FILE:
            found.add(name)
        for node in nodes_of(path):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                assert node.end_lineno is not None
                if node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION:
                    found.add(f"{name} {node.name}")
    assert found == set(OF_ANOTHER_LENGTH)


def test_the_test_servers_know_nothing_of_the_plugin() -> None:
    for path in (ROOT / "tests" / "servers").rglob("*.py"):
        assert not packages_imported_by(path) & {*MODULES, *PACKAGES}, path


def test_what_is_shipped_and_checked_is_every_package() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lists = [line for line in project.split("\n") if '"validation"' in line]
    assert len(lists) == 4
    build = (ROOT / ".ci" / "package.py").read_text(encoding="utf-8")
    lists += re.findall(r"^PACKAGES = \(.+?\)$", build, re.MULTILINE | re.DOTALL)
    assert len(lists) == 5
    assert {*MODULES, *PACKAGES} - {"Stash2Plex"} == packages.OURS
    for listed in lists:
        assert set(re.findall(r'"(\w+)"', listed)) >= set(PACKAGES), listed


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
    entry: Any = importlib.util.module_from_spec(spec)
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
        "Bring Back From Plex": "bring_back",
        "Queue Status": "queue_status",
        "Retry Failed": "retry_failed",
        "Clear Queue": "clear_queue",
    }
    assert {"Scene.Create.Post", "Scene.Update.Post"} <= set(plugin.hooks[0].triggered_by)
    assert {"plex_url", "plex_token", "plex_library", "path_map"} <= set(plugin.settings)
