"""Stash starts Python without its `site`, for the hooks' sake: tasks find what is installed all the same."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from stash.byte_code import HOOK_MODULES, keep_byte_code
from tests.builders.entry import hook
from tests.builders.packages import a_bare_python
from tests.servers.world import ROOT, SHIPPED, World, a_world

PACKAGES = sysconfig.get_path("purelib")
MARK = "import os; open(os.environ['PYTHON_WAS_WHOLE'], 'w').close()\n"


def site_packages_of(python: str) -> Path:
    """Where this Python looks for what is installed into it."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Path(subprocess.check_output([python, "-c", code], text=True).strip())


def in_a_virtual_environment(folder: Path) -> tuple[str, Mapping[str, str]]:
    """As Stash's “Python executable path” names one; its packages by a `.pth` file, which also runs code."""
    python = a_bare_python(folder, has_pip=False)
    site_packages = site_packages_of(python)
    (site_packages / "packages.pth").write_text(f"{PACKAGES}\n{MARK}")
    return python, {}


def for_the_user(folder: Path) -> tuple[str, Mapping[str, str]]:
    python = str(getattr(sys, "_base_executable", sys.executable))
    environment = {"PYTHONUSERBASE": str(folder)}
    code = "import site; print(site.getusersitepackages())"
    found = subprocess.check_output([python, "-c", code], text=True, env=environment).strip()
    Path(found).mkdir(parents=True)
    Path(found, "packages.pth").write_text(f"{PACKAGES}\n")
    Path(found, "usercustomize.py").write_text(MARK)
    return python, environment


def by_pythonpath(folder: Path) -> tuple[str, Mapping[str, str]]:
    python = a_bare_python(folder, has_pip=False)
    (site_packages_of(python) / "sitecustomize.py").write_text(MARK)
    return python, {"PYTHONPATH": PACKAGES}


@pytest.mark.parametrize("installed", [in_a_virtual_environment, for_the_user, by_pythonpath])
def test_a_task_finds_what_is_installed_and_a_hook_does_not_look_for_it(
    tmp_path: Path, installed: Callable[[Path], tuple[str, Mapping[str, str]]]
) -> None:
    python, environment = installed(tmp_path / "python")
    mark = tmp_path / "mark"
    with a_world(
        tmp_path, python=python, environment={**environment, "PYTHON_WAS_WHOLE": str(mark)}
    ) as world:
        world.settings["manual_drain"] = True
        assert world.stash.run_task("Queue Status").messages("info")[0] == "=== Queue Status ==="
        assert mark.exists()
        mark.unlink()
        switched_off = world.stash.run_task("Check Setup")
        assert not [line for line in switched_off.log if "Python package" in line.text]
        mark.unlink()
        assert world.stash.run_plugin(hook(world.add_film("one", plex={}))).output == "ok"
        assert not mark.exists()


def test_a_manifest_of_an_older_version_starts_it_with_site(world: World) -> None:
    """Stash reads the manifest again when its plugins are reloaded, not when the files are replaced."""
    document = world.stash.run_plugin({"mode": "queue_status"}).log
    run = subprocess.run(
        [sys.executable, str(ROOT / "Stash2Plex.py")],
        input=b'{"server_connection":{"Scheme":"http"},"args":{"mode":"queue_status"}}',
        env={"STASH2PLEX_DATA_DIR": str(world.data_dir)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert run.stdout == b'{"output": "ok"}'
    assert document[0].text in run.stderr.decode()


def installed_copy(folder: Path) -> Path:
    """The plugin's files, with no byte code beside them."""
    folder.mkdir()
    for name in (*SHIPPED, "requirements.txt"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def run_copy(folder: Path, data_dir: Path) -> str:
    """Run a task of a copy of the plugin where Python keeps no byte code by itself."""
    run = subprocess.run(
        [sys.executable, "-S", str(folder / "Stash2Plex.py")],
        input=b'{"server_connection":{"Scheme":"http"},"args":{"mode":"queue_status"}}',
        env={"STASH2PLEX_DATA_DIR": str(data_dir), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return run.stdout.decode()


def kept(folder: Path) -> dict[str, bytes]:
    """The byte code beside a copy's files, by the module's path."""
    sources = [path for path in folder.rglob("*.py") if Path(cache_from_source(str(path))).is_file()]
    return {
        path.relative_to(folder).as_posix(): Path(cache_from_source(str(path))).read_bytes()
        for path in sources
    }


def path_of(module: str) -> str:
    path = module.replace(".", "/")
    return f"{path}/__init__.py" if (ROOT / path).is_dir() else f"{path}.py"


def test_after_the_first_task_a_hook_compiles_nothing_where_python_keeps_no_byte_code(tmp_path: Path) -> None:
    folder = installed_copy(tmp_path / "plugin")
    assert run_copy(folder, tmp_path / "data") == '{"output": "ok"}'
    assert set(kept(folder)) == {path_of(module) for module in HOOK_MODULES}


def test_byte_code_of_an_older_version_is_replaced_and_right_one_left_alone(tmp_path: Path) -> None:
    folder = installed_copy(tmp_path / "plugin")
    run_copy(folder, tmp_path / "data")
    before = kept(folder)
    with (folder / "sync_queue" / "hook.py").open("a") as file:
        file.write("# A newer version.\n")
    run_copy(folder, tmp_path / "data")
    changed = {name for name, code in kept(folder).items() if code != before[name]}
    assert changed == {"sync_queue/hook.py"}


def test_where_no_byte_code_can_be_kept_all_works_without(tmp_path: Path) -> None:
    folder = installed_copy(tmp_path / "plugin")
    (folder / "sync_queue" / "__pycache__").write_text("no folder")
    assert run_copy(folder, tmp_path / "data") == '{"output": "ok"}'
    assert "sync_queue/hook.py" not in kept(folder)


def test_a_module_that_is_being_replaced_is_left_for_the_next_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half_written.py").write_text("def half(")
    monkeypatch.syspath_prepend(str(tmp_path))
    keep_byte_code(["half_written", "not_there_at_all"])
    assert kept(tmp_path) == {}
