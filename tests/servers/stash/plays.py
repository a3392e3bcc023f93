"""What a made-up Stash keeps of watching: plays with their times, and where a scene was left.

As a real Stash 0.30 answered: none of it moves `updated_at`, times are kept in UTC to the second, and
one time may be there as often as it was sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from tests.servers.stash.records import Scene

if TYPE_CHECKING:
    from tests.servers.stash.library import StashLibrary

_AGO = re.compile(r"<(\d+)([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


class UnreadableTimeError(ValueError):
    """A time that Stash does not read."""


def add_plays(library: StashLibrary, scene_id: int, times: Iterable[str] | None) -> Scene:
    """Add a play for each of these times, or one of now where none is named."""
    with library.lock:
        scene = library.scene(scene_id)
        added = [in_utc(library, time) for time in times or ()] or [in_utc(library, "<0s")]
        scene.play_history = sorted([*scene.play_history, *added], reverse=True)
        return scene


def delete_plays(library: StashLibrary, scene_id: int, times: Iterable[str] | None) -> list[str]:
    """Take away one play of each of these times, or the newest where none is named; what is left."""
    with library.lock:
        wanted = [in_utc(library, time) for time in times or ()]
        if (scene := library.scenes.get(scene_id)) is None:
            return []
        for time in wanted or scene.play_history[:1]:
            if time in scene.play_history:
                scene.play_history.remove(time)
        return scene.play_history


def in_utc(library: StashLibrary, text: str) -> str:
    """A time as Stash keeps it: any offset is taken, fractions of a second fall away, no offset is UTC."""
    if ago := _AGO.fullmatch(text):
        moment = library.now() - timedelta(seconds=int(ago[1]) * _SECONDS[ago[2]])
    else:
        try:
            moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        except ValueError:
            raise UnreadableTimeError(f"ParseDateStringAsTime failed: dateString <{text}>") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
