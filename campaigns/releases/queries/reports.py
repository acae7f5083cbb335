"""Weekly reports: one's own, those of a release, who has not answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from campaigns.releases.models import Release, ReportReminder, Train, WeeklyReport
from campaigns.releases.rules.reports import MARKS, reminder_at, report_ends_at
from crm.accounts.queries import testers
from crm.builds.models import Build, BuildAccess, CheckIn
from crm.builds.queries import figures_of, ran
from crm.builds.queries.access import offers
from crm.core.db import session
from crm.core.paging import Page, SortKey, page
from crm.people.models import Person

LOOKED_BACK = timedelta(days=9)
"""No report is open for longer after its opening."""


@dataclass(frozen=True)
class ReportFigures:
    """How many gave each mark, how many answered, and how many testers ran the build."""

    marks: dict[int, int]
    answered: int
    ran: int

    @property
    def mean(self) -> float | None:
        return sum(mark * count for mark, count in self.marks.items()) / self.answered if self.answered else None


def ends_at(release: Release) -> datetime | None:
    """None before it has opened; and of a daily train's release, on which no weekly report is asked for."""
    if release.opened_at is None or release.day:
        return None
    zone = release.zone or session().get_one(Train, release.train_id).zone
    return report_ends_at(release.opened_at, zone)


def report_of(release_id: int, person_id: int) -> WeeklyReport | None:
    found = select(WeeklyReport).where(WeeklyReport.release_id == release_id, WeeklyReport.person_id == person_id)
    return session().scalar(found)


def open_for(person_id: int, at: datetime) -> Release | None:
    """The newest release whose build the person is offered now, and whose report is open; of a build that was taken
    back, or is on hold, nobody is asked."""
    query = (
        select(Release)
        .join(BuildAccess, BuildAccess.build_id == Release.build_id)
        .join(Build, Build.id == Release.build_id)
        .where(BuildAccess.person_id == person_id, Release.opened_at > at - LOOKED_BACK, Release.opened_at <= at)
        .where(*offers(at), Release.day == 0)
        .order_by(Release.opened_at.desc(), Release.id.desc())
        .limit(1)
    )
    release = session().scalar(query)
    end = ends_at(release) if release is not None else None
    return release if end is not None and at < end else None


def report_figures(release: Release, at: datetime) -> ReportFigures:
    rows = session().execute(
        select(WeeklyReport.mark, func.count()).where(WeeklyReport.release_id == release.id).group_by(WeeklyReport.mark)
    )
    found = dict(rows.all())
    marks = {mark: found.get(mark, 0) for mark in MARKS}
    runners = figures_of(release.build_id, at).ran if release.build_id is not None else 0
    return ReportFigures(marks, sum(marks.values()), runners)


def reports_page(release_id: int, after: str | None, before: str | None) -> Page:
    """The newest first: person, name, mark, the three lines."""
    query = (
        select(
            WeeklyReport.id,
            WeeklyReport.person_id,
            Person.name,
            WeeklyReport.mark,
            WeeklyReport.works,
            WeeklyReport.broken,
            WeeklyReport.wanted,
        )
        .join(Person, Person.id == WeeklyReport.person_id)
        .where(WeeklyReport.release_id == release_id)
    )
    return page(query, [SortKey(WeeklyReport.id, descending=True)], after=after, before=before)


def all_reports(release_id: int) -> list[Any]:
    """Person, mark, the three lines, when; in the order in which they were written."""
    query = select(
        WeeklyReport.person_id,
        WeeklyReport.mark,
        WeeklyReport.works,
        WeeklyReport.broken,
        WeeklyReport.wanted,
        WeeklyReport.written_at,
    )
    return list(session().execute(query.where(WeeklyReport.release_id == release_id).order_by(WeeklyReport.id)))


def to_remind(at: datetime) -> list[int]:
    """Releases whose reminder is due and not written, however late, as long as their report is open."""
    query = (
        select(Release.id, Release.opened_at, func.coalesce(Release.zone, Train.zone))
        .join(Train, Train.id == Release.train_id)
        .outerjoin(ReportReminder, ReportReminder.release_id == Release.id)
        .where(ReportReminder.release_id.is_(None), Release.opened_at > at - LOOKED_BACK, Release.opened_at <= at)
        .where(Release.day == 0)
        .order_by(Release.id)
    )
    return [
        number
        for number, opened_at, zone in session().execute(query)
        if opened_at is not None and reminder_at(opened_at, zone) <= at < report_ends_at(opened_at, zone)
    ]


def silent(release: Release) -> list[int]:
    """Testers who ran the release's build and have not answered."""
    if release.build_id is None:
        return []
    answered = select(WeeklyReport.person_id).where(WeeklyReport.release_id == release.id)
    runners = select(CheckIn.person_id).where(ran(release.build_id))
    query = select(Person.id).where(Person.id.in_(testers()), Person.id.in_(runners), Person.id.not_in(answered))
    return list(session().scalars(query.order_by(Person.id)))
