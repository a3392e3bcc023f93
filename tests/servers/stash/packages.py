"""Packages as Stash's plugin page installs them: an index, an archive, and a manifest of what was written."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import urlopen

import yaml

from tests.servers.stash.plugins import first_document

KEYS = {"id", "name", "version", "date", "requires", "path", "sha256", "metadata"}
MANIFEST = "manifest"


@dataclass(frozen=True)
class Package:
    """An entry of an index; `url` is where its archive lies."""

    id: str
    name: str
    version: str
    date: datetime
    url: str
    sha256: str
    description: str


def read_index(url: str) -> list[Package]:
    """What a source offers. Stricter than Stash, which ignores keys that it does not know."""
    with urlopen(url) as answer:
        entries = first_document(answer.read().decode("utf-8"))
    packages = []
    for entry in entries:
        assert set(entry) <= KEYS, set(entry) - KEYS
        packages.append(
            Package(
                id=entry["id"],
                name=entry["name"],
                version=entry["version"],
                date=datetime.strptime(entry["date"], "%Y-%m-%d %H:%M:%S"),
                url=urljoin(url, entry["path"]),
                sha256=entry["sha256"],
                description=entry["metadata"]["description"],
            )
        )
    return packages


def install(package: Package, source_folder: Path) -> Path:
    """Install or update: of an older version every file that its manifest names is deleted, no other.

    Files get the rights that the archive gives them. Returns the package's folder.
    """
    with urlopen(package.url) as answer:
        content = answer.read()
    assert hashlib.sha256(content).hexdigest() == package.sha256
    folder = source_folder / package.id
    if (folder / MANIFEST).exists():
        for name in yaml.safe_load((folder / MANIFEST).read_text(encoding="utf-8"))["files"]:
            (folder / name).unlink()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        for entry in entries:
            _write(folder / entry.filename, archive.read(entry), entry.external_attr >> 16 & 0o777)
    manifest = {"id": package.id, "version": package.version, "files": [one.filename for one in entries]}
    (folder / MANIFEST).write_text(yaml.safe_dump(manifest), encoding="utf-8")
    return folder


def _write(path: Path, content: bytes, rights: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, rights), "wb") as file:
        file.write(content)
