"""What a browser gets from the Stash test server: the page, plugins' files, and subscriptions."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.servers.stash.library import StashLibrary
from tests.servers.stash.plugins import load_plugins
from tests.servers.stash.server import StashServer
from tests.servers.stash.websocket import CLOSE, TEXT, accepting_key

MANIFEST = """\
name: Painted
exec: [python, "{pluginDir}/painted.py"]
interface: raw
ui:
  csp: {connect-src: [http://127.0.0.1:1]}
  javascript: [ui/one.js, ui/two.js]
  css: [ui/one.css]
  assets: {/reports: reports}
tasks:
  - name: Paint
"""
SCRIPT = """\
import sys
sys.stdin.read()
sys.stderr.write("\\x01p\\x020.5\\n\\x01i\\x02painted\\n")
"""


@pytest.fixture
def stash(tmp_path: Path) -> Iterator[StashServer]:
    folder = tmp_path / "plugins" / "Painted"
    for name, content in {
        "Painted.yml": MANIFEST,
        "painted.py": SCRIPT,
        "ui/one.js": "one();",
        "ui/two.js": "two();",
        "ui/one.css": "b{}",
        "reports/page.html": "<p>a report</p>",
        "secret.txt": "a secret",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").write_text("<title>Stash</title>")
    (page / "stash.js").write_text("run()")
    with StashServer(StashLibrary(), plugins_dir=tmp_path / "plugins") as stash:
        stash.page = page
        yield stash
        assert not stash.crashes


def get(stash: StashServer, path: str, **headers: str) -> requests.Response:
    # A prepared address is sent as it is, dots included.
    request = requests.Request("GET", stash.url + path, headers=headers).prepare()
    request.url = stash.url + path
    with requests.Session() as session:
        return session.send(request, timeout=10, allow_redirects=False)


def test_scripts_and_styles_of_a_plugin_are_one_file_each_and_asked_for_again_each_time(
    stash: StashServer,
) -> None:
    scripts = get(stash, "/plugin/Painted/javascript")
    assert scripts.text == "one();\ntwo();\n"
    assert scripts.headers["Content-Type"].startswith("text/javascript")
    assert scripts.headers["Cache-Control"] == "no-cache"
    assert get(stash, "/plugin/Painted/css").text == "b{}\n"
    tag = scripts.headers["ETag"]
    assert get(stash, "/plugin/Painted/javascript", **{"If-None-Match": tag}).status_code == 304
    assert requests.head(f"{stash.url}/plugin/Painted/javascript", timeout=10).status_code == 405


def test_only_folders_named_in_the_manifest_are_served_and_they_are_listed(stash: StashServer) -> None:
    assert get(stash, "/plugin/Painted/assets/reports/page.html").text == "<p>a report</p>"
    assert "page.html" in get(stash, "/plugin/Painted/assets/reports/").text
    for path in ("secret.txt", "reports/../secret.txt", "reports/%2e%2e/secret.txt", "reports/gone.html"):
        assert get(stash, f"/plugin/Painted/assets/{path}").status_code == 404


@pytest.mark.parametrize("path", ["/", "/plugins/painted", "/plugins/painted?tab=one", "/scenes/1"])
def test_every_page_has_stashs_policy_with_what_the_plugin_adds(stash: StashServer, path: str) -> None:
    answer = get(stash, path)
    assert answer.text == "<title>Stash</title>"
    policy = answer.headers["Content-Security-Policy"]
    assert "connect-src data: 'self' ws: wss: http://127.0.0.1:1;" in policy
    assert "child-src 'none'" in policy
    assert get(stash, "/page/stash.js").text == "run()"


def test_a_reload_below_plugin_finds_nothing(stash: StashServer) -> None:
    assert get(stash, "/plugin/Painted").status_code == 404
    assert get(stash, "/plugin/Unknown/javascript").status_code == 404


def test_a_manifest_may_name_no_source_of_any_other_kind(tmp_path: Path) -> None:
    (tmp_path / "Odd.yml").write_text("name: Odd\nui: {csp: {child-src: ['*']}}\n")
    _, errors = load_plugins(tmp_path)
    assert "child-src" in errors[0]


def test_the_list_of_plugins_leads_to_their_scripts(stash: StashServer) -> None:
    query = "{plugins{id enabled tasks{name} paths{javascript css}}}"
    answer = requests.post(f"{stash.url}/graphql", json={"query": query}, timeout=10).json()
    (plugin,) = answer["data"]["plugins"]
    assert plugin["tasks"] == [{"name": "Paint"}]
    assert plugin["paths"]["javascript"] == [f"{stash.url}/plugin/Painted/javascript"]


def test_a_task_that_ends_with_an_error_is_finished_and_only_the_log_has_the_error(
    stash: StashServer,
) -> None:
    (stash.plugins.plugin().directory / "painted.py").write_text('print(\'{"error": "out of paint"}\')')
    assert stash.run_task("Paint").status == "FINISHED"
    answer = requests.post(f"{stash.url}/graphql", json={"query": "{logs{level message}}"}, timeout=10).json()
    assert answer["data"]["logs"] == [{"level": "Error", "message": "Plugin returned error: out of paint"}]


def test_the_answering_key_is_that_of_the_standard() -> None:
    assert accepting_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


class Listener:
    """A page's end of a websocket."""

    def __init__(self, stash: StashServer) -> None:
        self.socket = socket.create_connection(("127.0.0.1", stash.port), timeout=10)
        key = base64.b64encode(b"sixteen letters.").decode()
        self.socket.sendall(
            f"GET /graphql HTTP/1.1\r\nHost: stash\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.file = self.socket.makefile("rb")
        assert b"101" in self.file.readline()
        while self.file.readline().strip():
            pass

    def send(self, kind: int, content: bytes) -> None:
        mask = b"mask"
        masked = bytes(byte ^ mask[position % 4] for position, byte in enumerate(content))
        size = (
            bytes([0x80 | len(content)]) if len(content) < 126 else b"\xfe" + len(content).to_bytes(2, "big")
        )
        self.socket.sendall(bytes([0x80 | kind]) + size + mask + masked)

    def say(self, **message: object) -> None:
        self.send(TEXT, json.dumps(message).encode())

    def hear(self) -> dict[str, object]:
        head = self.file.read(2)
        size = head[1] if head[1] < 126 else int.from_bytes(self.file.read(2), "big")
        told: dict[str, object] = json.loads(self.file.read(size))
        return told

    def close(self) -> None:
        self.file.close()
        self.socket.close()


def test_a_page_that_subscribed_hears_of_each_step_of_a_job_and_of_each_line(stash: StashServer) -> None:
    page = Listener(stash)
    page.say(type="connection_init")
    assert page.hear() == {"type": "connection_ack"}
    jobs = "subscription J{jobsSubscribe{type job{id status progress description}}}"
    page.say(id="1", type="subscribe", payload={"query": jobs, "operationName": "J", "variables": {}})
    page.say(id="2", type="subscribe", payload={"query": "subscription{loggingSubscribe{level message}}"})
    page.say(id="3", type="subscribe", payload={"query": "subscription{noSuch}"})
    assert page.hear()["type"] == "error"
    page.say(type="ping")
    assert page.hear() == {"type": "pong"}
    stash.run_task("Paint")
    heard = [page.hear() for _ in range(5)]
    steps = [one["payload"]["data"]["jobsSubscribe"] for one in heard if one["id"] == "1"]  # type: ignore[index]
    assert [step["type"] for step in steps] == ["ADD", "UPDATE", "UPDATE", "REMOVE"]
    assert steps[-1]["job"]["status"] == "FINISHED"
    assert steps[-1]["job"]["progress"] == 0.5
    (line,) = [one["payload"]["data"]["loggingSubscribe"] for one in heard if one["id"] == "2"]  # type: ignore[index]
    assert line == [{"level": "Info", "message": "[Plugin / Painted] painted"}]
    page.send(CLOSE, b"")
    page.close()
