"""What holds for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.builders.bench import Bench, a_bench

# A busy machine is no failure, no file is left beside the code, and the same code gets the same verdict.
settings.register_profile(
    "steady",
    deadline=None,
    database=None,
    derandomize=True,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow],
)
# For hunting: other examples at every run, and more of them (--hypothesis-profile=hunting).
settings.register_profile("hunting", settings.get_profile("steady"), derandomize=False, max_examples=1000)
settings.load_profile("steady")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Both servers and the plugin at work in the test's own process."""
    with a_bench(tmp_path) as bench:
        yield bench
