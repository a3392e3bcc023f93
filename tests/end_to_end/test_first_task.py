"""The plugin's files beside a Python that has nothing but pip, as in a container made anew."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from stash import packages as dependencies
from stash.process_lock import exclusive
from tests.builders.bench import Bench
from tests.builders.entry import ALL, DRAIN, Here, Told, assert_one_plain_error, assert_plain
from tests.builders.packages import (
    SilentIndex,
    a_bare_python,
    an_old_stashapp_tools,
    closed_port,
    only_these_wheels,
    only_this_index,
    pip_is_told_nothing,
    wheels_of_what_is_installed,
)
from tests.servers.world import ROOT, SHIPPED, World, a_world

pytestmark = pytest.mark.measured

NEEDED = ("stashapp-tools", "plexapi", "persist-queue", "pydantic")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheels_of_what_is_installed(tmp_path_factory.mktemp("wheels") / "all", NEEDED)


@pytest.fixture
def pip_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pip_is_told_nothing(monkeypatch)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    return tmp_path / "pip.conf"


@pytest.fixture
def bare_world(tmp_path: Path, pip_configuration: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    """A world whose Stash has copies of the plugin's files and a bare Python, by parameter without pip."""
    python = a_bare_python(tmp_path / "python", has_pip=getattr(request, "param", True))
    with a_world(tmp_path, python=python) as world:
        folder = world.stash.plugins.plugin().directory
        shutil.rmtree(folder)
        folder.mkdir()
        for name in (*SHIPPED, "requirements.txt"):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, folder / name)
        yield world
        assert not world.stash.crashes


def save(world: World, name: str) -> None:
    """A person saves a new film in Stash, which Plex has too."""
    scene_id = world.add_film(name, details=f"About {name}", plex={})
    told = Told.by(world.stash.fire_hook("Scene.Update.Post", scene_id))
    assert_plain(told)
    assert (told.error, told.lines) == ("", [])


def test_the_first_saves_are_in_plex_although_nothing_was_installed_and_a_task_was_killed(
    bare_world: World, pip_configuration: Path, wheels: Path, tmp_path: Path
) -> None:
    an_old_stashapp_tools(tmp_path / "python")
    with SilentIndex() as index:
        pip_configuration.write_text(only_this_index(index.url))
        save(bare_world, "one")
        assert index.asked.wait(30)
        save(bare_world, "while it installs")
        (job,) = (job for job in bare_world.stash.plugins.job_queue() or () if job["status"] == "RUNNING")
        bare_world.stash.plugins.stop_job(job["id"])
        assert bare_world.stash.wait_for_job(job["id"]).status == "CANCELLED"
    pip_configuration.write_text(only_these_wheels(wheels))
    first = Told.by(bare_world.stash.run_task(DRAIN))
    assert_plain(first)
    assert (first.error, first.texts("warning")) == ("", [])
    installing, installed, *_ = first.texts("info")
    assert all(name in installing for name in NEEDED)
    assert "Installed" in installed
    assert bare_world.item("one").summary == "About one"
    assert bare_world.item("while it installs").summary == "About while it installs"
    bare_world.stash.plugins.reload()
    assert bare_world.stash.plugins.errors == []
    pip_configuration.write_text(only_this_index(f"http://127.0.0.1:{closed_port()}/simple"))
    second = Told.by(bare_world.stash.run_task(ALL))
    assert second.error == ""
    assert not [text for text in second.texts() if "nstall" in text]


def test_without_a_network_a_task_says_what_is_missing_and_what_was_saved_waits(
    bare_world: World, pip_configuration: Path
) -> None:
    pip_configuration.write_text(only_this_index(f"http://127.0.0.1:{closed_port()}/simple"))
    save(bare_world, "one")
    (drain,) = bare_world.stash.wait_for_jobs()
    assert_one_plain_error(Told.by(drain), *NEEDED, "pypi.org", "-m pip install", "--target", "README")
    save(bare_world, "two")
    bench = Bench(bare_world)
    assert [job.scene_id for job in bench.waiting()] == [1, 2]
    bench.manager.close()


@pytest.mark.parametrize("bare_world", [False], indirect=True, ids=[""])
def test_without_pip_a_task_says_how_to_get_it(bare_world: World) -> None:
    save(bare_world, "one")
    (drain,) = bare_world.stash.wait_for_jobs()
    assert_one_plain_error(Told.by(drain), *NEEDED, "has no pip", "README")


def test_a_task_says_that_another_one_still_installs(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependencies, "INSTALLING_LASTS", 0.0)
    monkeypatch.setattr("Stash2Plex.PLUGIN_DIR", str(here.world.data_dir.parent / "bare"))
    packages = here.world.data_dir.parent / "bare" / "packages"
    packages.mkdir(parents=True)
    (packages.parent / "requirements.txt").write_text("made-up-package>=1.2\n")
    with exclusive(str(packages / "install.lock")):
        told = here.run({"mode": "queue_status"})
    assert_one_plain_error(told, "Another task", "again")
