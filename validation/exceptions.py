"""The errors of what comes in: from Stash's standard input, its settings and its GraphQL answers.

Every message is a sentence for the user that says what is wrong, and where, and what to do.
"""

from __future__ import annotations

# As mypy knows it; importing collections takes a hook as long as writing down its change.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from validation.scene import SceneFile


class InvalidInput(Exception):
    """What Stash handed to the plugin cannot be used."""


class SettingsInvalid(InvalidInput):
    """One or more settings stop a task; `problems` has one sentence for each.

    `warnings` are about other settings, which stop nothing.
    """

    def __init__(self, problems: Sequence[str], warnings: Sequence[str] = ()) -> None:
        super().__init__(" ".join(problems))
        self.problems = tuple(problems)
        self.warnings = tuple(warnings)


class SceneMalformed(InvalidInput):
    """Stash returned a scene whose fields are not what its schema says; `scene_id` names it.

    `files` are its video files, as far as they can be used all the same: None where they cannot.
    """

    def __init__(self, scene_id: str, problem: str, files: tuple[SceneFile, ...] | None = None) -> None:
        super().__init__(f"Scene {scene_id}: {problem}")
        self.scene_id = scene_id
        self.problem = problem
        self.files = files


class EntityUnusable(InvalidInput):
    """The scenes of one performer, studio, tag or group cannot be asked for, while others can."""

    def __init__(self, entity: str, entity_id: int, problem: str) -> None:
        super().__init__(f"The scenes of {entity} {entity_id} cannot be found: {problem}")
        self.entity = entity
        self.entity_id = entity_id


class AskingFailed(Exception):
    """Stash could not be asked to run a task; what waits stays in the queue for the next hook or task."""


class StashError(Exception):
    """Stash could not be asked; nothing was changed by the attempt."""


class StashUnavailable(StashError):
    """Stash cannot be reached, is too slow or is overloaded: try again later."""


class CoverUnavailable(StashUnavailable):
    """Stash did not deliver a cover and did not say that there is none: nothing is known about it now."""


class StashRefused(StashError):
    """Stash did not accept the session that it gave to the plugin."""


class StashAnswerInvalid(StashError):
    """Stash answered with an error or with something that is no GraphQL answer."""
