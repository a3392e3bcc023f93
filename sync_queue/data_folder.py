"""The folder in which queue and state are kept: whether it can be used, and what to say where it cannot.

A hook imports this module where it fails, so it needs nothing but the standard library.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile


def problem_text(data_dir: str, problem: BaseException) -> str:
    """What to tell the user of a folder that cannot be used."""
    return (
        f"The data folder {data_dir} cannot be used ({problem}). "
        "Stash must be able to write there; set STASH2PLEX_DATA_DIR to use another folder."
    )


def check(data_dir: str) -> int:
    """Write a file there and take it away again; returns how many bytes are free.

    Raises OSError where the folder, or a database in it, cannot be written.
    """
    os.makedirs(data_dir, mode=0o700, exist_ok=True)
    with tempfile.TemporaryFile(dir=data_dir) as file:
        file.write(b"\0" * 4096)
    for name in sorted(os.listdir(data_dir)):
        # Another user's, as when Stash ran as somebody else before.
        if name.endswith(".db") and not os.access(os.path.join(data_dir, name), os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)
    return shutil.disk_usage(data_dir).free
