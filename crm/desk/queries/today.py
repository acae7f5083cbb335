"""What Home asks across rooms: the four figures with this week's change, and whether the first steps are done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select

from crm.builds.models import Build
from crm.core.db import session
from crm.core.programme import Programme
from crm.core.weeks import starts_at, week_of
from crm.funnel.models import Standing
from crm.funnel.rules import LADDER, Stage
from crm.groups.models import Group
from crm.outbox.models import Contact
from crm.people.models import Person
from crm.people.queries import listed


@dataclass(frozen=True)
class Ladder:
    """One of the four figures: people who ever reached the stage, and how many of them since Monday."""

    stage: Stage
    count: int
    new: int


@dataclass(frozen=True)
class FirstSteps:
    """Which of the first steps are done."""

    people: bool
    written: bool
    group: bool
    build: bool

    @property
    def all_done(self) -> bool:
        return self.people and self.written and self.group and self.build


REACHED_AT = (Standing.contacted_at, Standing.joined_at, Standing.active_at, Standing.retained_at)


def _new_at(step: int, since: datetime) -> ColumnElement[bool]:
    """Reached this step of the ladder (from 0) since then, and neither it nor a later one before."""
    dates = REACHED_AT[step:]
    earlier = or_(*(and_(date.is_not(None), date < since) for date in dates))
    return and_(Standing.reached > step, or_(*(date >= since for date in dates)), ~earlier)


def ladder(found: Programme, at: datetime) -> list[Ladder]:
    """Contacted, joined, active, retained, as the funnel counts them: staff are left out there already."""
    monday = starts_at(week_of(at, found.tz), found.tz)
    columns = []
    for step in range(len(LADDER)):
        columns.append(func.coalesce(func.sum(case((Standing.reached > step, 1), else_=0)), 0))
        columns.append(func.coalesce(func.sum(case((_new_at(step, monday), 1), else_=0)), 0))
    counts = session().execute(select(*columns)).one()
    return [Ladder(stage, counts[2 * step], counts[2 * step + 1]) for step, stage in enumerate(LADDER)]


def first_steps() -> FirstSteps:
    asked = select(
        exists().where(listed(), Person.is_staff.is_(False)),
        exists().where(Contact.first_sent_at.is_not(None)),
        exists().select_from(Group),
        exists().select_from(Build),
    )
    return FirstSteps(*(bool(answer) for answer in session().execute(asked).one()))
