"""What holds for the tests of this room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from stashapi import log


@pytest.fixture(autouse=True)
def _log_stream_is_put_back() -> Iterator[None]:
    """The log goes to the standard error of its test, which is closed when the test ends."""
    streams = [(handler, handler.stream) for handler in log.sl.handlers]
    yield
    for handler, stream in streams:
        handler.stream = stream
