"""A person's moves as lines of their timeline."""

from __future__ import annotations

from datetime import datetime

from crm.core.offers import Event
from crm.funnel.offers.sentences import reason_of, title_of
from crm.funnel.queries.standings import moves_of


def timeline(person_id: int, before: datetime | None, limit: int) -> list[Event]:
    return [
        Event(move.at, f"stage_{move.to_stage}", title_of(move), reason_of(move))
        for move in moves_of(person_id, before, limit)
    ]
