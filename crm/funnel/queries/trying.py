"""Trying a rule set on everybody before it takes effect: who would lose their place by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from crm.core import weeks
from crm.core.db import session
from crm.funnel.models import Activity, Standing
from crm.funnel.queries.among import rows
from crm.funnel.queries.ground import counted_weeks
from crm.funnel.rules import Stage
from crm.funnel.rules.missing import figures
from crm.funnel.rules.sets import Ground, Rules
from crm.funnel.rules.weekbits import history
from crm.people.models import Person

SHOWN = 50


@dataclass(frozen=True)
class Tried:
    """People who stand at active or retained and would stand lower, after warning and grace, if nothing changed."""

    losing: tuple[int, ...]
    standing: int

    def names(self) -> Sequence[tuple[int, str]]:
        """The first of them, to be looked at."""
        found = session().execute(
            select(Person.id, Person.name).where(Person.id.in_(self.losing[:SHOWN])).order_by(Person.name, Person.id)
        )
        return [(row[0], row[1]) for row in found]


def try_rules(rules: Rules, at: datetime) -> Tried:
    """As if the rule set held now."""
    people: dict[int, tuple[Stage, datetime | None]] = {}
    words: dict[int, list[tuple[int, int]]] = {}
    query = (
        select(Standing.person_id, Standing.stage, Standing.active_at, Activity.era, Activity.bits)
        .outerjoin(Activity, Activity.person_id == Standing.person_id)
        .where(Standing.stage.in_((Stage.ACTIVE, Stage.RETAINED)))
    )
    for person_id, stage, active_at, era, bits in rows(query):
        people[person_id] = (stage, active_at)
        if era is not None:
            words.setdefault(person_id, []).append((era, bits))
    base = min((era for found in words.values() for era, _ in found), default=0)
    counted = counted_weeks(at, base * 64)
    over = Ground(counted, [replace(rules, since=0)])
    losing = []
    for person_id, (stage, active_at) in people.items():
        first = weeks.week_of(active_at, counted.zone) if active_at is not None else None
        has = figures(counted.compress(history(words.get(person_id, ()), base), base * 64), first, over)
        if has.for_active if stage is Stage.ACTIVE else (has.for_retained or has.for_tenure):
            losing.append(person_id)
    return Tried(tuple(sorted(losing)), len(people))
