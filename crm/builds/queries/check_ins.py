"""Who ran which build, when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select

from crm.builds.models import BuildAccess, BuildDownload, CheckIn
from crm.builds.rules import RAN
from crm.core.db import session
from crm.core.weeks import week_of
from crm.people.models import Person


@dataclass(frozen=True)
class BuildFigures:
    """How many may have a build, began to download it, ran it; when it was last heard of."""

    access: int
    downloaded: int
    ran: int
    last_at: datetime | None


@dataclass(frozen=True)
class Run:
    """One build in one week on one person's devices; `version` as the device named it."""

    week: int
    version: str
    first_at: datetime
    last_at: datetime
    count: int


def ran(build_id: int) -> Any:
    """A WHERE over check-ins: signs that this build ran. Reports are no proof of it."""
    return and_(CheckIn.build_id == build_id, CheckIn.kind.in_(RAN))


def figures_of(build_id: int, at: datetime) -> BuildFigures:
    """As of a moment. Staff are left out of who downloaded it and who ran it."""
    access = session().scalar(select(func.count()).where(BuildAccess.build_id == build_id)) or 0
    testers = Person.is_staff.is_(False)
    downloads = select(func.count()).select_from(BuildDownload).join(Person, Person.id == BuildDownload.person_id)
    downloaded = session().scalar(downloads.where(BuildDownload.build_id == build_id, testers)) or 0
    people, last_at = (
        session()
        .execute(
            select(func.count(CheckIn.person_id.distinct()), func.max(CheckIn.at))
            .join(Person, Person.id == CheckIn.person_id)
            .where(ran(build_id), CheckIn.at <= at, testers)
        )
        .one()
    )
    return BuildFigures(access, downloaded, people, last_at)


def has_run(build_id: int, person_id: int) -> bool:
    found = select(CheckIn.id).where(ran(build_id), CheckIn.person_id == person_id).limit(1)
    return session().scalar(found) is not None


def has_downloaded(build_id: int, person_id: int) -> bool:
    return session().get(BuildDownload, (build_id, person_id)) is not None


def runs_of(person_id: int, zone: ZoneInfo, before: datetime | None, limit: int) -> list[Run]:
    """A person's check-ins by week and version, the newest first; `before` is the first moment of an earlier Run."""
    after_id: tuple[datetime, int] | None = None
    runs: dict[tuple[int, str], Run] = {}
    while len(runs) <= limit:
        query = select(CheckIn.at, CheckIn.id, CheckIn.version).where(CheckIn.person_id == person_id)
        if before is not None:
            query = query.where(CheckIn.at < before)
        if after_id is not None:
            at, number = after_id
            query = query.where(or_(CheckIn.at < at, and_(CheckIn.at == at, CheckIn.id < number)))
        rows = session().execute(query.order_by(CheckIn.at.desc(), CheckIn.id.desc()).limit(500)).all()
        for at, number, version in rows:
            key = (week_of(at, zone), version)
            known = runs.get(key)
            last = known.last_at if known else at
            runs[key] = Run(key[0], version, at, last, known.count + 1 if known else 1)
            after_id = (at, number)
        if len(rows) < 500:
            break
    return sorted(runs.values(), key=lambda run: run.first_at, reverse=True)[:limit]
