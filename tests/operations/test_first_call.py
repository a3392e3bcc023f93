"""The page of somebody who has just installed the plugin: it says at once what is to be done first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from operations.registry import OPERATIONS
from stash.process_lock import exclusive
from tests.builders.operation import Operations, ask_as_the_page
from tests.builders.packages import a_bare_python
from tests.servers.stash.plugins import load_plugin
from tests.servers.world import ROOT, World, a_world


@pytest.fixture
def bare_world(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    """A world whose Stash has a Python without any package, by parameter without pip too."""
    python = a_bare_python(tmp_path / "python", has_pip=getattr(request, "param", True))
    with a_world(tmp_path, python=python) as world:
        yield world
        assert not world.stash.crashes


@pytest.fixture
def bare_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The plugin in a folder that asks for a package that nobody has."""
    folder = tmp_path / "bare"
    folder.mkdir()
    (folder / "requirements.txt").write_text("made-up-package>=1.2\n")
    monkeypatch.setattr("Stash2Plex.PLUGIN_DIR", str(folder))
    return folder


def test_before_its_packages_are_there_the_plugin_names_the_task_that_installs_them(
    bare_world: World,
) -> None:
    problem = ask_as_the_page(bare_world, "settings")["problem"]
    tasks = [task.name for task in load_plugin(ROOT / "Stash2Plex.yml").tasks]
    assert problem["task"] in tasks
    assert problem["task"] in problem["text"]
    assert ask_as_the_page(bare_world, "settings", version=2)["problem"]["task"] is None


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_operation_installs_anything_by_itself(
    operations: Operations, bare_folder: Path, name: str
) -> None:
    assert operations.problem(name)["task"] == "Check Setup"
    assert [path.name for path in bare_folder.iterdir()] == ["requirements.txt"]


def test_while_a_task_installs_them_the_page_is_told_to_wait(
    operations: Operations, bare_folder: Path
) -> None:
    (bare_folder / "packages").mkdir()
    with exclusive(str(bare_folder / "packages" / "install.lock")):
        problem = operations.problem("version")
    assert "are being installed" in problem["text"]
    assert problem["task"] is None


@pytest.mark.parametrize("bare_world", [False], indirect=True, ids=[""])
def test_where_no_task_could_install_them_the_page_says_what_to_do_instead(
    bare_world: World,
) -> None:
    problem = ask_as_the_page(bare_world, "version")["problem"]
    assert "has no pip to install them" in problem["text"]
    assert problem["task"] is None


def test_a_plugin_without_its_list_of_packages_is_to_be_installed_again(
    operations: Operations, bare_folder: Path
) -> None:
    (bare_folder / "requirements.txt").unlink()
    assert "Install Stash2Plex again." in operations.problem("version")["text"]
