"""What holds for all tests."""

from __future__ import annotations

import gc
import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import coverage
import pytest
from hypothesis import HealthCheck, settings

from tests.builders.bench import Bench, a_bench
from tests.builders.entry import Here
from tests.builders.warm_python import a_warm_python
from tests.servers.world import PACKAGES, ROOT, World, a_world

# A busy machine is no failure, no file is left beside the code, and the same code gets the same verdict.
settings.register_profile(
    "steady",
    deadline=None,
    database=None,
    derandomize=True,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow],
)
# For hunting: other examples at every run, and more of them (--hypothesis-profile=hunting).
settings.register_profile("hunting", settings.get_profile("steady"), derandomize=False, max_examples=1000)
settings.load_profile("steady")


# Where files are memory: databases are committed thousands of times, and a disk is waited for each time.
MEMORY = Path("/dev/shm")
# What counts lines in this process, if anything does; it is nobody's current one while it is stopped.
MEASURED = coverage.Coverage.current()
# Folders whose tests go through lines that the tests of the packages count, or through none of the plugin.
STORIES = frozenset(("end_to_end", "page", "servers"))
# Bytes that have to be free there; containers often have next to nothing.
ENOUGH = 2 << 30


def pytest_configure() -> None:
    """Put the tests' folders into memory where there is enough, and programs may be started from it.

    No line of a test counts: reading the tests would take half as long again if lines were counted there.
    """
    if os.access(MEMORY, os.W_OK):
        there = os.statvfs(MEMORY)
        if there.f_bavail * there.f_frsize >= ENOUGH and not there.f_flag & os.ST_NOEXEC:
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    if MEASURED is not None:
        for package in PACKAGES:
            for module in sorted((ROOT / package).glob("*.py")):
                importlib.import_module(f"{package}.{module.stem}")
        MEASURED.stop()


def pytest_collection_finish() -> None:
    """From here on lines count, and what was imported and collected is looked at no more for garbage."""
    gc.freeze()
    if MEASURED is not None:
        MEASURED.start()


@pytest.fixture(autouse=True, scope="module")
def _lines_count_where_no_other_test_counts_them(request: pytest.FixtureRequest) -> Iterator[None]:
    """Lines count in the tests of the packages, but for those modules that have the mark `unmeasured`.

    To count them makes a test take half as long again, a process twice as long to start: whole stories, laws
    and what is played at length go through lines that cheaper tests count. The processes that tests start
    are measured where a module has the mark `measured`: what begins and ends a process is worth it.
    """
    module = request.node
    is_measured = module.get_closest_marker("measured") is not None
    is_story = bool(STORIES.intersection(module.path.parent.relative_to(ROOT).parts))
    left_out = module.get_closest_marker("unmeasured") is not None or (is_story and not is_measured)
    with pytest.MonkeyPatch.context() as patch:
        if not is_measured:
            patch.setenv("COVERAGE_PROCESS_CONFIG", "")
            patch.setenv("COVERAGE_PROCESS_START", "")
        if MEASURED is None or not left_out:
            yield
        else:
            MEASURED.stop()
            yield
            MEASURED.start()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Both servers and the plugin at work in the test's own process."""
    with a_bench(tmp_path) as bench:
        yield bench


@pytest.fixture(scope="session")
def warm_python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """A Python that has imported the plugin already, from when it is first asked for."""
    with ExitStack() as stack:

        @cache
        def start() -> str:
            return stack.enter_context(a_warm_python(tmp_path_factory.mktemp("python")))

        yield start


@pytest.fixture
def world(tmp_path: Path, request: pytest.FixtureRequest, warm_python: Callable[[], str]) -> Iterator[World]:
    """Both servers; at the end, that neither has failed and Plex was never edited as a whole.

    Tasks go on in forks of a Python that has imported the plugin already, but for those of tests that are
    about the whole of a process, from its start on: they have a mark.
    """
    is_whole = any(map(request.node.get_closest_marker, ("measured", "whole_processes")))
    with a_world(tmp_path, python_of_tasks=None if is_whole else warm_python) as world:
        yield world
        assert not world.plex.failures
        assert not world.stash.crashes
        assert not world.plex.whole_library_edits


@pytest.fixture
def here(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """The entry in this process."""
    return Here(world, monkeypatch, capsys)
