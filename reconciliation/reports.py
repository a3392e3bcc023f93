"""Where the reports lie: in a folder that Stash serves, which holds nothing else, or beside the databases.

Stash shows every file of that folder to whoever may use it, so no database may ever be there. It serves none
outside of the plugin's own folder, wherever the data folder is.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

PREVIEW, ORPHANS = "preview.html", "orphans.html"
REPORTS = "reports"
# As the manifest maps it (`ui: assets:`), below what Stash serves of the plugin.
ADDRESS = "/plugin/Stash2Plex/assets/reports/"


@dataclass(frozen=True)
class Place:
    """Where a report is to be, and where it is written before it is whole: there nobody is shown it."""

    path: Path
    draft: Path

    def take(self) -> None:
        """Put the finished draft into its place, and an older report of this name away. Raises OSError."""
        try:
            self.draft.replace(self.path)
        except OSError as problem:
            if problem.errno != errno.EXDEV:
                raise
            self._take_from_another_drive()
        older = self.draft.with_name(self.path.name)
        if older != self.path:
            older.unlink(missing_ok=True)

    def _take_from_another_drive(self) -> None:
        beside = self.path.with_name(self.draft.name)
        beside.unlink(missing_ok=True)
        with open(self.draft, "rb") as source, open(open_new(beside), "wb") as target:
            shutil.copyfileobj(source, target)
        beside.replace(self.path)
        self.draft.unlink()


def open_new(path: Path) -> int:
    """A new file, for its owner only; what lay there is left of a run that was killed, or somebody's link."""
    path.unlink(missing_ok=True)
    return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)


def place_of(name: str, plugin_dir: str, data_dir: str | Path) -> Place:
    """Where this report is to be written, with its folder made. Raises OSError.

    That is the data folder where the plugin's own folder is not known, cannot be written or has something
    other than a folder in that place, such as a link to one.
    """
    served, kept = _served(plugin_dir), Path(data_dir)
    folder = served if served is not None and _is_usable(served) else kept
    return Place(folder / name, kept / f"{name}.new")


def address_of(name: str, plugin_dir: str, data_dir: str | Path) -> str | None:
    """Under which path Stash serves this report; None where it does not serve the last one."""
    served = _served(plugin_dir)
    if served is None or served.is_symlink():
        return None
    here, kept = served / name, Path(data_dir) / name
    try:
        made = here.lstat()
        if not stat.S_ISREG(made.st_mode):
            return None
        return ADDRESS + name if not kept.exists() or kept.stat().st_mtime <= made.st_mtime else None
    except OSError:
        return None


def _served(plugin_dir: str) -> Path | None:
    return Path(os.path.abspath(plugin_dir)) / REPORTS if plugin_dir else None


def _is_usable(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        return not folder.is_symlink() and os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        return False
