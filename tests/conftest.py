"""What holds for all tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# A busy machine is no failure, and no file is left beside the code.
settings.register_profile(
    "stash2plex", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("stash2plex")
