"""The operation `gaps`: the scenes that are not in sync, as the last reconcile found them."""

from __future__ import annotations

from typing import Literal

from operations.context import Context
from operations.cures import cure_line, reason_line
from operations.model import Result
from operations.opened import (
    Listed,
    ListRequest,
    PlexAddresses,
    cover_of,
    numbers_of,
    open_queue,
    open_state,
)
from sync_queue.facts import COUNTED_AT
from sync_queue.findings import IGNORED_KIND, SHOWN, ListedFinding

Kind = Literal[
    "all", "missing", "empty", "stale", "ambiguous", "unknown", "left_out", "without_file", "ignored"
]


class GapsRequest(ListRequest):
    """Which scenes: of one kind, or `all` that somebody may want to do something about."""

    kind: Kind = "all"


class GapRow(Result):
    """A scene that is not in sync; `state` is that of its job in the queue, if there is one."""

    scene_id: int
    title: str
    file: str
    cover: str
    kind: str
    reason: str
    cure: str
    rating_key: int | None
    plex_address: str | None
    state: str | None
    is_ignored: bool


class Gaps(Listed):
    """A page of them, when they were found, and how many there are of each kind."""

    rows: list[GapRow]
    found_at: float | None
    counts: dict[str, int]


def list_gaps(request: GapsRequest, context: Context) -> Gaps:
    """What the last reconcile found and nothing has been synced of since."""
    is_ignored = request.kind == IGNORED_KIND
    with open_state(context) as state, open_queue(context) as queue:
        page = state.findings.page(request.kind, request.searched, request.page)
        states = queue.states_of([row.scene_id for row in page.rows])
        addresses = PlexAddresses(state)
        counts = state.findings.counts()
        return Gaps(
            **numbers_of(page),
            rows=[
                _row(finding, addresses, states.get(finding.scene_id), is_ignored) for finding in page.rows
            ],
            found_at=state.time(COUNTED_AT),
            counts={kind.value: counts[kind] for kind in SHOWN},
        )


def _row(finding: ListedFinding, addresses: PlexAddresses, state: str | None, is_ignored: bool) -> GapRow:
    # Of one that is ignored it is told what it was when it was found, if it was found.
    shown = finding._replace(kind="", reason="") if is_ignored else finding
    return GapRow(
        scene_id=finding.scene_id,
        title=finding.title,
        file=finding.file,
        cover=cover_of(finding.scene_id),
        kind=IGNORED_KIND if is_ignored else finding.kind,
        reason=reason_line(shown),
        cure=cure_line(shown),
        rating_key=finding.rating_key or None,
        plex_address=addresses.of(finding.rating_key),
        state=state,
        is_ignored=is_ignored,
    )
