"""The root of all errors that are the plugin's own, and those of what comes in.

Each is raised where it happens, and met where something can be done about it: sync_queue.failure says what
it means for a scene, and tasks.py shows the user what nobody has met.

    Stash2PlexError
        AlreadyRunning
        AskingFailed
        EntityUnusable
        ImageUnusable
        InvalidInput
            AnotherStash
            NotUnderstood
            PackagesMissing
            SceneMalformed
            SettingsInvalid
        OperationRefused
        PipFailed
        PlexError
            LibraryNotFound
            NoMovieLibrary
            PlexAccountUnavailable
            PlexAnswerInvalid
                PlexAnswerEmpty
                PlexListingChanged
            PlexBusy
            PlexItemUnusable
            PlexNotFound
            PlexRefused
            PlexRejected
                PlexNotKept
                PlexTooLarge
            PlexUnavailable
            SignInExpired
        StashError
            StashAnswerInvalid
                StashAnswerTooLarge
            StashRefused
            StashUnavailable
                CoverUnavailable
                GraphQLRefusal
        UnknownEntity

The others belong to a library's errors, where that library's own callers meet them: AnswerTooLarge and
AnswerUnusable to requests', in transport.bounded_answer. Unusable, in sync_queue.data_folder, is met there.
"""

from __future__ import annotations

# As mypy knows it; importing collections takes a hook as long as writing down its change.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from validation.scene import SceneFile


class Stash2PlexError(Exception):
    """Something that the plugin cannot do; its text is a sentence for the user."""


class InvalidInput(Stash2PlexError):
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
