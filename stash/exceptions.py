"""The errors of talking to Stash; every text is a sentence for the user, without a session.

A hook that asks for a drain imports this module, so it needs nothing but the standard library.
"""

from __future__ import annotations

from validation.exceptions import Stash2PlexError


class AskingFailed(Stash2PlexError):
    """Stash could not be asked to run a task; what waits stays in the queue for the next hook or task."""


class EntityUnusable(Stash2PlexError):
    """The scenes of one performer, studio, tag or group cannot be asked for, while others can."""

    def __init__(self, entity: str, entity_id: int, problem: str) -> None:
        super().__init__(f"The scenes of {entity} {entity_id} cannot be found: {problem}")
        self.entity = entity
        self.entity_id = entity_id


class ImageUnusable(Stash2PlexError):
    """Stash has an image that cannot be carried over, in a sentence; trying again changes nothing."""


class StashError(Stash2PlexError):
    """Stash could not be asked; nothing was changed by the attempt."""


class StashUnavailable(StashError):
    """Stash cannot be reached, is too slow or is overloaded: try again later."""


class CoverUnavailable(StashUnavailable):
    """Stash did not deliver a cover and did not say that there is none: nothing is known about it now."""


class GraphQLRefusal(StashUnavailable):
    """Stash took the document and answered with errors, `words`: of its database, or of a record in it."""

    def __init__(self, words: str) -> None:
        super().__init__(f"Stash could not answer: {words}. Nothing is lost; run the task again later.")
        self.words = words


class StashRefused(StashError):
    """Stash did not accept the session that it gave to the plugin."""


class StashAnswerInvalid(StashError):
    """Stash answered with an error or with something that is no GraphQL answer."""


class StashAnswerTooLarge(StashAnswerInvalid):
    """Stash answered with more than is read at once; asking for less may help."""

    words = "the answer is too large"
