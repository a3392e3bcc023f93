"""Every number in a line of the log is told in one way, however large a collection is."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import pytest

from reconciliation import preview_summary as preview
from reconciliation import summary as reconcile
from reconciliation.result import GapDetectionResult
from sync_queue import status, undo
from sync_queue import summary as drain
from sync_queue.claims import DrainSummary, Outcome
from tests.import_graph import files_of, nodes_of
from tests.servers.world import MODULES, PACKAGES

MANY = 1234567
BARE = re.compile(r"\d{4}")


def with_many(made: Any) -> Any:
    """The same with many of whatever it counts."""
    for field in fields(made):
        if type(getattr(made, field.name)) is int:
            setattr(made, field.name, MANY)
    return made


def a_reconcile() -> list[str]:
    result = with_many(GapDetectionResult())
    return reconcile.advice_lines(result)


def a_reconcile_with_nothing_new() -> list[str]:
    result = GapDetectionResult(scenes_checked=1, skipped_already_queued=MANY)
    return reconcile.advice_lines(result)


def a_drain() -> list[str]:
    summary = DrainSummary(outcomes=dict.fromkeys(Outcome, MANY), left=MANY)
    told = [drain.nothing_due_line(MANY), drain.caught_up_line(MANY, MANY)]
    return [*drain.summary_lines(summary), *drain.automatic_lines(summary), *told]


def a_queue() -> list[str]:
    return [status.retried_line(MANY), *status.cleared_lines(MANY, MANY)]


def a_preview() -> list[str]:
    return preview.summary_lines(with_many(preview.PreviewResult()))


def an_undo() -> list[str]:
    return undo.summary_lines(with_many(undo.UndoSummary()), version="1.43")


@pytest.mark.parametrize(
    "lines", [a_reconcile, a_reconcile_with_nothing_new, a_drain, a_queue, a_preview, an_undo]
)
def test_large_numbers_have_their_thousands_set_apart(lines: Any) -> None:
    told: Sequence[str] = lines()
    assert any("1,234,567" in line for line in told)
    assert [line for line in told if BARE.search(line)] == []


def test_who_reads_the_summary_of_a_reconcile_by_a_script_finds_digits_alone() -> None:
    lines = reconcile.summary_lines(with_many(GapDetectionResult()), is_queued=True)
    assert [line for line in lines if not re.fullmatch(r"=== .* ===|[^\d]*: 1234567", line)] == []
    assert len(lines) == 8


def test_no_module_sets_thousands_apart_by_itself() -> None:
    by_itself = [
        f"{path.parent.name}/{path.name}:{node.lineno}"
        for name in (*MODULES, *PACKAGES)
        for path in files_of(name)
        if path.name != "amounts.py"
        for node in nodes_of(path)
        if isinstance(node, ast.FormattedValue)
        and isinstance(node.format_spec, ast.JoinedStr)
        and ast.unparse(node.format_spec) == "f','"
    ]
    assert by_itself == []
