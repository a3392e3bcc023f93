"""What holds for all tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# A busy machine is no failure, no file is left beside the code, and the same code gets the same verdict.
settings.register_profile(
    "steady",
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
# For hunting: other examples at every run, and more of them (--hypothesis-profile=hunting).
settings.register_profile("hunting", settings.get_profile("steady"), derandomize=False, max_examples=1000)
settings.load_profile("steady")
