"""Cells of tables that we give away."""

from __future__ import annotations

from typing import Any


def harmless(value: Any) -> str:
    """The text of a cell that no spreadsheet takes for a formula, whoever wrote it."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@")) or text.startswith(("\t", "\r")) else text
