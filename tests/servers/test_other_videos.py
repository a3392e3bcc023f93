"""Libraries of home-made videos on the Plex test server: what Plex makes of a file, and puts back."""

from __future__ import annotations

import pytest

from tests.servers.plex.arrangement import ask
from tests.servers.plex.items import PlexItem
from tests.servers.plex.library import PlexLibrary
from tests.servers.plex.server import PlexTestServer

AGENTS = ["com.plexapp.agents.none", "tv.plex.agents.none"]


def a_video(library: PlexLibrary, agent: str = AGENTS[0]) -> PlexItem:
    section = library.add_section("Videos", locations=("/media",), agent=agent)
    return library.add_item(section.key, (("/media/My holiday.mp4", 1000),))


@pytest.mark.parametrize("agent", AGENTS)
def test_an_untouched_item_has_a_title_and_a_date_out_of_its_file_and_nothing_locked(agent: str) -> None:
    item = a_video(PlexLibrary(), agent)
    assert (item.title, item.summary, item.locked) == ("My holiday", "", set())
    assert item.date
    assert item.year == int(item.date[:4])


def test_an_item_of_a_library_with_an_agent_has_no_date_of_its_own() -> None:
    assert a_video(PlexLibrary(), "tv.plex.agents.movie").date is None


def test_a_refresh_puts_back_what_is_not_locked_and_leaves_what_is() -> None:
    library = PlexLibrary()
    item = a_video(library)
    out_of_the_file = item.date
    library.set_fields(item, {"title": "Mine", "date": "1999-09-09", "genres": ["Sea"]})
    item.locked.update({"title", "originallyAvailableAt"})
    library.refresh_metadata(item.rating_key)
    assert (item.title, item.date, item.year, item.genres) == ("Mine", "1999-09-09", 1999, [])
    library.reset_item(item.rating_key)
    assert (item.title, item.date, item.locked) == ("My holiday", out_of_the_file, set())


@pytest.mark.parametrize(
    ("agent", "guid"), [(AGENTS[0], "com.plexapp.agents.none://"), (AGENTS[1], "tv.plex.agents.none://1")]
)
def test_on_the_wire_it_is_a_clip_with_the_guid_of_its_agent(agent: str, guid: str) -> None:
    library = PlexLibrary()
    a_video(library, agent)
    with PlexTestServer(library) as server:
        shown = ask(server, "/library/metadata/1").text
    assert 'subtype="clip"' in shown
    assert 'createdAtAccuracy="epoch,local"' in shown
    assert f'guid="{guid}' in shown
