"""All chosen libraries read into the index, and for each whether all that it has is known now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from plex.client import Plex
from plex.exceptions import PlexAnswerInvalid, PlexBusy, PlexItemUnusable, PlexNotFound
from plex.index import FileIndex, PartsReplacement, name_hash
from plex.library import LibrarySection
from plex.listing import Listing

# A library that lost more than half of its items, and more than a few, or all of them, has lost a drive.
SHRUNK_SHARE, SHRUNK_ITEMS = 0.5, 10


def is_shrunk(before: int, now: int) -> bool:
    """Whether so few items are left of so many, or none of several, that a drive is more likely away."""
    return (before - now > SHRUNK_ITEMS and now < before * SHRUNK_SHARE) or (now == 0 and before > 1)


@dataclass
class LibraryRead:
    """What came of reading one library.

    `problem` says in a sentence why it may have more items than the index now knows; empty where it
    cannot. `is_read` tells that it was read to its end, whatever there is against believing it.
    """

    section: LibrarySection
    count: int = 0
    is_read: bool = False
    problem: str = ""
    unusable: Sequence[PlexItemUnusable] = ()


@dataclass
class Inventory:
    """The libraries as they were read, in the order of the sections."""

    libraries: list[LibraryRead] = field(default_factory=list)

    def doubtful(self, name: int) -> list[LibraryRead]:
        """The libraries that may have a file of this name (its hash) that the index does not know."""
        return [read for read in self.libraries if read.problem or _may_hold(read.unusable, name)]

    def doubt_about(self, name: int) -> str:
        """Why not all files of this name are known, in a sentence; empty where they are."""
        return next(
            (f"Library “{read.section.title}” is not completely known." for read in self.doubtful(name)), ""
        )


def read_libraries(
    plex: Plex,
    sections: Sequence[LibrarySection],
    index: FileIndex,
    problem_with: Callable[[LibrarySection, int], str],
    unlisted: Sequence[LibrarySection] = (),
) -> Inventory:
    """List these libraries into the index.

    What was known of a library stays where it cannot be read to its end now, or where `problem_with`
    has something against so many items; it is also asked of `unlisted` ones, which are known and which
    Plex does not list any more. Raises PlexBusy where none can be read, and PlexErrors that concern
    the server.
    """
    inventory = Inventory()
    with index.replacing_parts() as replacement:
        for section in sections:
            inventory.libraries.append(_read(plex, section, replacement, problem_with))
        if sections and not any(read.is_read for read in inventory.libraries):
            # Raised in here, so that what was known of the libraries stays.
            problems = " ".join(read.problem for read in inventory.libraries)
            raise PlexBusy(f"No library could be read, so nothing was compared. {problems}")
        for section in unlisted:
            if problem := problem_with(section, 0):
                replacement.keep_known(section.key)
                inventory.libraries.append(LibraryRead(section, problem=problem))
    return inventory


def _read(
    plex: Plex,
    section: LibrarySection,
    replacement: PartsReplacement,
    problem_with: Callable[[LibrarySection, int], str],
) -> LibraryRead:
    listing = Listing(plex, section)
    read = LibraryRead(section)
    try:
        for page in listing.pages():
            replacement.add_items(page)
    except (PlexAnswerInvalid, PlexBusy, PlexNotFound) as error:
        read.problem = f"Library “{section.title}” could not be read: {error}"
    else:
        replacement.take_back(listing.gone)
        replacement.flush()
        read.is_read, read.count, read.unusable = True, listing.count, listing.unusable
        read.problem = problem_with(section, listing.count)
    if read.problem or read.unusable:
        replacement.keep_known(section.key)
    return read


def _may_hold(unusable: Sequence[PlexItemUnusable], name: int) -> bool:
    return any(not one.paths or name in map(name_hash, one.paths) for one in unusable)
