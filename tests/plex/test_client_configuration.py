"""A plexapi configuration of the user's own changes nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.servers.plex.server import PlexTestServer
from tests.servers.world import ROOT

CONFIGURATION = """
[plexapi]
container_size = 1
timeout = 1
[auth]
server_baseurl = http://127.0.0.1:9
server_token = a-token-of-the-user
[header]
identifier = an-identifier-of-the-user
[log]
level = DEBUG
path = {log}
"""
CODE = """
import sys
from plex.client import Plex
plex = Plex(sys.argv[1], sys.argv[2], "ours")
print(plex.machine_identifier)
"""


def test_a_plexapi_configuration_of_the_users_own_is_ignored(server: PlexTestServer, tmp_path: Path) -> None:
    path = tmp_path / ".config" / "plexapi" / "config.ini"
    path.parent.mkdir(parents=True)
    log = tmp_path / "plexapi.log"
    path.write_text(CONFIGURATION.format(log=log))
    environment = {**os.environ, "HOME": str(tmp_path), "PLEXAPI_CONFIG_PATH": str(path)}
    environment["PLEXAPI_HEADER_IDENTIFIER"] = "another-identifier-of-the-user"
    environment["PLEXAPI_HEADER_PRODUCT"] = "another product"
    environment |= {"PLEXAPI_LOG_PATH": str(log), "PLEXAPI_LOG_LEVEL": "DEBUG"}
    environment |= {"PLEXAPI_LOG_SHOW_SECRETS": "true", "PLEXAPI_PLEXAPI_TIMEOUT": "no number"}
    run = subprocess.run(
        [sys.executable, "-c", CODE, server.url, server.token],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.stdout.strip() == server.library.machine_identifier, run.stderr
    assert server.client_identifiers == {"ours"}
    assert not log.exists()
