"""The Python packages that the plugin needs: installed by the first task, into a folder of the plugin's own.

They go into `packages` in the plugin's folder, which outlives updates of the plugin and containers made
anew; into `packages` in the data folder where that one cannot be written. A sub-folder is named after
what it fits: this Python, this kind of machine, this requirements.txt. When one of them changes, the
packages are installed once more, and what was there before is removed. The system's own Python is never
changed.

This runs before anything else can be imported, so it needs nothing but the standard library.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import importlib.metadata
import importlib.util
import io
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, redirect_stdout, suppress
from importlib.machinery import EXTENSION_SUFFIXES

from stash import log
from stash.installed_folder import put_in_order, remove_others
from stash.process_lock import AlreadyRunning, exclusive, is_held
from validation.exceptions import InvalidInput, Stash2PlexError

# A lock of this file, waited for as many seconds at the most.
Lock = Callable[[str, float], AbstractContextManager[None]]

# Seconds: disks of a NAS are slow, and pip asks an index that does not answer again and again.
INSTALLING_LASTS = 600.0
INSTALL_LOCK = "install.lock"
# So many objects are made until Python looks for cycles among them: hardly any that a task makes is in one,
# and no package that it loads at its start.
LOOK_FOR_CYCLES = 100_000
# Seconds for which one thread may keep the others waiting. Usually it is ten times as long, in which a Plex
# that takes edits quickly takes a dozen.
LONGEST_TURN = 0.0005
# What is the plugin's own: an update of it may be under way.
OURS = frozenset(("tasks", "operations", "reconciliation", "back_to_stash", "sync_queue"))
OURS |= frozenset(("plex", "stash", "transport", "validation"))
# How those packages are imported that are not imported by their name.
IMPORTED_AS = {"stashapp-tools": "stashapi", "persist-queue": "persistqueue"}
# What a person has set for pip counts (index, proxy, certificates), but not where it installs to.
PLACES_OF_PIP = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON")
SWITCHED_OFF = {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PIP_DRY_RUN": "0"}
# What installs pip, by the tool that a system has.
INSTALL_PIP = {"apk": ["apk", "add", "py3-pip"], "apt-get": ["sudo", "apt-get", "install", "python3-pip"]}
CONTAINER_MARK = "/.dockerenv"
IS_ONLINE = "Can this machine reach pypi.org?"
MEANWHILE = "What you save in Stash is queued meanwhile."
STILL_INSTALLING = (
    "Another task is still installing what Stash2Plex needs. Run this one again when it has ended."
)
IN_README = "(more under “Python packages” in the project's README)"


def complete_python() -> None:
    """Find what is installed, as Python does at its start but for the manifest's `-S`, which hooks want.

    It also looks for garbage less often than it does by itself, which takes up to a tenth of a task's time,
    and threads take shorter turns, so that the next edit goes out while the scenes after it are planned.
    """
    gc.set_threshold(LOOK_FOR_CYCLES)
    sys.setswitchinterval(LONGEST_TURN)
    if sys.flags.no_site:
        import site

        site.main()


class PackagesMissing(InvalidInput):
    """Packages are missing and could not be installed."""


class PipFailed(Stash2PlexError):
    """pip could not install what it was asked for."""


class Packages:
    """What requirements.txt asks for: found, or installed and found."""

    def __init__(self, plugin_dir: str, data_dir: str) -> None:
        self._plugin_dir = plugin_dir
        self._requirements = os.path.join(plugin_dir, "requirements.txt")
        self._roots = [os.path.join(folder, "packages") for folder in (plugin_dir, data_dir)]

    def provide(self, lock: Lock = exclusive) -> None:
        """See to it that everything can be imported; before this, only the standard library can.

        Raises PackagesMissing.
        """
        if not self.find():
            self._install(self._missing(), lock)

    def find(self) -> bool:
        """Whether everything is installed, and can be imported from here on. Raises PackagesMissing."""
        name = self._folder_name()
        is_found = any(self._use(os.path.join(root, name)) for root in self._roots) or not self._missing()
        return is_found or self._has_dependency_manager_done_it()

    def is_being_installed(self) -> bool:
        """Whether a task installs them now."""
        return any(is_held(os.path.join(root, INSTALL_LOCK)) for root in self._roots)

    def explain(self, error: ImportError) -> str:
        """What to do about something that could not be imported all the same."""
        module = error.name or "?"
        if module.partition(".")[0] in OURS:
            return (
                f"A file of the plugin cannot be loaded ({error}). Stash may be updating the plugin: run the "
                "task again. If that does not help, install Stash2Plex again."
            )
        try:
            return self._failure(f"The Python package “{module}” cannot be loaded ({error}).")
        except PackagesMissing as problem:
            return str(problem)

    def obstacle(self) -> str:
        """What is missing and why no task can install it, with what to do; empty where one can."""
        problem = _why_pip_cannot_be_started()
        return f"Missing Python packages: {', '.join(self._missing())}. {problem}" if problem else ""

    def _folder_name(self) -> str:
        fits = (*EXTENSION_SUFFIXES, platform.machine(), self._read_requirements())
        python = f"{sys.implementation.name}{sys.version_info.major}.{sys.version_info.minor}"
        return f"{python}-{sys.platform}-{hashlib.sha256(repr(fits).encode()).hexdigest()[:12]}"

    def _use(self, folder: str) -> bool:
        """Put a folder that holds everything into the search path.

        It stands before whatever else is installed, and after Python's own library, which nothing that
        was installed may take the place of.
        """
        if not os.path.isdir(folder):
            return False
        before = list(sys.path)
        own = [path for path in before if _is_pythons_own(path) or path == self._plugin_dir]
        sys.path[:] = [*own, folder, *(path for path in before if path not in own)]
        importlib.invalidate_caches()
        if self._missing():
            sys.path[:] = before
            return False
        return True

    def _missing(self) -> list[str]:
        return [name for name, lowest, below in self._wanted() if not _is_installed(name, lowest, below)]

    def _wanted(self) -> list[tuple[str, str, str]]:
        """Names, lowest versions, and the first that are too new; requirements.txt has no other lines."""
        lines = r"^([\w.-]+)>=([\d.]+)(?:,<([\d.]+))?"
        return re.findall(lines, self._read_requirements(), re.MULTILINE)

    def _read_requirements(self) -> str:
        try:
            with open(self._requirements, encoding="utf-8") as file:
                return file.read()
        except OSError as problem:
            raise PackagesMissing(
                f"{self._requirements} cannot be read ({problem.strerror}). Install Stash2Plex again."
            ) from problem

    def _has_dependency_manager_done_it(self) -> bool:
        """Whether the plugin PythonDepManager, installed from the same source, provides everything.

        It starts git and pip at every call, fails with a plain Exception where there is no git, and
        asks for what it has installed to be named again by each process.
        """
        if importlib.util.find_spec("PythonDepManager") is None:
            return False
        wanted = [f"{IMPORTED_AS.get(name, name)}:{name}>={lowest}" for name, lowest, _ in self._wanted()]
        try:
            # Ours is one JSON object.
            with redirect_stdout(io.StringIO()):
                importlib.import_module("PythonDepManager").ensure_import(*wanted)
        except Exception as problem:  # noqa: BLE001 - it raises no other
            log.write_line("debug", f"PythonDepManager could not help: {problem}")
            return False
        importlib.invalidate_caches()
        return not self._missing()

    def _install(self, missing: Sequence[str], lock: Lock) -> None:
        missing_line = f"Missing Python packages: {', '.join(missing)}."
        if obstacle := self.obstacle():
            raise PackagesMissing(obstacle)
        root = self._root()
        folder = os.path.join(root, self._folder_name())
        try:
            with _closed_to_others(), lock(os.path.join(root, INSTALL_LOCK), INSTALLING_LASTS):
                # Another task may have installed them meanwhile.
                if self._use(folder):
                    return
                log.write_line(
                    "info",
                    f"Installing what Stash2Plex needs: {', '.join(missing)}. "
                    "This happens once and takes up to some minutes.",
                )
                self._fill(folder)
            if not self._use(folder):
                raise PipFailed("pip has not installed all of them.")
        except AlreadyRunning as error:
            raise PackagesMissing(STILL_INSTALLING) from error
        except (OSError, PipFailed) as error:
            problem = f"{root} cannot be written ({error})." if isinstance(error, OSError) else str(error)
            raise PackagesMissing(self._failure(f"{missing_line} {problem}")) from error
        log.write_line("info", f"Installed into {root}. The system's own Python is as it was.")

    def _root(self) -> str:
        for root in self._roots:
            with suppress(OSError), _closed_to_others():
                os.makedirs(root, exist_ok=True)
                with tempfile.TemporaryFile(dir=root):
                    return root
        return self._roots[0]

    def _fill(self, folder: str) -> None:
        """Make the folder whole or not at all. Raises PipFailed or OSError."""
        root = os.path.dirname(folder)
        drafts = os.path.join(root, "installing")
        # Of a task that was killed; its pip may live on for a moment and hold a draft, so each has its own.
        shutil.rmtree(drafts, ignore_errors=True)
        os.makedirs(drafts, exist_ok=True)
        draft = tempfile.mkdtemp(dir=drafts)
        installed = os.path.join(draft, "packages")
        try:
            self._run_pip(installed, draft)
            put_in_order(installed)
            if os.path.isdir(folder):
                os.rename(folder, os.path.join(draft, "replaced"))
            os.rename(installed, folder)
            remove_others(folder)
        finally:
            shutil.rmtree(drafts, ignore_errors=True)

    def _run_pip(self, target: str, working_dir: str) -> None:
        """Install into `target`. Raises PipFailed, or OSError where pip cannot be started."""
        environment = {name: text for name, text in os.environ.items() if name not in PLACES_OF_PIP}
        # On the same disk, so that pip renames instead of copying, and a kill leaves nothing elsewhere.
        environment.update(SWITCHED_OFF, TMPDIR=working_dir, TEMP=working_dir, TMP=working_dir)
        quietly = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
        try:
            run = subprocess.run(
                [*self._pip(target), *quietly],
                cwd=working_dir,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=INSTALLING_LASTS,
                check=False,
            )
        except subprocess.TimeoutExpired as stopped:
            _log_output(stopped.output)
            raise PipFailed(
                f"pip was stopped after {INSTALLING_LASTS / 60:.0f} minutes. {IS_ONLINE}"
            ) from stopped
        lines = _log_output(run.stdout)
        if run.returncode:
            told = [line for line in lines if line.startswith("ERROR:")] or lines or ["no reason was given"]
            raise PipFailed(f"pip could not install them ({told[-1]}). {IS_ONLINE}")

    def _pip(self, target: str) -> list[str]:
        command = [sys.executable or "python3", "-m", "pip", "install", "--upgrade", "--target", target]
        # Where Stash runs there is no compiler.
        return [*command, "--only-binary", ":all:", "-r", self._requirements]

    def _failure(self, problem: str) -> str:
        command = _as_typed(self._pip(os.path.join(self._root(), self._folder_name())))
        return f"{problem} {MEANWHILE} To install what is needed by hand {IN_README}: {command}"


def _is_installed(name: str, lowest: str, below: str = "") -> bool:
    try:
        package = importlib.metadata.distribution(name)
        # The head of its metadata is enough; importlib would read the description as well, each time.
        found = re.search(r"^Version: *(.+)$", package.read_text("METADATA") or "", re.MULTILINE)
        # None, or an error in newer versions of Python, where a half removed package has left its folder.
        version = _numbers(found[1] if found else str(package.version))
        return version >= _numbers(lowest) and not (below and version >= _numbers(below))
    except (importlib.metadata.PackageNotFoundError, KeyError):
        return False


def _is_pythons_own(path: str) -> bool:
    """Whether this part of the search path is Python's standard library."""
    library = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
    archive = f"python{sys.version_info.major}{sys.version_info.minor}.zip"
    return (
        path in library
        or os.path.basename(path) in ("lib-dynload", archive)
        or path == os.path.join(sys.base_prefix, "DLLs")
    )


@contextmanager
def _closed_to_others() -> Iterator[None]:
    """Let nobody else change what is made meanwhile, as others could in containers without a umask."""
    before = os.umask(0o022)
    os.umask(before | 0o022)
    try:
        yield
    finally:
        os.umask(before)


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", re.sub(r"(\.0)+$", "", version))]


def _why_pip_cannot_be_started() -> str:
    if not os.path.isfile(sys.executable or ""):
        return (
            "This Python does not know where it is installed, so pip cannot be started. Enter another one in "
            f"Stash, Settings → System → Python executable path {IN_README}. {MEANWHILE}"
        )
    if importlib.util.find_spec("pip") is not None:
        return ""
    tools = [command for tool, command in INSTALL_PIP.items() if shutil.which(tool)]
    command = _as_typed(tools[0] if tools else [sys.executable, "-m", "ensurepip"])
    return (
        f"{sys.executable} has no pip to install them. {MEANWHILE} Get it, and run the task again "
        f"{IN_README}: {command}"
    )


def _as_typed(command: Sequence[str]) -> str:
    """The command as a person types it on this machine."""
    if os.name == "nt":
        return subprocess.list2cmdline(command)
    if os.path.exists(CONTAINER_MARK):
        command = ["docker", "exec", "-it", "stash", *command[command[0] == "sudo" :]]
    return shlex.join(command)


def _log_output(output: bytes | None) -> list[str]:
    lines = [line.strip() for line in (output or b"").decode("utf-8", "replace").splitlines()]
    for line in lines:
        log.write_line("debug", line)
    return [line for line in lines if line]
