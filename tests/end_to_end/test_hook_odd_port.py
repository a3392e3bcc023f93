"""Promises about a hook that is given an odd connection."""

from pathlib import Path
from typing import Any

import pytest

from stash.exceptions import AskingFailed
from sync_queue.drain_request import ask_for_drain
from validation.plugin_input import parse_connection


@pytest.mark.parametrize("port", ["x", 70000, [1], -1, 1e400, True])
def test_an_odd_port_is_a_failure_in_words(tmp_path: Path, port: Any) -> None:
    with pytest.raises(AskingFailed):
        ask_for_drain(str(tmp_path), parse_connection({"Port": port}))
