"""The errors of talking to Plex; every text is a sentence for the user, without a token or an URL's query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from validation.exceptions import Stash2PlexError


class PlexError(Stash2PlexError):
    """Plex could not be asked, or did not do what it was asked for."""


class PlexUnavailable(PlexError):
    """Plex cannot be reached, is starting up or takes too long: every job waits."""


class PlexRefused(PlexError):
    """Plex does not accept the token, or the token may not edit: a setting is wrong."""


class PlexBusy(PlexError):
    """Plex answered 429 or 5xx for this request; `retry_after` is in seconds, where Plex named it."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PlexNotFound(PlexError):
    """Plex has nothing under this key."""


class PlexRejected(PlexError):
    """Plex refuses this one request, in its own words, and would refuse it again.

    `status` is that of its answer; 0 where it was none that refused.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class PlexNotKept(PlexRejected):
    """Plex answered an edit as if it were done, twice, and does not show it, or not all of it.

    `is_nothing_kept` says that it shows no part of it.
    """

    def __init__(self, message: str, is_nothing_kept: bool = True) -> None:
        super().__init__(message)
        self.is_nothing_kept = is_nothing_kept


class PlexTooLarge(PlexRejected):
    """What was sent is longer than Plex, or a proxy before it, takes (413, 414)."""


class PlexAnswerInvalid(PlexError):
    """What answered sent something that is no answer of a Plex server."""


class PlexAccountUnavailable(PlexError):
    """Plex's account service, by which a person signs in, cannot be asked: no scene is concerned."""


class SignInExpired(PlexError):
    """Nobody signed in to Plex in time, or the sign-in was taken back."""

    def __init__(self) -> None:
        super().__init__("The sign-in to Plex has expired. Sign in once more.")


class PlexAnswerEmpty(PlexAnswerInvalid):
    """Plex answered a question with nothing at all."""


class PlexListingChanged(PlexAnswerInvalid):
    """Items came or went each time a library was listed: what came may not be all that it has."""


class PlexItemUnusable(PlexError):
    """Plex sent one item in a form that cannot be used; its neighbours in the same answer can be.

    `rating_key` is None where it is what is missing; `paths` are those of its files, as far as they are told.
    """

    def __init__(self, rating_key: int | None, problem: str, paths: Sequence[str] = ()) -> None:
        name = "an item" if rating_key is None else f"item {rating_key}"
        super().__init__(f"Plex sent {name} {problem}.")
        self.rating_key = rating_key
        self.paths = tuple(paths)


# What libraries are for: Plex's words, and those of the user.
TYPES = {"show": "TV shows", "artist": "music", "photo": "photos"}


class NoMovieLibrary(PlexError):
    """The server lists no movie library: where nothing can be looked for, nothing is missing."""

    def __init__(self) -> None:
        super().__init__(
            "Plex has no movie library. Make one, of type Movies or Other Videos, for the folders of Stash."
        )


class LibraryNotFound(PlexError):
    """A library that the setting names is not one of Plex's movie libraries.

    `wrong` has, by the names, what the libraries are for that do have them; empty where none has.
    """

    def __init__(self, wrong: Mapping[str, str], existing: Sequence[str]) -> None:
        there = ", ".join(f"“{title}”" for title in existing) or "none"
        missing = ", ".join(f"“{name}”" for name in wrong)
        others = "".join(
            f" “{name}” is a library of {TYPES.get(type, type)}." for name, type in wrong.items() if type
        )
        needs_quotes = any("," in title or title != title.strip() for title in existing)
        quotes = " Put a name that contains a comma in quotation marks." if needs_quotes else ""
        super().__init__(
            f"Setting “Plex libraries” (plex_library) names {missing}, which Plex does not have as a movie "
            f"library.{others}{quotes} Movie libraries in Plex: {there}."
        )
