"""What staff do is told in the journal in words, in both languages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from crm.accounts.views.words import DEEDS

ROOT = Path(__file__).resolve().parents[2]


def recorded() -> Iterator[tuple[str, str]]:
    """The names that are written out where the journal is told of a deed, and where that stands."""
    for path in sorted([*ROOT.glob("crm/**/*.py"), *ROOT.glob("campaigns/**/*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "journal.record":
                for part in ast.walk(node.args[0]):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str) and not part.value.endswith("."):
                        yield part.value, f"{path.relative_to(ROOT)}:{node.lineno}"


def test_every_deed_has_words() -> None:
    found = dict(recorded())
    assert len(found) > 60
    assert {name: where for name, where in found.items() if name not in DEEDS and not name.startswith("_")} == {}
