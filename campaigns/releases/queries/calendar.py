"""The weeks of trains, past and coming: what left, what is to leave, which weeks are left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from campaigns.releases.models import Release, Train
from campaigns.releases.queries.releases import holidays_of, planned_weeks, trains
from campaigns.releases.rules import leaves_on, opens_at
from crm.builds.models import Build
from crm.core.db import session
from crm.core.tokens import read, sign
from crm.core.weeks import friday, monday

LINK = "releases.calendar"


@dataclass(frozen=True)
class CalendarWeek:
    """One week of one train; `release` is None while nothing is planned, `skipped` says why it stays so."""

    train: Train
    week: int
    friday: date
    opens_at: datetime
    release: Release | None
    skipped: str | None
    version: str | None


def weeks_of_trains(first: int, last: int) -> list[CalendarWeek]:
    """Of every running train, week by week."""
    running = [train for train in trains() if train.active]
    ids = [train.id for train in running]
    known, free = planned_weeks(ids, first, last), holidays_of(ids)
    versions = _versions({release.build_id for release in known.values() if release.build_id is not None})
    found = []
    for week in range(first, last + 1):
        for train in running:
            release = known.get((train.id, week))
            at = release.opens_at if release else opens_at(monday(week), train.weekday, train.local_time, train.zone)
            skipped = free.get((train.id, leaves_on(monday(week), train.weekday)))
            version = versions.get(release.build_id) if release and release.build_id else None
            found.append(CalendarWeek(train, week, friday(week), at, release, skipped, version))
    return found


def _versions(ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    return dict(session().execute(select(Build.id, Build.version).where(Build.id.in_(ids))).all())


def calendar_token(person_id: int) -> str:
    """What stands in the address that a member of staff gives to their calendar."""
    return sign(LINK, person_id)


def read_calendar_token(token: str) -> int:
    """The person. Raises NotAllowed for a token that we have not made."""
    return int(read(LINK, token))
