"""The Python that has imported the plugin already serves on, whoever is killed while it hands a run over."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders.entry import until
from tests.builders.warm_python import SOCKET, a_warm_python
from tests.servers.world import ROOT

SCRIPT = "import os, sys\nprint('on')\nsys.stdout.flush()\nos._exit(0)\n"


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing can fork there")


def test_it_serves_in_a_folder_whose_path_is_longer_than_that_of_a_socket_may_be(tmp_path: Path) -> None:
    """As the folders of tests are on macOS."""
    folder = tmp_path / ("long " * 30)
    folder.mkdir()
    script = tmp_path / "script.py"
    script.write_text("import os\nprint(os.getcwd(), flush=True)\nos._exit(0)\n")
    with a_warm_python(folder) as python:
        run = subprocess.run([python, "-S", str(script)], cwd=tmp_path, capture_output=True, check=False)
    assert (run.returncode, run.stdout.decode().strip(), run.stderr) == (0, str(tmp_path), b"")


STARTED = """
from pathlib import Path
from tests.builders.warm_python import a_warm_python
with a_warm_python(Path({folder!r})):
    print("there", flush=True)
    input()
"""


def test_it_ends_with_the_tests_also_where_these_are_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-c", STARTED.format(folder=str(tmp_path))]
    tests = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert tests.stdout is not None
    assert tests.stdout.readline() == b"there\n"
    monkeypatch.chdir(tmp_path)
    assert is_listening()
    tests.kill()
    tests.communicate()
    until(lambda: not is_listening())


def is_listening() -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        return connection.connect_ex(SOCKET) == 0


def test_one_that_is_killed_while_it_hands_its_run_over_keeps_nobody_else_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    with a_warm_python(tmp_path) as python:
        for size in (None, 100):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as killed:
                killed.connect(SOCKET)
                if size is not None:
                    socket.send_fds(killed, [size.to_bytes(8, "big")], [1, 1, 2])
                    killed.sendall(b"half")
        run = subprocess.run([python, "-S", str(script)], capture_output=True, timeout=10, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, f"on{os.linesep}".encode(), b"")
