"""The folder of packages: nobody else may change it, and nothing in it takes the place of Python's own."""

from __future__ import annotations

import os
import re
import stat
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from stash import packages as dependencies
from tests.builders.packages import a_wheel
from tests.servers.world import MODULES, PACKAGES, ROOT
from tests.stash.test_packages import Plugin, plugin, wheels  # noqa: F401


@pytest.mark.skipif(sys.platform == "win32", reason="rights are another matter there")
def test_where_everybody_may_write_what_is_made_the_packages_are_closed_to_others(
    plugin: Plugin,  # noqa: F811
) -> None:
    before = os.umask(0)
    try:
        plugin.provide()
        assert os.umask(0) == 0, "the umask is as it was"
    finally:
        os.umask(before)
    root = plugin.own_folder.parent
    open_to_others = [path for path in (root, *root.rglob("*")) if path.stat().st_mode & 0o022]
    assert open_to_others == []
    assert stat.S_ISDIR(plugin.own_folder.stat().st_mode)


def test_the_packages_stand_after_pythons_own_library_and_before_all_others(
    plugin: Plugin,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order = list(sys.path)
    monkeypatch.setattr(sys, "path", order)
    plugin.packages.provide(dependencies_lock)
    place = sys.path.index(str(plugin.own_folder))
    before, after = sys.path[:place], sys.path[place + 1 :]
    library = os.path.dirname(os.__file__)
    assert library in before
    assert not any("site-packages" in path or "dist-packages" in path for path in before)
    assert any("site-packages" in path or "dist-packages" in path for path in after)


def dependencies_lock(path: str, patience: float) -> AbstractContextManager[None]:
    from stash.process_lock import exclusive

    return exclusive(path, patience)


@pytest.mark.parametrize(("version", "fits"), [("1.9", True), ("2.0", False), ("2.1", False), ("3", False)])
def test_a_version_that_nobody_has_tried_is_not_used(
    plugin: Plugin,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    fits: bool,
) -> None:
    plugin.ask_for("made-up-package>=1.2,<2\n")
    folder = a_wheel(tmp_path / "newer", version=version)
    installed = tmp_path / "site"
    installed.mkdir()
    unpack(folder, installed)
    monkeypatch.setattr(sys, "path", [str(installed), *sys.path])
    assert (plugin.packages._missing() == []) is fits


def unpack(folder: Path, into: Path) -> None:
    """Install wheels as pip does."""
    from zipfile import ZipFile

    for wheel in folder.glob("*.whl"):
        with ZipFile(wheel) as archive:
            archive.extractall(into)


def test_every_requirement_has_a_lowest_version_and_a_bound() -> None:
    lines = (ROOT / "requirements.txt").read_text().split()
    assert lines
    for line in lines:
        assert re.fullmatch(r"[\w-]+>=[\d.]+,<[\d.]+", line), line


def test_every_package_that_is_imported_is_required() -> None:
    required = {re.split(r"[<>=]", line)[0] for line in (ROOT / "requirements.txt").read_text().split()}
    imported = {
        found
        for name in PACKAGES
        for file in (ROOT / name).glob("*.py")
        for found in re.findall(r"^(?:from|import) (\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    names = {dependencies.IMPORTED_AS.get(name, name) for name in required}
    own = {*MODULES, *PACKAGES}
    # requests brings urllib3.
    assert imported - own - set(sys.stdlib_module_names) - {"urllib3", "__future__"} <= names
