"""Build what Stash's plugin page installs: dist/Stash2Plex.zip, and dist/index.yml which leads to it.

All is read from the commit that is checked out, never from the files that lie around, and one commit
gives the same bytes on every machine. Needs Python and git, nothing else.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NAME = "Stash2Plex"
MANIFEST = f"{NAME}.yml"
PACKAGES = (
    "validation",
    "transport",
    "stash",
    "plex",
    "sync_queue",
    "back_to_stash",
    "reconciliation",
    "operations",
)
# A plugin page without the address of a home leads to what lies in the folder.
MANUAL = ("README.md", "docs")
PAGE = "ui"
SHIPPED = (f"{NAME}.py", "tasks.py", MANIFEST, "requirements.txt", "LICENSE", *MANUAL, *PACKAGES, PAGE)
# Beside the files of the page in Stash lies what checks and tests them.
OF_THE_PAGE = (".js", ".css")


class PackageError(Exception):
    """No package can be built; the text says why and what to do."""


def main() -> int:
    """Build for the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Build dist/Stash2Plex.zip and dist/index.yml.")
    parser.add_argument("--tag", help="the release's tag: it must fit the version and the changelog")
    try:
        print(build(ROOT / "dist", parser.parse_args().tag))
    except PackageError as problem:
        print(f"No package was built. {problem}", file=sys.stderr)
        return 1
    return 0


def build(target: Path, tag: str | None = None) -> str:
    """Write package and index into this folder; returns a line about them. Raises PackageError."""
    commit, moment = _commit()
    files = _files(commit)
    manifest = files[MANIFEST].decode()
    release = _scalar(manifest, "version", r"\d+(?:\.\d+){0,2}")
    if tag is not None:
        _check_release(tag, release, commit)
    version = f"{release}-{commit[:7]}"
    package = zip_of(files, moment)
    index = _index(manifest, version, moment, package)
    target.mkdir(exist_ok=True)
    (target / f"{NAME}.zip").write_bytes(package)
    (target / "index.yml").write_bytes(index.encode())
    return f"{NAME} {version}: {len(files)} files, {len(package) // 1000} kB, in {target}"


def zip_of(files: Mapping[str, bytes], moment: datetime) -> bytes:
    """An archive that hangs on nothing but names, contents and time: stored, as zlib's output varies."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, moment.timetuple()[:6])
            entry.create_system = 3  # Unix, also when built on Windows: Stash takes the rights below from it
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, files[name])
    return content.getvalue()


def _index(manifest: str, version: str, moment: datetime, package: bytes) -> str:
    """The index of a source with one package.

    Name and description are taken over as they are written in the manifest, quotes included: what is one
    line of YAML there is one here. Stash offers an update when `date` (UTC) is later than the installed
    one; `path` is relative to the index.
    """
    return f"""\
- id: {NAME}
  name: {_scalar(manifest, "name")}
  metadata:
    description: {_scalar(manifest, "description")}
  version: "{version}"
  date: "{moment:%Y-%m-%d %H:%M:%S}"
  path: {NAME}.zip
  sha256: "{hashlib.sha256(package).hexdigest()}"
"""


def _scalar(manifest: str, key: str, pattern: str = r"[^\s|>].*") -> str:
    """What stands behind a key at the manifest's left margin; a text of several lines is refused."""
    found = re.search(rf"^{key}: +({pattern})\n(?!\n* )", manifest, re.MULTILINE)
    if found is None:
        raise PackageError(f"{MANIFEST} needs a line “{key}: …” that can stand in an index as it is.")
    return found[1]


def _check_release(tag: str, release: str, commit: str) -> None:
    if tag != f"v{release}":
        raise PackageError(f"The tag is {tag}, but {MANIFEST} has version {release}: tag it v{release}.")
    if f"\n## [{release}]" not in _git("cat-file", "blob", f"{commit}:CHANGELOG.md").decode():
        raise PackageError(f"CHANGELOG.md has no section [{release}]: put what is unreleased under it.")


def _commit() -> tuple[str, datetime]:
    """Hash and time of the commit; warns of changes that are not in it."""
    if _git("rev-parse", "--show-prefix").strip():
        raise PackageError(f"{ROOT} lies in the git clone of something else: use a clone of {NAME}.")
    seconds, commit = _git("rev-list", "--max-count=1", "--timestamp", "HEAD").decode().split()
    changes = _git("status", "--porcelain", "--", *SHIPPED).decode().splitlines()
    if changes:
        names = ", ".join(line[3:] for line in changes)
        print(f"Warning: these changes are not committed, so not in the package: {names}", file=sys.stderr)
    return commit, datetime.fromtimestamp(int(seconds), timezone.utc)


def _files(commit: str) -> dict[str, bytes]:
    """What is shipped, by name, byte for byte as committed: no line ending is converted."""
    listed = _git("ls-tree", "-r", "-z", commit, "--", *SHIPPED).decode().split("\0")[:-1]
    entries = (line.split("\t", 1) for line in listed)
    blobs = {
        name: entry.split()[2]
        for entry, name in entries
        if not name.startswith(f"{PAGE}/") or name.endswith(OF_THE_PAGE)
    }
    return dict(zip(blobs, _contents(list(blobs.values())), strict=True))


def _contents(blobs: Sequence[str]) -> Iterator[bytes]:
    """The contents of these, told by one process: before each a line with its size, behind it a break."""
    told = io.BytesIO(_git("cat-file", "--batch", stdin="\n".join(blobs).encode()))
    for _ in blobs:
        size = int(told.readline().split()[2])
        yield told.read(size)
        told.readline()


def _git(*arguments: str, stdin: bytes = b"") -> bytes:
    command = ["git", *arguments]
    try:
        return subprocess.run(command, cwd=ROOT, input=stdin, capture_output=True, check=True).stdout
    except FileNotFoundError:
        raise PackageError("It is built from a commit, and git was not found: install git.") from None
    except subprocess.CalledProcessError as problem:
        said = problem.stderr.decode(errors="replace").strip()
        raise PackageError(
            f"It is built from a commit: run this in a git clone of {NAME}. git says: {said}"
        ) from None


if __name__ == "__main__":
    sys.exit(main())
