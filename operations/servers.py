"""The operation `servers`: both servers as they answer now, and Plex library by library."""

from __future__ import annotations

from operations.context import Context
from operations.model import Nothing, Problem, Result
from operations.opened import open_state
from operations.problems import problem_in
from operations.setup import libraries_of
from plex.exceptions import PlexError
from sync_queue.facts import COUNTED_AT
from sync_queue.state_database import is_there
from validation.exceptions import SettingsInvalid


class StashServer(Result):
    """The Stash that asks; `version` is empty in a build without one."""

    name: str
    version: str
    address: str


class PlexServer(Result):
    """The Plex of the settings; `is_owner` is None where Plex does not say whose the token is."""

    name: str
    version: str
    address: str
    is_owner: bool | None
    machine_identifier: str


class LibraryInUse(Result):
    """A library; `in_sync` counts its items that show what Stash has, None where nobody has counted."""

    key: int
    title: str
    items: int
    is_chosen: bool
    in_sync: int | None


class Servers(Result):
    """Both servers; `plex` is None where `problem` says why it cannot be told."""

    stash: StashServer
    plex: PlexServer | None
    problem: Problem | None
    libraries: list[LibraryInUse]


def tell_servers(request: Nothing, context: Context) -> Servers:  # noqa: ARG001
    """Ask both servers who they are."""
    version = context.stash.version
    stash = StashServer(
        name="Stash",
        version=".".join(map(str, version)) if any(version) else "",
        address=context.stash.connection.address,
    )
    try:
        plex, libraries = _ask_plex(context)
    except (PlexError, SettingsInvalid) as problem:
        text = problem.problems[0] if isinstance(problem, SettingsInvalid) else str(problem)
        return Servers(stash=stash, plex=None, problem=problem_in(text), libraries=[])
    return Servers(stash=stash, plex=plex, problem=None, libraries=libraries)


def _items_in_sync(context: Context, machine_identifier: str) -> dict[int, int] | None:
    """By library, as far as a reconcile of this server has counted; None where none has."""
    if not is_there(context.data_dir):
        return None
    with open_state(context) as state:
        if state.time(COUNTED_AT) is None or state.machine_identifier != machine_identifier:
            return None
        return state.findings.items_in_sync(machine_identifier)


def _ask_plex(context: Context) -> tuple[PlexServer, list[LibraryInUse]]:
    plex = context.plex
    server = PlexServer(
        name=plex.name,
        version=plex.version,
        address=context.config.plex_url,
        is_owner=plex.is_owners_token(),
        machine_identifier=plex.machine_identifier,
    )
    in_sync = _items_in_sync(context, plex.machine_identifier)
    libraries = [
        LibraryInUse(
            key=library.key,
            title=library.title,
            items=library.items or 0,
            is_chosen=library.is_chosen,
            in_sync=None if in_sync is None else in_sync.get(library.key, 0),
        )
        for library in libraries_of(plex, context.config.plex_library)
        if library.is_for_movies
    ]
    return server, libraries
