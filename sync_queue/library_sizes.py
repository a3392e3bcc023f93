"""How many items each library of Plex had when a reconcile last believed their number."""

from __future__ import annotations

from sync_queue.state import SyncState

_FACT = "items in section "


def size_fact(server: str, section_key: int) -> str:
    """The name under which the number of a library's items is remembered."""
    return f"{_FACT}{section_key} of {server}"


def known_sizes(state: SyncState, server: str) -> dict[int, int]:
    """The numbers that are remembered for this server's libraries, by their keys."""
    ending = f" of {server}"
    return {
        int(name.removeprefix(_FACT).removesuffix(ending)): int(value)
        for name, value in state.facts_beginning(_FACT).items()
        if name.endswith(ending)
    }
