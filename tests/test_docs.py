"""What the documentation promises to name and to link is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.servers.stash.plugins import load_plugin
from tests.servers.world import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        other = (page.parent / name).resolve() if name else page
        assert other.exists(), target
        assert not anchor or anchor in anchors(other), target


def test_the_readme_names_every_task_that_stash_shows_and_no_other() -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Tasks")[1].split("\n## ")[0]
    told = re.findall(r"^\| \*\*(.+?)\*\* \|", section, re.MULTILINE)
    assert told == [task.name for task in load_plugin(ROOT / "Stash2Plex.yml").tasks]


def test_every_file_that_a_workflow_or_the_makefile_runs_is_there() -> None:
    workflows = [ROOT / "Makefile", *(ROOT / ".github" / "workflows").iterdir()]
    named = [name for page in workflows for name in re.findall(r"\b(?:tests|\.ci)/[\w./]+", page.read_text())]
    assert "tests/sync_queue/test_manager.py" in named
    assert [name for name in named if not (ROOT / name).exists()] == []
