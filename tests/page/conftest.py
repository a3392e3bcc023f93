"""One browser for all tests of the page in this process, and a host page between both test servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.page import tools
from tests.page.visitor import FLAGS, Host, Visitor, a_host, a_visitor


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    reason = tools.what_is_missing()
    if reason is None:
        return
    if tools.is_required():
        raise pytest.UsageError(f"The page cannot be tested: {reason}")
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=tools.chromium(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def python(warm_python: Callable[[], str]) -> str:
    """What Stash starts: the plugin answers a page's question in a fifth of the time."""
    return warm_python()


@pytest.fixture(scope="module")
def host(browser: Browser, python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A set-up world with a few films, for tests that leave it as they found it."""
    with a_host(tmp_path_factory.mktemp("host"), browser, python=python) as host:
        yield host
        assert not host.world.plex.failures
        assert not host.world.stash.crashes


@pytest.fixture
def visitor(host: Host) -> Iterator[Visitor]:
    """A person at the page; at the end, that nothing ran that should not, and no secret was sent."""
    with a_visitor(host) as visitor:
        yield visitor
