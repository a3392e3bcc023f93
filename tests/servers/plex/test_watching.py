"""What people do in the Plex test server is shown, filtered and told as a real one does; through plexapi."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from plexapi.exceptions import Unauthorized
from plexapi.server import PlexServer

from tests.servers.plex.arrangement import SECTION, a_film, ask
from tests.servers.plex.items import PlexItem
from tests.servers.plex.library import PlexLibrary
from tests.servers.plex.server import PlexTestServer
from tests.servers.plex.watching import GUEST

NOW = 1_700_000_000
HISTORY = "/status/sessions/history/all"


@pytest.fixture
def guest(server: PlexTestServer) -> PlexServer:
    server.guest_token = "the token of a guest"
    return PlexServer(server.url, server.guest_token, timeout=5)


def the_film(plex: PlexServer) -> Any:
    return plex.library.section("Films").all()[0]


def marks(item: PlexItem) -> tuple[Any, ...]:
    return item.view_count, item.last_viewed_at, item.view_offset


def keys(server: PlexTestServer, target: str) -> list[str]:
    answer = ask(server, target, headers={"Accept": "application/json"}).json()["MediaContainer"]
    return [one.get("ratingKey", "") for one in answer.get("Metadata", ())]


def test_marks_are_listed_and_shown_in_detail(library: PlexLibrary, plex: PlexServer) -> None:
    item = a_film(library, duration=600_000)
    library.rate(item.rating_key, 7.5, at=10)
    library.watch(item.rating_key, at=20)
    library.stop_at(item.rating_key, 90_000, at=30)
    for film in (the_film(plex), plex.fetchItem(item.rating_key)):
        film._autoReload = False
        assert (film.userRating, film.viewCount, film.viewOffset) == (7.5, 1, 90_000)
        assert film.lastRatedAt == datetime.fromtimestamp(10)
        assert film.lastViewedAt == datetime.fromtimestamp(30)


def test_plexapi_rates_marks_and_leaves(library: PlexLibrary, plex: PlexServer) -> None:
    item = a_film(library, duration=600_000)
    film = the_film(plex)
    film.rate(6.5)
    assert (item.user_rating, item.last_rated_at) == (6.5, NOW)
    film.rate()
    assert item.user_rating is None
    film.updateProgress(60_000)
    assert marks(item) == (0, NOW, 60_000)
    film.markPlayed()
    assert (marks(item), library.history) == ((1, NOW, None), [])
    film.updateProgress(590_000)
    assert (item.view_count, [entry.viewed_at for entry in library.history]) == (2, [NOW])
    film.markUnplayed()
    assert (marks(item), len(library.history)) == ((0, None, None), 1)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("lastRatedAt>>=10", ["2"]),
        ("lastRatedAt>>=9", ["1", "2"]),
        ("lastViewedAt>>=15", ["2", "3"]),
        ("viewOffset>>=0", ["3"]),
        ("push=1&lastRatedAt>>=10&or=1&lastViewedAt>>=15&pop=1", ["2", "3"]),
        ("push=1&lastRatedAt>>=9&or=1&lastViewedAt>>=15&pop=1&viewOffset>>=0", ["3"]),
    ],
)
def test_listings_are_filtered_by_marks(server: PlexTestServer, wanted: str, found: list[str]) -> None:
    library = server.library
    for name in ("one", "two", "three", "four"):
        a_film(library, name)
    library.rate(1, 5.0, at=10)
    library.rate(2, 5.0, at=11)
    library.watch(2, at=20)
    library.stop_at(3, 1000, at=20)
    assert keys(server, f"{SECTION}?type=1&sort=id&{wanted}") == found
    server.behaviour.ignored_filters = frozenset({"lastRatedAt", "lastViewedAt", "viewOffset"})
    assert keys(server, f"{SECTION}?type=1&sort=id&{wanted}") == ["1", "2", "3", "4"]


def test_a_filter_by_time_takes_what_is_equal_by_switch(server: PlexTestServer) -> None:
    server.library.rate(a_film(server.library).rating_key, 5.0, at=10)
    server.behaviour.after_is_inclusive = True
    assert keys(server, f"{SECTION}?type=1&lastRatedAt>>=10") == ["1"]


def test_history_tells_each_view_with_its_account_and_outlives_its_item(
    library: PlexLibrary, plex: PlexServer, server: PlexTestServer
) -> None:
    for name in ("one", "two"):
        a_film(library, name)
    for key, at, account in ((1, 10, 1), (2, 20, 1), (1, 30, GUEST), (1, 40, 1), (1, 40, 1)):
        library.watch(key, at=at, account=account)
    assert [(one.ratingKey, one.accountID) for one in plex.history()][-3:] == [(1, 2), (2, 1), (1, 1)]
    mine = plex.history(accountID=1, ratingKey=1, mindate=datetime.fromtimestamp(11))
    assert [one.viewedAt.timestamp() for one in mine] == [40, 40]
    assert len({one.historyKey for one in mine}) == 2
    library.remove_item(1)
    asked = f"{HISTORY}?sort=viewedAt:asc&accountID=1&viewedAt>=10"
    assert keys(server, asked) == ["", "2", "", ""]
    server.behaviour.history_names_what_is_gone = True
    assert keys(server, asked) == ["1", "2", "1", "1"]
    server.behaviour.ignored_filters = frozenset({"accountID"})
    assert len(keys(server, asked)) == 5


def test_history_comes_in_pages_with_its_total(server: PlexTestServer) -> None:
    a_film(server.library)
    for at in range(5):
        server.library.watch(1, at=at)
    page = {"X-Plex-Container-Start": "3", "X-Plex-Container-Size": "3", "Accept": "application/json"}
    answer = ask(server, f"{HISTORY}?sort=viewedAt:asc", headers=page).json()["MediaContainer"]
    assert (answer["size"], answer["totalSize"], answer["offset"]) == (2, 5, 3)
    assert [entry["viewedAt"] for entry in answer["Metadata"]] == [3, 4]


def test_a_guest_has_marks_of_his_own_and_sees_no_view_of_the_owner(
    library: PlexLibrary, plex: PlexServer, guest: PlexServer
) -> None:
    item = a_film(library)
    library.watch(1, at=10)
    film = the_film(guest)
    assert film.viewCount == 0
    film.markPlayed()
    film.rate(3.0)
    assert (the_film(guest).viewCount, the_film(guest).userRating) == (1, 3.0)
    assert (marks(item), item.user_rating) == ((1, 10, None), None)
    library.watch(1, at=20, account=GUEST)
    assert [one.accountID for one in guest.history()] == [GUEST]
    assert [account.id for account in plex.systemAccounts()] == [0, 1, 2]
    with pytest.raises(Unauthorized):
        guest.systemAccounts()


@pytest.mark.parametrize(
    ("switch", "value", "act", "expected"),
    [
        ("clearing_a_rating", "dates_it", lambda film: film.rate(), (None, NOW)),
        ("clearing_a_rating", "keeps_its_date", lambda film: film.rate(), (None, 5)),
        ("clearing_a_rating", "drops_its_date", lambda film: film.rate(), (None, None)),
        ("clearing_a_rating", "drops_its_date", lambda film: film.editUserRating(""), (None, None)),
        ("edits_date_a_rating", True, lambda film: film.editUserRating(7.3), (7.3, NOW)),
        ("edits_date_a_rating", False, lambda film: film.editUserRating(7.3), (7.3, 5)),
        ("ratings_are_kept", "in_half_stars", lambda film: film.rate(7.3), (7.0, NOW)),
        ("ratings_are_kept", "in_half_stars", lambda film: film.editUserRating(7.5), (8.0, NOW)),
        ("ratings_are_kept", "in_halves", lambda film: film.rate(7.3), (7.5, NOW)),
    ],
)
def test_a_rating_is_kept_and_dated_by_switch(
    server: PlexTestServer,
    plex: PlexServer,
    switch: str,
    value: Any,
    act: Callable[[Any], None],
    expected: tuple[float | None, int | None],
) -> None:
    item = a_film(server.library)
    server.library.rate(item.rating_key, 5.0, at=5)
    setattr(server.behaviour, switch, value)
    act(the_film(plex))
    assert (item.user_rating, item.last_rated_at) == expected


def test_leaving_and_marking_are_views_by_switch(server: PlexTestServer, plex: PlexServer) -> None:
    item = a_film(server.library, duration=600_000)
    server.behaviour.leaving_is_viewing = False
    server.behaviour.marking_leaves_history = True
    the_film(plex).updateProgress(60_000)
    assert marks(item) == (0, None, 60_000)
    the_film(plex).markPlayed()
    assert (marks(item), len(server.library.history)) == ((1, NOW, None), 1)
