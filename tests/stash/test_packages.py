"""What the plugin needs is installed once, whole or not at all, and never into the system's Python."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import ZipFile

import pytest

from stash import packages as dependencies
from stash.packages import Packages, PackagesMissing
from stash.process_lock import exclusive
from tests.builders.bench import log_lines, texts
from tests.builders.packages import (
    SilentIndex,
    a_wheel,
    closed_port,
    only_these_wheels,
    only_this_index,
    pip_alone,
    pip_is_told_nothing,
)
from tests.servers.world import ROOT

PROVIDE = """
import sys
from stash.process_lock import exclusive
from stash.packages import Packages
Packages(*sys.argv[1:]).provide(exclusive)
import made_up_package
"""


class WouldInstall(Exception):
    """Raised in place of the lock that only an installation takes."""


@contextmanager
def no_lock(path: str, patience: float) -> Iterator[None]:
    raise WouldInstall
    yield


@dataclass
class Plugin:
    """A plugin's folder, whose requirements.txt asks for a made-up package, and a folder for its data."""

    folder: Path
    data_dir: Path
    pip_configuration: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    added: list[str] = field(default_factory=list)

    def ask_for(self, requirements: str) -> None:
        (self.folder / "requirements.txt").write_text(requirements)

    def configure_pip(self, text: str) -> None:
        self.pip_configuration.write_text(text)

    @property
    def packages(self) -> Packages:
        return Packages(str(self.folder), str(self.data_dir))

    @property
    def command(self) -> str:
        """What the user is told to type."""
        return self.packages.explain(ImportError("no", name="made_up_package")).partition("): ")[2]

    @property
    def own_folder(self) -> Path:
        """Where the packages for this Python and these requirements go."""
        return Path(self.command.partition("--target ")[2].partition(" ")[0])

    def provide(self, lock: dependencies.Lock = exclusive, *also_on_path: Path) -> list[tuple[str, str]]:
        """Provide as a process does that has just started; the log's lines, and in `added` the new paths."""
        before = [*map(str, also_on_path), *sys.path]
        self.capsys.readouterr()
        with self.monkeypatch.context() as patch:
            patch.setattr(sys, "path", list(before))
            try:
                self.packages.provide(lock)
            finally:
                self.added = [path for path in sys.path if path not in before]
        written = self.capsys.readouterr()
        assert written.out == ""
        return [(line.level, line.text) for line in log_lines(written.err)]

    def would_install(self, *also_on_path: Path) -> bool:
        try:
            self.provide(no_lock, *also_on_path)
        except WouldInstall:
            return True
        return False

    def failure(self, lock: dependencies.Lock = exclusive) -> str:
        with pytest.raises(PackagesMissing) as caught:
            self.provide(lock)
        assert self.added == []
        return str(caught.value)

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", PROVIDE, str(self.folder), str(self.data_dir)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    a_wheel(folder, version="1.3", config__yml="a: b", notes__yaml="c: d")
    return a_wheel(folder, name="another-package", version="2.0")


@pytest.fixture
def plugin(
    tmp_path: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Plugin:
    pip_is_told_nothing(monkeypatch)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    plugin = Plugin(tmp_path / "Stash2Plex", tmp_path / "data", tmp_path / "pip.conf", monkeypatch, capsys)
    plugin.folder.mkdir()
    plugin.ask_for("made-up-package>=1.2\n")
    plugin.configure_pip(only_these_wheels(wheels))
    return plugin


def install_by_hand(plugin: Plugin, wheels: Path) -> Path:
    """Put what is needed where it belongs."""
    with ZipFile(wheels / "made_up_package-1.3-py3-none-any.whl") as wheel:
        wheel.extractall(plugin.own_folder)
    return plugin.own_folder


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_what_is_missing_is_installed_once_and_found_from_then_on(plugin: Plugin) -> None:
    log = plugin.provide()
    first, *pip, last = log
    assert first[0] == last[0] == "info"
    assert "made-up-package" in first[1]
    assert "once" in first[1]
    assert {level for level, _ in pip} == {"debug"}
    assert any("made_up_package-1.3" in text for _, text in pip)
    (folder,) = plugin.added
    assert Path(folder).parent == plugin.folder / "packages"
    assert names_in(plugin.folder / "packages") == {"install.lock", Path(folder).name}
    assert plugin.provide(no_lock) == []
    assert plugin.added == [folder]


def test_stash_finds_no_plugin_among_the_packages_and_no_program_is_left(plugin: Plugin) -> None:
    plugin.provide()
    (folder,) = plugin.added
    assert not list(plugin.folder.rglob("*.yml"))
    assert names_in(Path(folder)) == {"made_up_package", "made_up_package-1.3.dist-info"}
    assert "notes.yaml" in names_in(Path(folder, "made_up_package"))


def test_where_python_has_everything_nothing_is_done(plugin: Plugin) -> None:
    plugin.ask_for("# what the tests run with\npytest>=7\npydantic>=2.6\n")
    assert plugin.provide(no_lock) == []
    assert plugin.added == []
    assert names_in(plugin.folder) == {"requirements.txt"}


@pytest.mark.parametrize(
    ("has", "wants", "is_enough"),
    [
        ("1.10", "1.9", True),
        ("1.9", "1.10", False),
        ("1.2", "1.2.0", True),
        ("1.2.0", "1.2", True),
        ("2", "1.9.9", True),
        ("1.2", "1.2.1", False),
        ("1.2.post1", "1.2", True),
        ("10.0", "9.1", True),
    ],
)
def test_a_package_that_is_too_old_counts_as_missing(
    plugin: Plugin, tmp_path: Path, has: str, wants: str, is_enough: bool
) -> None:
    about = tmp_path / "site" / f"made_up_package-{has}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: made-up-package\nVersion: {has}\n")
    plugin.ask_for(f"made-up-package>={wants}\n")
    assert plugin.would_install(tmp_path / "site") is not is_enough


def test_what_a_half_removed_package_left_behind_does_not_count(plugin: Plugin, tmp_path: Path) -> None:
    (tmp_path / "site" / "made_up_package-1.2.dist-info").mkdir(parents=True)
    assert plugin.would_install(tmp_path / "site")


def test_an_update_of_the_plugin_that_needs_more_installs_anew_and_removes_the_old(
    plugin: Plugin, wheels: Path
) -> None:
    before = install_by_hand(plugin, wheels)
    assert not plugin.would_install()
    plugin.ask_for("made-up-package>=1.2\nanother-package>=2\n")
    plugin.provide()
    assert plugin.added == [str(plugin.own_folder)] != [str(before)]
    assert names_in(plugin.folder / "packages") == {"install.lock", plugin.own_folder.name}


@pytest.mark.parametrize("change", ["python", "machine"])
def test_what_was_installed_for_another_python_or_machine_is_not_used(
    plugin: Plugin, wheels: Path, change: str
) -> None:
    install_by_hand(plugin, wheels)
    assert not plugin.would_install()
    if change == "python":
        plugin.monkeypatch.setattr(dependencies, "EXTENSION_SUFFIXES", [".cpython-399-riscv64-linux-musl.so"])
    else:
        plugin.monkeypatch.setattr("platform.machine", lambda: "riscv64")
    assert plugin.would_install()


def test_a_folder_that_lacks_something_is_replaced(plugin: Plugin) -> None:
    (plugin.own_folder / "half of it").mkdir(parents=True)
    plugin.provide()
    assert plugin.added == [str(plugin.own_folder)]
    assert "half of it" not in names_in(plugin.own_folder)


def test_what_a_person_has_set_for_pip_elsewhere_does_not_lead_it_astray(
    plugin: Plugin, tmp_path: Path
) -> None:
    for name, text in {
        "PIP_USER": "1",
        "PIP_REQUIRE_VIRTUALENV": "1",
        "PIP_DRY_RUN": "1",
        "PIP_TARGET": str(tmp_path / "elsewhere"),
        "PIP_PREFIX": str(tmp_path / "elsewhere"),
        "PIP_ROOT": str(tmp_path / "elsewhere"),
    }.items():
        plugin.monkeypatch.setenv(name, text)
    # Not a virtual environment: the system's own Python, which may refuse to be installed into.
    plugin.monkeypatch.setattr(sys, "executable", sys._base_executable)  # type: ignore[attr-defined] # in no stub
    plugin.monkeypatch.setenv("PYTHONPATH", str(pip_alone(tmp_path / "pip")))
    plugin.provide()
    assert len(plugin.added) == 1
    assert not (tmp_path / "elsewhere").exists()


def test_where_the_plugins_folder_cannot_be_written_the_data_folder_is_used(plugin: Plugin) -> None:
    (plugin.folder / "packages").write_text("a file where a folder should be")
    plugin.provide()
    (folder,) = plugin.added
    assert Path(folder).parent == plugin.data_dir / "packages"
    assert plugin.provide(no_lock) == []


def test_where_no_folder_can_be_written_it_is_named(plugin: Plugin) -> None:
    for folder in (plugin.folder, plugin.data_dir):
        folder.mkdir(exist_ok=True)
        (folder / "packages").write_text("a file where a folder should be")
    assert f"{plugin.folder / 'packages'} cannot be written" in plugin.failure()


def test_of_two_first_tasks_at_once_one_installs_and_the_other_waits_for_it(plugin: Plugin) -> None:
    (plugin.folder / "packages").mkdir()
    with exclusive(str(plugin.folder / "packages" / "install.lock")):
        processes = [plugin.start() for _ in range(2)]
    logs = [log_lines(process.communicate(timeout=60)[1]) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(len(texts(log, "info")) for log in logs) == [0, 2]


def test_a_task_that_waits_for_another_ones_installing_gives_up_one_day(plugin: Plugin) -> None:
    (plugin.folder / "packages").mkdir()
    plugin.monkeypatch.setattr(dependencies, "INSTALLING_LASTS", 0.0)
    with exclusive(str(plugin.folder / "packages" / "install.lock")):
        assert plugin.failure().startswith("Another task is still installing")


def test_the_task_after_one_that_was_killed_while_it_installed_installs(plugin: Plugin, wheels: Path) -> None:
    with SilentIndex() as index:
        plugin.configure_pip(only_this_index(index.url))
        process = plugin.start()
        assert index.asked.wait(30)
        process.kill()
        process.communicate(timeout=30)
        (left,) = (plugin.folder / "packages" / "installing").iterdir()
        plugin.configure_pip(only_these_wheels(wheels))
        plugin.provide()
    assert len(plugin.added) == 1
    assert not left.exists()


def test_without_a_network_the_error_names_what_is_missing_and_the_command(plugin: Plugin) -> None:
    plugin.configure_pip(only_this_index(f"http://127.0.0.1:{closed_port()}/simple"))
    error = plugin.failure()
    assert error.startswith("Missing Python packages: made-up-package.")
    assert "pypi.org" in error
    assert "README" in error
    command = error.partition("): ")[2]
    assert "-m pip install" in command
    assert f"--target {plugin.folder / 'packages'}{os.sep}" in command
    assert command.endswith(f"-r {plugin.folder / 'requirements.txt'}")
    assert names_in(plugin.folder / "packages") == {"install.lock"}


def test_the_command_that_the_user_is_told_installs_what_is_missing(plugin: Plugin) -> None:
    plugin.monkeypatch.setattr(dependencies, "CONTAINER_MARK", str(plugin.folder / "no such file"))
    subprocess.run(plugin.command, shell=True, check=True, capture_output=True, timeout=60)
    assert plugin.provide(no_lock) == []
    assert len(plugin.added) == 1


def test_an_installation_that_takes_too_long_is_stopped(plugin: Plugin) -> None:
    plugin.monkeypatch.setattr(dependencies, "INSTALLING_LASTS", 0.1)
    assert "pip was stopped" in plugin.failure()
    assert names_in(plugin.folder / "packages") == {"install.lock"}


def test_a_python_that_does_not_know_where_it_lies_is_told_apart(plugin: Plugin) -> None:
    plugin.monkeypatch.setattr(sys, "executable", "")
    assert "Python executable path" in plugin.failure()


def test_in_a_container_the_command_is_one_for_the_host(plugin: Plugin) -> None:
    plugin.monkeypatch.setattr(dependencies, "CONTAINER_MARK", str(plugin.folder))
    error = plugin.packages.explain(ModuleNotFoundError("No module named 'plexapi'", name="plexapi"))
    assert "“plexapi”" in error
    assert f"docker exec -it stash {sys.executable} -m pip install" in error


def test_a_file_of_the_plugin_that_is_gone_is_no_missing_package(plugin: Plugin) -> None:
    error = plugin.packages.explain(ModuleNotFoundError("No module named 'plex.merge'", name="plex.merge"))
    assert "plex.merge" in error
    assert "run the task again" in error
    assert "pip" not in error


def test_a_plugin_without_its_list_of_requirements_is_named(plugin: Plugin) -> None:
    (plugin.folder / "requirements.txt").unlink()
    assert f"{plugin.folder / 'requirements.txt'} cannot be read" in plugin.failure()


DEPENDENCY_MANAGER = """
import sys
def ensure_import(*wanted):
    print("on standard output")
    assert wanted == ("stashapi:stashapp-tools>=99.0",), wanted
    {does}
"""


@pytest.mark.parametrize(
    ("does", "is_left_to_us"),
    [("sys.path.insert(0, {site!r})", False), ("raise Exception('there is no git')", True), ("pass", True)],
    ids=["it installs", "it fails", "it does nothing"],
)
def test_python_dep_manager_is_asked_first_where_it_is_there(
    plugin: Plugin, tmp_path: Path, does: str, is_left_to_us: bool
) -> None:
    about = tmp_path / "site" / "stashapp_tools-99.1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: stashapp-tools\nVersion: 99.1\n")
    manager = tmp_path / "plugins" / "PythonDepManager"
    manager.mkdir(parents=True)
    code = DEPENDENCY_MANAGER.format(does=does.format(site=str(tmp_path / "site")))
    (manager / "__init__.py").write_text(code)
    plugin.ask_for("stashapp-tools>=99.0\n")
    with plugin.monkeypatch.context() as patch:
        patch.setitem(sys.modules, "PythonDepManager", None)
        del sys.modules["PythonDepManager"]
        assert plugin.would_install(manager.parent) is is_left_to_us
