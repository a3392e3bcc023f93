"""Names that several of Stash's performers share, so that each is told apart wherever it stands."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping

from stash.documents import Ask
from stash.exceptions import StashAnswerInvalid
from stash.scenes_by_id import count_in

_NAMES = (
    "query PerformerNames($find: FindFilterType)"
    " { findPerformers(filter: $find) { count performers { id name } } }"
)
PERFORMERS_PER_PAGE = 5_000
# Performers may come and go while they are listed.
_LISTINGS = 3


class Namesakes:
    """The shared names, read once for all connections of a task that are told of it."""

    def __init__(self) -> None:
        self._names: frozenset[str] | None = None
        self._lock = threading.Lock()

    def names(self, ask: Ask) -> frozenset[str]:
        """The names, without regard to case. Raises StashError where they are not known to be all."""
        with self._lock:
            if self._names is None:
                self._names = _shared_names(ask)
            return self._names


def _shared_names(ask: Ask) -> frozenset[str]:
    for _ in range(_LISTINGS):
        names, count = _all_names(ask)
        if len(names) >= count:
            shared = Counter(names.values())
            return frozenset(name for name, times in shared.items() if times > 1)
    raise StashAnswerInvalid("Stash lists fewer performers than it counts; nothing was concluded.")


def _all_names(ask: Ask) -> tuple[dict[str, str], int]:
    """The names by the performers' ids, and how many performers there are."""
    names: dict[str, str] = {}
    page = listed = 0
    while True:
        page += 1
        # By id, for Stash gives those of one name another order at each page.
        find = {"per_page": PERFORMERS_PER_PAGE, "page": page, "sort": "id", "direction": "ASC"}
        found = ask(_NAMES, {"find": find}).get("findPerformers")
        performers = found.get("performers") if isinstance(found, Mapping) else None
        if not isinstance(performers, list):
            raise StashAnswerInvalid("Stash returned no list of performers.")
        usable = [one for one in performers if isinstance(one, Mapping)]
        names |= {str(one.get("id")): str(one.get("name") or "").casefold() for one in usable}
        listed += len(performers)
        count = count_in({"findPerformers": found}, "findPerformers")
        if not performers or listed >= count:
            return names, count
