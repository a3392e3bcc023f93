"""Where the Stash that started the plugin can be reached."""

from __future__ import annotations

from typing import Any

import pytest

from stash.address import connectable_host


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("0.0.0.0", "127.0.0.1"),
        ("", "127.0.0.1"),
        (None, "127.0.0.1"),
        ("::", "[::1]"),
        ("[::]", "[::1]"),
        ("2001:db8::5", "[2001:db8::5]"),
        ("192.168.1.5", "192.168.1.5"),
        ("stash", "stash"),
    ],
)
def test_the_address_that_stash_listens_on_is_turned_into_one_to_connect_to(host: Any, expected: str) -> None:
    assert connectable_host(host) == expected
