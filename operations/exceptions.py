"""The error of an operation that cannot be answered.

It is raised before the packages are there, too, so it needs nothing but the standard library. The page shows
it where it would show the answer; nothing of it is logged.
"""

from __future__ import annotations

from validation.exceptions import Stash2PlexError


class OperationRefused(Stash2PlexError):
    """What the page asked for cannot be done; the text says what to do about it.

    `setting` is the key of the setting concerned, `scene_id` the id of the scene, and `task` the name of the
    task in Stash that mends it, which the page can start; each is None where there is none.
    """

    def __init__(
        self, text: str, setting: str | None = None, scene_id: int | None = None, task: str | None = None
    ) -> None:
        super().__init__(text)
        self.setting = setting
        self.scene_id = scene_id
        self.task = task
