"""Short words for tests of what the plugin installs: wheels, a silent index, a Python with nothing."""

from __future__ import annotations

import os
import re
import socket
import sys
import threading
import venv
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import pytest


def pip_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever pip is told on the machine that runs the tests; processes of pip are not measured either."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    monkeypatch.setenv("COVERAGE_PROCESS_CONFIG", "")
    monkeypatch.setenv("COVERAGE_PROCESS_START", "")


def only_these_wheels(wheels: Path) -> str:
    """What pip's configuration says where there is no network, but a folder."""
    return f"[global]\nno-index = true\nfind-links = {wheels}\n"


def only_this_index(url: str) -> str:
    """What pip's configuration says about an index that is asked once."""
    return f"[global]\nindex-url = {url}\nretries = 0\n"


def closed_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class SilentIndex:
    """An index of packages that takes a request and never answers it; a context manager."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._taken: list[socket.socket] = []
        threading.Thread(target=self._take, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}/simple"

    def _take(self) -> None:
        taken, _ = self._server.accept()
        self._taken.append(taken)
        taken.recv(1)
        self.asked.set()

    def __enter__(self) -> SilentIndex:
        return self

    def __exit__(self, *_: object) -> None:
        for open_socket in (*self._taken, self._server):
            open_socket.close()


def a_wheel(folder: Path, name: str = "made-up-package", version: str = "1.2", **files: str) -> Path:
    """A wheel that holds one module, a program and these files (`__` for a dot in their names)."""
    module = name.replace("-", "_")
    about = f"{module}-{version}.dist-info"
    content = {
        f"{module}/__init__.py": f"version = {version!r}\n",
        **{f"{module}/{file.replace('__', '.')}": text for file, text in files.items()},
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/entry_points.txt": f"[console_scripts]\n{name} = {module}:main\n",
    }
    content[f"{about}/RECORD"] = "".join(f"{path},,\n" for path in content)
    folder.mkdir(exist_ok=True)
    with ZipFile(folder / f"{module}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in content.items():
            wheel.writestr(path, text)
    return folder


def wheels_of_what_is_installed(folder: Path, names: Sequence[str]) -> Path:
    """Wheels of these packages and of all they need, made from what the tests themselves run with."""
    folder.mkdir()
    for found in _with_all_they_need(names):
        version, about = found.version, found.read_text("WHEEL") or ""
        tag = re.findall(r"^Tag: (\S+)$", about, re.MULTILINE)[0]
        name = re.sub(r"[-_.]+", "_", found.name)
        with ZipFile(folder / f"{name}-{version}-{tag}.whl", "w") as wheel:
            for path in found.files or ():
                # Programs lie elsewhere; what was compiled, and by whom it was installed, is not in a wheel.
                if ".." not in path.parts and path.suffix != ".pyc" and path.name != "INSTALLER":
                    wheel.write(path.locate(), str(path))
    return folder


def _with_all_they_need(names: Sequence[str]) -> Iterator[Distribution]:
    waiting, seen = list(names), set()
    while waiting:
        name = re.split(r"[^\w.-]", waiting.pop())[0].lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            # Needed by another Python or another system.
            continue
        waiting += [line for line in found.requires or () if "extra ==" not in line]
        yield found


def a_bare_python(folder: Path, has_pip: bool = True) -> str:
    """A Python of its own with nothing installed but pip, and not even that where it says so."""
    venv.create(folder, symlinks=sys.platform != "win32")
    if has_pip:
        (site,) = folder.rglob("site-packages")
        pip_alone(site)
    return str(folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))


def an_old_stashapp_tools(python_folder: Path) -> None:
    """Put one into a bare Python, as the image of Stash has the one of the day it was built."""
    (site,) = python_folder.rglob("site-packages")
    (site / "stashapi").mkdir()
    (site / "stashapi" / "__init__.py").touch()
    (site / "stashapi" / "log.py").write_text("def debug(text): raise AssertionError(text)\ninfo = debug\n")
    (site / "stashapp_tools-0.1.dist-info").mkdir()
    about = "Metadata-Version: 2.1\nName: stashapp-tools\nVersion: 0.1\n"
    (site / "stashapp_tools-0.1.dist-info" / "METADATA").write_text(about)


def pip_alone(folder: Path) -> Path:
    """Put the pip of this Python into a folder, which is all that `python -m pip` needs."""
    spec = find_spec("pip")
    assert spec is not None
    assert spec.origin is not None
    folder.mkdir(exist_ok=True)
    (folder / "pip").symlink_to(Path(spec.origin).parent)
    return folder
