"""The repository's own source as the house tests read it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("crm", "campaigns", "boot_screen")


def modules(*packages: str) -> list[Path]:
    """Python files of these packages, sorted; of the whole product without arguments."""
    return sorted(path for name in packages or PRODUCT for path in (ROOT / name).rglob("*.py"))


def rooms() -> list[str]:
    """`crm/people` and the like: every folder of crm and campaigns that is a Python package."""
    found = (path.parent for package in ("crm", "campaigns") for path in (ROOT / package).glob("*/__init__.py"))
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def calls(path: Path) -> Iterator[tuple[str, int]]:
    """The dotted name of everything that is called in a file, with its line: ("session.commit", 12)."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
        if isinstance(node, ast.Call):
            yield dotted(node.func), node.lineno


def dotted(node: ast.expr) -> str:
    """`db.session().commit` for that expression; `?` stands for what has no name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return f"{dotted(node.func)}()"
    return "?"


def place(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT).as_posix()}:{line}"
