"""A Stash that gives plugins less than the page needs is as it was, and its console has one line."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.page.visitor import Visitor

# Before any script: what a name with dots leads to is taken out of PluginApi; without a name all of it.
LESS = """(() => {
  const without = (object, [name, ...rest]) => {
    const { [name]: taken, ...others } = object;
    return rest.length ? { ...others, [name]: without(taken, rest) } : others;
  };
  const name = %s;
  let given;
  Object.defineProperty(window, "PluginApi", {
    get: () => given,
    set: (api) => { given = name ? without(api, name.split(".")) : undefined; },
  });
})()"""
PARTS = (
    "",
    "React",
    "libraries",
    "libraries.Apollo.useApolloClient",
    "libraries.Bootstrap",
    "libraries.FontAwesomeSolid",
    "libraries.ReactRouterDOM.useLocation",
    "patch",
    "patch.after",
    "register.route",
)


@pytest.mark.parametrize("part", PARTS)
def test_stash_is_unharmed_and_the_console_has_one_line(visitor: Visitor, part: str) -> None:
    visitor.page.add_init_script(LESS % json.dumps(part))
    visitor.goes_to("/")
    expect(visitor.page.get_by_role("heading", name="Stash")).to_be_visible()
    expect(visitor.button("Settings")).to_be_visible()
    (line,) = visitor.console
    assert line.startswith("Stash2Plex: ")
    visitor.console.clear()


def test_behind_a_proxy_without_websockets_a_task_is_followed_all_the_same(visitor: Visitor) -> None:
    visitor.host.world.add_film("harbour", title="Harbour", plex={})
    visitor.page.route_web_socket("**/graphql", lambda socket: socket.close())
    visitor.opens("orphans")
    visitor.button("Find Orphans").click()
    visitor.sees("Find Orphans is done.")
    visitor.sees("No orphans")
