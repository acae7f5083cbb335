"""Why one person stands where they stand, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from crm.core import weeks
from crm.core.db import session
from crm.funnel.models import Activity, Move, Standing
from crm.funnel.queries.ground import counted_weeks, ground
from crm.funnel.rules.missing import Figures, figures
from crm.funnel.rules.weekbits import history


@dataclass(frozen=True)
class Explained:
    standing: Standing
    last: Move | None
    figures: Figures


def explain(person_id: int, at: datetime) -> Explained | None:
    """None for whom there is nothing to explain: a prospect."""
    standing = session().get(Standing, person_id)
    if standing is None:
        return None
    last = session().scalar(
        select(Move)
        .where(Move.person_id == person_id, Move.superseded_at.is_(None))
        .order_by(Move.at.desc(), Move.id.desc())
        .limit(1)
    )
    words = [
        (era, bits)
        for era, bits in session().execute(select(Activity.era, Activity.bits).where(Activity.person_id == person_id))
    ]
    base = min((era for era, _ in words), default=0)
    counted = counted_weeks(at, base * 64 if words else None)
    seen = counted.compress(history(words, base), base * 64) if words else 0
    first = weeks.week_of(standing.active_at, counted.zone) if standing.active_at is not None else None
    return Explained(standing, last, figures(seen, first, ground(counted)))
