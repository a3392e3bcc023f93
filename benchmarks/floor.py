"""The floor: the same requests over one bare connection a server, parsed by the C parsers, kept nowhere.

Run as a process: `python -m benchmarks.floor reconcile|puts`, with its orders as JSON on standard input. It
loads nothing but Python's own modules: the time that the plugin's packages take is not in it.
"""

from __future__ import annotations

import gzip
import json
import sys
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree


def main() -> None:
    """Do what standard input orders."""
    orders = json.load(sys.stdin)
    {"reconcile": read_both, "puts": put_all}[sys.argv[1]](orders)
    sys.stdout.write('{"output": "ok"}')


def read_both(orders: dict[str, Any]) -> None:
    """Download and parse all pages of both servers."""
    plex = HTTPConnection("127.0.0.1", orders["plex_port"])
    for section in orders["sections"]:
        read_section(plex, section, orders["token"], orders["arguments"])
    stash = HTTPConnection("127.0.0.1", orders["stash_port"])
    last_id, page_size = 0, orders["page_size"]
    while True:
        where = {**orders["criteria"], "id": {"value": last_id, "modifier": "GREATER_THAN"}}
        find = {"sort": "id", "direction": "ASC", "per_page": page_size, "page": 1}
        body = json.dumps({"query": orders["page"], "variables": {"find": find, "where": where}})
        stash.request("POST", "/graphql", body, {"Content-Type": "application/json"})
        scenes = json.loads(stash.getresponse().read())["data"]["findScenes"]["scenes"]
        if len(scenes) < page_size:
            return
        last_id = int(scenes[-1]["id"])


def read_section(plex: HTTPConnection, section: int, token: str, fields: dict[str, str]) -> None:
    """Download and parse one library, of each item the same fields."""
    arguments = "&".join(f"{name}={quote(value, safe='')}" for name, value in fields.items())
    start, total = 0, 1
    while start < total:
        headers = {
            "X-Plex-Token": token,
            "X-Plex-Container-Start": str(start),
            "X-Plex-Container-Size": "1000",
            "Accept-Encoding": "gzip",
        }
        plex.request(
            "GET", f"/library/sections/{section}/all?type=1&sort=addedAt,id&{arguments}", headers=headers
        )
        answer = plex.getresponse()
        content = answer.read()
        if answer.getheader("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        page = ElementTree.fromstring(content)
        total = int(page.get("totalSize", "0"))
        start += len(page)


def put_all(orders: dict[str, Any]) -> None:
    """Send the same edits as the plugin did, one after another."""
    plex = HTTPConnection("127.0.0.1", orders["plex_port"])
    headers = {"X-Plex-Token": orders["token"]}
    for path in orders["paths"]:
        plex.request("PUT", path, headers=headers)
        plex.getresponse().read()


if __name__ == "__main__":
    main()
