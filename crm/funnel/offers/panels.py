"""Where somebody stands, why, and what is missing: on the page of a person for staff, on their own for a tester."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crm.funnel.offers.sentences import reason_of, title_of
from crm.funnel.queries.explaining import Explained, explain
from crm.funnel.rules import Stage

DONE = (Stage.DECLINED,)


def _context(person_id: int, at: datetime) -> dict[str, Any] | None:
    found = explain(person_id, at)
    if found is None:
        return None
    return {
        "standing": found.standing,
        "title": title_of(found.last) if found.last else "",
        "why": reason_of(found.last) if found.last else "",
        "figures": found.figures,
        "rules": found.figures.rules,
        "counts": _counts(found),
    }


def _counts(found: Explained) -> bool:
    """Whether the rules of activity say anything about them yet."""
    return found.standing.stage not in DONE


def person_panel(person_id: int, at: datetime) -> dict[str, Any] | None:
    return _context(person_id, at)


def tester_panel(person_id: int, at: datetime) -> dict[str, Any] | None:
    return _context(person_id, at)
