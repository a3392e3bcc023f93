"""What is odd about the libraries as they were read: told, or believed once a person asks again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from plex.inventory import LibraryRead, is_shrunk
from plex.library import LibrarySection
from sync_queue.facts import known_sizes, size_fact
from sync_queue.state import SyncState
from validation.amounts import number

# So many unusable items of a library are named one by one.
UNUSABLE_TOLD = 5


@dataclass(frozen=True)
class LibrarySizes:
    """The number of items that each library of a server had at the last reconcile that believed it.

    A full reconcile that a person started (`is_by_hand`) warns of a shrunken library first and
    believes it at the next run; a scheduled one warns and believes nothing. What `only_looks`
    remembers nothing, so that it neither uses up a warning nor stands in for one.
    """

    state: SyncState
    server: str
    is_by_hand: bool
    only_looks: bool

    def problem_with(self, section: LibrarySection, count: int) -> str:
        """Why this number of items is not believed, and what to do; empty where it is."""
        before = self._number(self._believed(section))
        if not is_shrunk(before, count):
            self._remember(section, count)
            return ""
        if self.is_by_hand and not self.only_looks:
            warned_of = self._number(self._warned_of(section))
            if warned_of and not is_shrunk(warned_of, count):
                self._remember(section, count)
                return ""
            # Zero items is a number, too: one more than there are tells it from no warning.
            self.state.set_fact(self._warned_of(section), str(count + 1))
        return (
            f"Library “{section.title}” had {number(before)} items at the last reconcile and has "
            f"{number(count)} now. Is one of Plex's drives not mounted? {self._advice()}"
        )

    def _advice(self) -> str:
        if self.is_by_hand and not self.only_looks:
            return "If the library is right as it is, run the task again."
        return (
            "If the library is right as it is, run Reconcile Library (All) yourself, twice: it warns the "
            "first time and believes it the second."
        )

    def _remember(self, section: LibrarySection, count: int) -> None:
        if not self.only_looks:
            self.state.set_fact(self._believed(section), str(count))
            self.state.forget_fact(self._warned_of(section))

    def unlisted(self, sections: Iterable[LibrarySection]) -> list[LibrarySection]:
        """Libraries of earlier reconciles that are not among these; only their keys are known."""
        keys = set(known_sizes(self.state, self.server)) - {section.key for section in sections}
        return [LibrarySection(key, f"number {key}", ()) for key in sorted(keys)]

    def drop(self, sections: Iterable[LibrarySection]) -> None:
        """Forget libraries that the settings do not name any more."""
        for section in () if self.only_looks else sections:
            self.state.forget_fact(self._believed(section))
            self.state.forget_fact(self._warned_of(section))

    def _number(self, fact: str) -> int:
        return int(self.state.fact(fact) or 0)

    def _believed(self, section: LibrarySection) -> str:
        return size_fact(self.server, section.key)

    def _warned_of(self, section: LibrarySection) -> str:
        return f"warned of items in section {section.key} of {self.server}"


def problems_of(libraries: Iterable[LibraryRead]) -> Iterator[str]:
    """A sentence for each library that could not be read, and for some of the items that cannot be used."""
    for read in libraries:
        if read.problem:
            yield f"{read.problem} Scenes without an item are not counted as missing this time."
        for unusable in read.unusable[:UNUSABLE_TOLD]:
            yield f"Library “{read.section.title}”: {unusable}"
        if len(read.unusable) > UNUSABLE_TOLD:
            yield (
                f"Library “{read.section.title}”: {number(len(read.unusable) - UNUSABLE_TOLD)} more such "
                "items."
            )
