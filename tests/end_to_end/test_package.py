"""What Stash's plugin page gets: a package built from a commit, installed, run and updated as Stash does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from tests.builders.entry import ALL, DRAIN
from tests.servers.stash.packages import Package, install, read_index
from tests.servers.stash.plugins import load_plugin, load_plugins
from tests.servers.world import PACKAGES, PAGE, ROOT, World, a_world, log_text

SCRIPT = Path(".ci", "package.py")
SINGLE_FILES = ("Stash2Plex.py", "tasks.py", "Stash2Plex.yml", "requirements.txt", "LICENSE")
MANUAL = {"README.md", *(f"docs/{page.name}" for page in (ROOT / "docs").iterdir())}
VERSION = load_plugin(ROOT / "Stash2Plex.yml").version
NIGHT, MORNING = "2024-02-29T23:30:08-05:00", "2024-03-02T06:00:00+00:00"


@dataclass
class Project:
    """A clone of this project, in which packages are built."""

    folder: Path

    @classmethod
    def clone(cls, origin: Path, folder: Path) -> Project:
        subprocess.run(["git", "clone", "--quiet", origin, folder], check=True, timeout=60)
        return cls(folder)

    @property
    def archive(self) -> Path:
        return self.folder / "dist" / "Stash2Plex.zip"

    @property
    def index(self) -> Path:
        return self.folder / "dist" / "index.yml"

    def package(self) -> Package:
        """The one package that the index offers."""
        (package,) = read_index(self.index.as_uri())
        return package

    def git(self, *arguments: str | Path, **environment: str) -> str:
        command = ["git", "-c", "user.name=Somebody", "-c", "user.email=somebody@example.org", *arguments]
        run = subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, **environment},
            check=True,
            text=True,
            capture_output=True,
            timeout=60,
        )
        return run.stdout.strip()

    def commit(self, moment: str, work_tree: Path | None = None) -> str:
        """Commit what is in the work tree at this moment; returns the commit's hash."""
        self.git(f"--work-tree={work_tree or self.folder}", "add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "Change", GIT_COMMITTER_DATE=moment)
        return self.git("rev-parse", "HEAD")

    def build(
        self, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, self.folder / SCRIPT, *arguments],
            cwd=self.folder.parent,
            env={**os.environ, **(environment or {})},
            text=True,
            capture_output=True,
            timeout=60,
            check=False,
        )

    def build_well(self) -> Package:
        """Build without a word of complaint."""
        run = self.build()
        assert (run.returncode, run.stderr) == (0, "")
        return self.package()


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A commit of the files as they are here, whether committed here or not, and its package: for reading."""
    project = Project.clone(ROOT, tmp_path_factory.mktemp("origin") / "Stash2Plex")
    project.commit(NIGHT, work_tree=ROOT)
    project.git("checkout", "--quiet", "--force", "HEAD")
    project.build_well()
    return project


@pytest.fixture
def project(origin: Project, tmp_path: Path) -> Project:
    """A clone of its own for this test."""
    return Project.clone(origin.folder, tmp_path / "project")


def test_the_same_commit_gives_the_same_bytes_on_any_machine(origin: Project, tmp_path: Path) -> None:
    other = Project(tmp_path / "elsewhere")
    settings = ("core.autocrlf=true", "core.abbrev=20", "log.showSignature=true")
    options = [word for setting in settings for word in ("--config", setting)]
    origin.git("clone", "--quiet", *options, origin.folder, other.folder)
    assert other.build(environment={"TZ": "Asia/Tokyo", "LC_ALL": "C"}).returncode == 0
    assert other.archive.read_bytes() == origin.archive.read_bytes()
    assert other.index.read_bytes() == origin.index.read_bytes()
    with zipfile.ZipFile(origin.archive) as archive:
        # Versions of zlib differ in what they write.
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}


def test_the_index_tells_stash_which_version_it_offers_from_when_and_what_it_is(origin: Project) -> None:
    package = origin.package()
    assert (package.id, package.name) == ("Stash2Plex", "Stash2Plex")
    assert package.version == f"{VERSION}-{origin.git('rev-parse', 'HEAD')[:7]}"
    assert package.date == datetime(2024, 3, 1, 4, 30, 8)
    assert package.description == load_plugin(ROOT / "Stash2Plex.yml").description
    # Wherever the folder with both is published, the one leads to the other.
    assert re.search(r"^  path: Stash2Plex\.zip$", origin.index.read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    "written", [r'"Says: \"it' 's" # 100 % — 🎬 \\ now"', "Plain, it's # with a comment"]
)
def test_a_description_reads_in_the_index_as_in_the_manifest(project: Project, written: str) -> None:
    manifest = project.folder / "Stash2Plex.yml"
    text = re.sub("(?m)^description: .*", lambda _: f"description: {written}", manifest.read_text("utf-8"))
    manifest.write_text(text, encoding="utf-8")
    project.commit(MORNING)
    assert project.build_well().description == load_plugin(manifest).description


@pytest.mark.parametrize("written", [">-\n  Folded\n  text", '"Text\n\n  goes on"'])
def test_a_description_of_several_lines_is_refused_by_name(project: Project, written: str) -> None:
    manifest = project.folder / "Stash2Plex.yml"
    manifest.write_text(
        re.sub("(?m)^description: .*", f"description: {written}", manifest.read_text("utf-8"))
    )
    project.commit(MORNING)
    assert_refused(project, "Stash2Plex.yml", "description")


def test_the_package_holds_what_runs_and_its_manual_and_nothing_else(origin: Project) -> None:
    modules = {path.relative_to(ROOT).as_posix() for name in PACKAGES for path in (ROOT / name).rglob("*.py")}
    with zipfile.ZipFile(origin.archive) as archive:
        assert sorted(archive.namelist()) == sorted({*SINGLE_FILES, *PAGE, *modules, *MANUAL})
        for name in archive.namelist():
            assert archive.read(name) == (origin.folder / name).read_bytes()


def test_what_is_not_committed_is_left_out_and_told(project: Project) -> None:
    project.build_well()
    before = project.archive.read_bytes()
    with (project.folder / "Stash2Plex.py").open("a") as entry:
        entry.write("# unfinished\n")
    (project.folder / "plex" / "draft.py").touch()
    (project.folder / "notes.txt").touch()
    run = project.build()
    assert run.returncode == 0
    assert "not committed" in run.stderr
    assert "Stash2Plex.py" in run.stderr
    assert "plex/draft.py" in run.stderr
    assert "notes.txt" not in run.stderr
    assert project.archive.read_bytes() == before


def assert_refused(project: Project, *words: str, arguments: tuple[str, ...] = ()) -> None:
    """One plain line that says so, and nothing was written."""
    run = project.build(*arguments, environment={"GIT_CEILING_DIRECTORIES": str(project.folder.parent)})
    assert (run.returncode, run.stdout) == (1, "")
    (line,) = run.stderr.splitlines()
    for word in ("No package was built", *words):
        assert word in line
    assert not (project.folder / "dist").exists()


def test_outside_a_git_clone_it_says_what_is_needed(tmp_path: Path) -> None:
    copy = Project(tmp_path / "unpacked")
    (copy.folder / ".ci").mkdir(parents=True)
    (copy.folder / SCRIPT).write_bytes((ROOT / SCRIPT).read_bytes())
    assert_refused(copy, "run this in a git clone")
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True, timeout=60)
    run = copy.build()
    assert run.returncode == 1
    assert "the git clone of something else" in run.stderr


def test_a_tag_that_is_not_the_version_is_refused(project: Project) -> None:
    assert_refused(project, "v99.0.0", f"v{VERSION}", arguments=("--tag", "v99.0.0"))


def test_a_release_needs_its_section_in_the_changelog(project: Project) -> None:
    changelog = project.folder / "CHANGELOG.md"
    changelog.write_text("# Changelog\n\n## [Unreleased]\n")
    project.commit(MORNING)
    assert_refused(project, "CHANGELOG.md", VERSION, arguments=("--tag", f"v{VERSION}"))
    changelog.write_text(f"# Changelog\n\n## [Unreleased]\n\n## [{VERSION}] - 2024-03-02\n")
    project.commit(MORNING)
    assert project.build("--tag", f"v{VERSION}").returncode == 0


def test_manifest_project_file_and_changelog_name_the_same_version() -> None:
    (project_version,) = re.findall(r'(?m)^version = "(.*)"$', (ROOT / "pyproject.toml").read_text("utf-8"))
    released = re.findall(r"(?m)^## \[(\d.*?)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"))
    assert project_version == VERSION
    assert released[:1] in ([], [VERSION])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Both servers; the plugin keeps its data where it does by itself, and is not installed yet."""
    with a_world(tmp_path, environment={"STASH2PLEX_DATA_DIR": ""}) as world:
        world.stash.plugins.directory = tmp_path / "stash" / "plugins"
        yield world
        assert not world.plex.failures
        assert not world.stash.crashes


def install_in(world: World, package: Package) -> Path:
    """What *Install* and *Update* on Stash's plugin page do."""
    assert world.stash.plugins.directory is not None
    folder = install(package, world.stash.plugins.directory / "a-source")
    world.stash.plugins.reload()
    assert world.stash.plugins.errors == []
    return folder


def test_the_plugin_runs_as_installed_from_the_page(world: World, origin: Project) -> None:
    folder = install_in(world, origin.package())
    assert world.stash.plugins.plugin().directory == folder
    assert [path.name for path in folder.parent.rglob("*.yml")] == ["Stash2Plex.yml"]
    hooked = world.add_film("hooked", details="By a hook", plex={})
    world.add_film("found", details="By a reconcile", plex={})
    assert world.stash.fire_hook("Scene.Update.Post", hooked).error is None
    world.stash.wait_for_jobs()
    assert world.item("hooked").summary == "By a hook"
    assert [world.stash.run_task(task).error for task in (ALL, DRAIN)] == [None, None]
    assert world.item("found").summary == "By a reconcile"
    # What has run since has put no second plugin into Stash's way.
    assert len(load_plugins(folder.parent)[0]) == 1


def commit_before(project: Project) -> str:
    """What a user may have: the commit before the last one, or the last one where only that was cloned."""
    hashes = project.git("rev-list", "--first-parent", "--max-count=3", "HEAD").split()
    # The newest is made of the files as they are here.
    return hashes[-1]


def test_an_update_from_the_commit_before_keeps_queue_state_and_packages_and_no_module_that_is_gone(
    world: World, project: Project
) -> None:
    project.git("checkout", "--quiet", commit_before(project))
    (project.folder / "plex" / "retired.py").touch()
    project.commit(NIGHT)
    old = project.build_well()
    folder = install_in(world, old)
    world.add_film("synced", details="Synced before", plex={})
    assert [world.stash.run_task(task).error for task in (ALL, DRAIN)] == [None, None]
    world.add_film("queued", details="Queued before", plex={})
    assert world.stash.run_task(ALL).error is None
    kept = folder / "packages" / "of-this-python" / "a_package.py"
    kept.parent.mkdir(parents=True)
    kept.touch()
    assert (folder / "plex" / "retired.py").exists()
    project.git("checkout", "--quiet", "origin/HEAD")
    (project.folder / "plex" / "arrived.py").touch()
    project.commit(MORNING)
    new = project.build_well()
    assert new.date > old.date, "Stash offers no update"
    install_in(world, new)
    assert kept.exists()
    assert not (folder / "plex" / "retired.py").exists()
    assert (folder / "plex" / "arrived.py").exists()
    world.clear_requests()
    assert world.stash.run_task(DRAIN).error is None
    # What was written before is known, so it is not written again.
    assert {write.rating_keys for write in world.plex.writes} == {(world.item("queued").rating_key,)}
    assert world.item("queued").summary == "Queued before"
    found = world.stash.run_task(ALL)
    assert found.error is None
    assert "Gaps found: 0" in log_text(found, "info")


# Modules of older versions whose contents are elsewhere now, and some that there never were.
LEFT_BEHIND = (
    *("address.py", "log.py", "stash.py", "packages.py", "plugin.py"),
    *("stash/address.py", "stash/exceptions.py", "transport/session.py", "plex/finding.py"),
    *("validation/stash.py", "validation/stash_session.py", "validation/user_log.py", "validation/images.py"),
    *("validation/address.py", "validation/dependencies.py", "validation/bounded_answer.py"),
    *("sync_queue/append.py", "sync_queue/retry.py", "sync_queue/opening.py", "sync_queue/exclusive.py"),
    *("sync_queue/draining.py", "sync_queue/stored_job.py", "sync_queue/repair.py", "sync_queue/aaa.py"),
    *("reconciliation/report.py", "reconciliation/report_page.py", "reconciliation/zzz.py"),
)


def test_the_files_of_older_versions_may_lie_beside_the_new_ones_after_an_update_by_hand(
    world: World, origin: Project
) -> None:
    assert world.stash.plugins.directory is not None
    folder = world.stash.plugins.directory / "Stash2Plex"
    with zipfile.ZipFile(origin.archive) as archive:
        there = set(archive.namelist())
        old = [name for name in LEFT_BEHIND if name not in there]
        for name in old:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(f"raise SystemExit('{name} is of an older version')\n")
        archive.extractall(folder)
    world.stash.plugins.reload()
    hooked = world.add_film("hooked", details="By a hook", plex={})
    world.add_film("found", details="By a reconcile", plex={})
    assert world.stash.fire_hook("Scene.Update.Post", hooked).error is None
    world.stash.wait_for_jobs()
    assert world.item("hooked").summary == "By a hook"
    assert world.stash.run_task(ALL).error is None
    assert world.stash.run_task(DRAIN).error is None
    assert world.item("found").summary == "By a reconcile"
    # What other tasks import beside that.
    modules = [
        name[:-3].replace("/", ".") for name in there if name.endswith(".py") and "__init__" not in name
    ]
    imports = "\n".join(f"import {name}" for name in sorted(modules))
    assert len(modules) > 100
    assert (
        subprocess.run([sys.executable, "-c", imports], cwd=folder, timeout=60, check=False).returncode == 0
    )
    assert len(old) > len(LEFT_BEHIND) / 2
