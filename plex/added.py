"""When an item counts as added, by which Plex sorts what it shows as recently added.

Plex keeps seconds since 1970. Here such a moment is a text that people can read, in UTC.
"""

from __future__ import annotations

from datetime import datetime, timezone

from validation.scene import Scene

_FORM = "%Y-%m-%d %H:%M:%S UTC"
# A day in Stash has no hour. Plex shows the day of whoever looks, and at this hour of UTC it is the same day
# from Hawaii to New Zealand.
_HOUR_OF_A_DAY = 10
# Seconds by which the first place on earth is ahead of UTC.
_FIRST_TO_BEGIN = 14 * 3600


def added_at(scene: Scene, source: str, now: float) -> str:
    """When this scene counts as added by the setting `date_added`; empty where there is no such time.

    A time before 1970 is none to Plex, and one that is still to come would stay in front of all others: a day
    counts once it has begun somewhere.
    """
    if source == "created":
        moment = scene.created_at
    elif source == "date" and scene.date:
        day = datetime.fromisoformat(scene.date + "-01" * (2 - scene.date.count("-")))
        moment = day.replace(hour=_HOUR_OF_A_DAY, tzinfo=timezone.utc)
    else:
        return ""
    seconds = int(moment.timestamp()) if moment else 0
    return as_text(seconds) if 0 < seconds <= now + _FIRST_TO_BEGIN else ""


def as_text(seconds: int) -> str:
    """A number of seconds since 1970 as a moment; empty for none, and for one that no calendar has."""
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).strftime(_FORM) if seconds > 0 else ""
    except (ValueError, OverflowError, OSError):
        return ""


def as_seconds(text: str) -> int:
    """The seconds since 1970 of a moment. Raises ValueError."""
    return int(datetime.strptime(text, _FORM).replace(tzinfo=timezone.utc).timestamp())
