"""Why a letter ended, or a seat was lost, is told in words wherever the program itself names the reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from campaigns.outreach.rules import Stop
from crm.accounts.views.words import REASON_WORDS, WHY_WORDS
from crm.builds.rules.seats import SeatEnd
from crm.outbox.queries.words import REASONS
from crm.outbox.rules import ENDS_THE_LETTER
from crm.people.rules import SuppressionReason

ROOT = Path(__file__).resolve().parents[2]
ENDING = {"move_where": 3, "move_letter": 3, "move_letters": 3, "call_letters_back": 2, "queue_letters_again": 2}
ENDING |= {"cancel_letters": 2, "cancel_letters_to": 2}
"""What ends letters, and at which place it is told why; else by name."""


def _said(path: Path, call: ast.Call, place: int) -> Any:
    """None where the reason is handed on, or said by a mail server."""
    named = [keyword.value for keyword in call.keywords if keyword.arg == "reason"]
    told = named[0] if named else call.args[place] if len(call.args) > place else None
    if isinstance(told, ast.Constant):
        return told.value
    if isinstance(told, ast.Name) and told.id.isupper():
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        return getattr(import_module(module), told.id)
    return None


def reasons() -> Iterator[tuple[str, str]]:
    for path in sorted([*ROOT.glob("crm/**/*.py"), *ROOT.glob("campaigns/**/*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
            if isinstance(node, ast.Call) and name in ENDING and (said := _said(path, node, ENDING[name])):
                yield str(said), f"{path.relative_to(ROOT)}:{node.lineno}"


def test_every_reason_why_a_letter_ended_has_words() -> None:
    found = dict(reasons())
    assert {"rolled_back", "release_held", "forgotten", "finished"} <= found.keys()
    assert {name: where for name, where in found.items() if name not in REASONS} == {}
    assert {*Stop, *ENDS_THE_LETTER} - REASONS.keys() == set()


def test_the_journal_has_words_for_the_reasons_that_the_program_writes_itself() -> None:
    assert set(SuppressionReason) - REASON_WORDS.keys() == set()
    assert set(SeatEnd) - WHY_WORDS.keys() == set()
