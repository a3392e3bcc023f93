"""The Python that has imported the plugin already serves on, whoever is killed while it hands a run over."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders.warm_python import a_warm_python

SCRIPT = "import os, sys\nprint('on')\nsys.stdout.flush()\nos._exit(0)\n"


@pytest.mark.skipif(sys.platform == "win32", reason="nothing can fork there")
def test_one_that_is_killed_while_it_hands_its_run_over_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    with a_warm_python(tmp_path) as python:
        for size in (None, 100):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as killed:
                killed.connect(str(tmp_path / "warm"))
                if size is not None:
                    socket.send_fds(killed, [size.to_bytes(8, "big")], [1, 1, 2])
                    killed.sendall(b"half")
        run = subprocess.run([python, "-S", str(script)], capture_output=True, timeout=10, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, f"on{os.linesep}".encode(), b"")
