"""What the page's tests need on the machine: Node's packages, Chromium, and the host page made of them."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.servers.world import ROOT

HERE = Path(__file__).parent
HOST = HERE / "host"
MODULES = ROOT / "ui" / "node_modules"
BUILT = MODULES / ".host-page"
BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable")
# Set where nothing may be missing, as in CI.
REQUIRED = "STASH2PLEX_PAGE_REQUIRED"


def main() -> int:
    """Say in one line what is missing, if anything is."""
    reason = what_is_missing()
    if reason:
        sys.stdout.write(f"The page was not tested: {reason}\n")
    return 1 if reason and is_required() else 0


def is_required() -> bool:
    """Whether a test run without the page's tests counts as failed."""
    return bool(os.environ.get(REQUIRED))


def what_is_missing() -> str | None:
    """What to install so that the page can be tested, in a sentence; None where all is there."""
    if chromium() is None:
        return "install Chromium (Debian's package is chromium)."
    return what_the_page_needs()


def what_the_page_needs() -> str | None:
    """What to install so that the page can be shown, without a browser to test it in."""
    if shutil.which("node") is None:
        return "install Node.js (20 or later), then run npm ci in ui/."
    if not (MODULES / "esbuild").is_dir() or not (MODULES / "sass").is_dir():
        return "run npm ci in ui/."
    return None


def chromium() -> str | None:
    """The browser that the tests drive."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def host_page() -> Path:
    """The folder with the host page, made anew where something that it is made of is newer."""
    sources = [*HOST.iterdir(), HERE / "bundle.mjs", MODULES / ".package-lock.json"]
    MODULES.mkdir(exist_ok=True)
    with (MODULES / ".host-page.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = BUILT / "index.html"
        if not made.exists() or made.stat().st_mtime < max(one.stat().st_mtime for one in sources):
            command = ["node", str(HERE / "bundle.mjs"), str(MODULES), str(BUILT)]
            subprocess.run(command, check=True, timeout=120)
    return BUILT


if __name__ == "__main__":
    sys.exit(main())
