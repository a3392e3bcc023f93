"""Which addresses lead to a Plex server from here: all are tried at once, and none is waited for long.

No token is sent: what answers at an address is not known before it has said who it is.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from threading import Thread

from plex.client import identity_at
from plex.exceptions import PlexError
from plex.session import PlexSession

# Seconds in which an address has to answer: within one's own network it takes hundredths.
PATIENCE = 1.0
# More than this no server has.
MOST_ADDRESSES = 40


def reachable(addresses: Mapping[str, str]) -> set[str]:
    """Those of the addresses at which the server with this machine identifier answers."""
    patience = PATIENCE
    answered: list[str] = []

    def look(address: str, machine_identifier: str) -> None:
        session = PlexSession(address, "", verify=True, patience=(patience, patience))
        try:
            if identity_at(session, address).get("machineIdentifier") == machine_identifier:
                answered.append(address)
        except PlexError:
            pass

    # As daemons: one that still waits for a name service must not keep the process.
    threads = [Thread(target=look, args=one, daemon=True) for one in list(addresses.items())[:MOST_ADDRESSES]]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + patience
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return set(answered)
