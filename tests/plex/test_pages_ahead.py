"""The next page of a listing is asked for early: what comes is the same, and no two are asked for in vain."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plex.exceptions import PlexBusy
from plex.pages_ahead import PagesAhead


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as thread:
        yield thread


def a_page(size: int, total: int) -> bytes:
    return b'<?xml version="1.0"?>\n<MediaContainer size="%d" totalSize="%d" offset="0"></MediaContainer>' % (
        size,
        total,
    )


def test_the_next_page_is_on_its_way_while_one_is_handled(thread: ThreadPoolExecutor) -> None:
    has_begun = Event()

    def ask(start: int) -> bytes:
        if start == 3:
            has_begun.set()
        return a_page(4, 10)

    PagesAhead(ask, thread).at(0)
    assert has_begun.wait(10)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 20)), min_size=21, max_size=21), st.data())
def test_each_page_is_the_one_that_begins_where_it_was_asked_for(
    sizes: list[tuple[int, int]], data: st.DataObject
) -> None:
    pages = [b"%d %s" % (start, a_page(size, total)) for start, (size, total) in enumerate(sizes)]
    asked: list[int] = []

    def ask(start: int) -> bytes:
        asked.append(start)
        return pages[start]

    starts = data.draw(st.lists(st.integers(0, 20), max_size=6))
    with ThreadPoolExecutor(1) as thread:
        ahead = PagesAhead(ask, thread)
        assert [ahead.at(start) for start in starts] == [pages[start] for start in starts]
    # After one that nobody wanted none is asked for early any more.
    assert len(asked) <= len(starts) + 1


def test_pages_that_are_as_they_say_are_asked_for_once_each(thread: ThreadPoolExecutor) -> None:
    asked: list[int] = []

    def ask(start: int) -> bytes:
        asked.append(start)
        return a_page(min(4, 11 - start), 11)

    ahead = PagesAhead(ask, thread)
    for start in (0, 3, 6, 9):
        ahead.at(start)
    assert asked == [0, 3, 6, 9]


def test_pages_that_are_shorter_than_they_say_end_the_asking_ahead(thread: ThreadPoolExecutor) -> None:
    asked: list[int] = []

    def ask(start: int) -> bytes:
        asked.append(start)
        return a_page(4, 11)

    ahead = PagesAhead(ask, thread)
    for start in (0, 2, 4, 6):
        ahead.at(start)
    assert asked == [0, 3, 2, 4, 6]


def test_no_two_pages_are_on_their_way_at_once(thread: ThreadPoolExecutor) -> None:
    is_busy, is_asked_meanwhile = Event(), Event()

    def ask(start: int) -> bytes:
        if is_busy.is_set():
            is_asked_meanwhile.set()
        is_busy.set()
        # Nobody is to come while this one is on its way, so that it is waited for in vain.
        is_asked_meanwhile.wait(0.05 if start == 3 else 0)
        is_busy.clear()
        return a_page(4, 11)

    ahead = PagesAhead(ask, thread)
    for start in (0, 2):
        ahead.at(start)
    assert not is_asked_meanwhile.is_set()


def test_a_page_that_fails_fails_in_its_turn(thread: ThreadPoolExecutor) -> None:
    def ask(start: int) -> bytes:
        if start:
            raise PlexBusy("Plex could not do it now (500).")
        return a_page(4, 10)

    ahead = PagesAhead(ask, thread)
    assert ahead.at(0) == a_page(4, 10)
    with pytest.raises(PlexBusy):
        ahead.at(3)


@pytest.mark.parametrize(
    "page",
    [b"", b"not found", b"<MediaContainer", b'<MediaContainer size="x" totalSize="y">', b"<Video size='4'/>"],
)
def test_a_page_that_says_nothing_of_itself_is_no_reason_to_ask(
    page: bytes, thread: ThreadPoolExecutor
) -> None:
    asked: list[int] = []

    def ask(start: int) -> bytes:
        asked.append(start)
        return page

    PagesAhead(ask, thread).at(0)
    thread.shutdown()
    assert asked == [0]
