"""The filters that somebody saved in Stash: kept as its pages hand them over, and never looked into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError


@dataclass(slots=True)
class SavedFilter:
    """A row of the table of saved filters, as the schema shows it."""

    id: int
    mode: str
    name: str
    find_filter: dict[str, Any] | None
    object_filter: dict[str, Any] | None
    ui_options: dict[str, Any] | None = None

    @property
    def filter(self) -> str:
        return ""


class SavedFilters:
    """The table. A name is there once for each mode."""

    def __init__(self) -> None:
        self._rows: dict[int, SavedFilter] = {}
        self._last_id = 0

    def save(
        self,
        name: str,
        criteria: dict[str, Any] | None = None,
        search: str = "",
        mode: str = "SCENES",
    ) -> SavedFilter:
        """Save a filter as a list's page does; one of this name and mode is replaced."""
        known = [one for one in self._rows.values() if (one.mode, one.name) == (mode, name.strip())]
        if not known:
            self._last_id += 1
        find = {"q": search, "page": 1, "per_page": 40, "sort": "date", "direction": "DESC"}
        saved = SavedFilter(
            known[0].id if known else self._last_id, mode, name.strip(), find, criteria, {"display_mode": 0}
        )
        self._rows[saved.id] = saved
        return saved

    def remove(self, name: str, mode: str = "SCENES") -> None:
        """Delete a filter."""
        self._rows = {key: one for key, one in self._rows.items() if (one.mode, one.name) != (mode, name)}

    def listed(self, mode: str | None) -> list[SavedFilter]:
        """Those of a mode by name, or all of them by id, as Stash lists them."""
        if mode is None:
            return list(self._rows.values())
        return sorted((one for one in self._rows.values() if one.mode == mode), key=lambda one: one.name)

    def one(self, filter_id: int) -> SavedFilter | None:
        """The filter with this id."""
        return self._rows.get(filter_id)

    def take(self, given: dict[str, Any]) -> SavedFilter:
        """Save what the mutation saveFilter was given."""
        name = str(given["name"]).strip()
        if not name:
            raise GraphQLError("name must be non-empty")
        find = given.get("find_filter") or {}
        saved = self.save(name, given.get("object_filter"), find.get("q") or "", given["mode"])
        saved.ui_options = given.get("ui_options")
        return saved
