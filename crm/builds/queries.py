"""Builds, their notes, who may have them and who ran them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import and_, func, or_, select

from crm.accounts.queries import is_tester
from crm.builds.models import Build, BuildAccess, BuildNote, CheckIn
from crm.builds.rules import RAN
from crm.core.db import session
from crm.core.errors import NotAllowed, NotThere
from crm.core.paging import Page, SortKey, page
from crm.core.tokens import read, sign
from crm.core.weeks import week_of
from crm.people.models import Person

LINK = "build"
MOST_MERGES = 10


@dataclass(frozen=True)
class BuildFigures:
    """How many may have a build, how many of them ran it, when it was last heard of."""

    access: int
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


def build_or_404(build_id: int) -> Build:
    found = session().get(Build, build_id)
    if found is None:
        raise NotThere(_("There is no such build."))
    return found


def builds_page(after: str | None, before: str | None) -> Page:
    """All builds, the newest first, with how many may have each."""
    access = (
        select(func.count()).select_from(BuildAccess).where(BuildAccess.build_id == Build.id).correlate(Build)
    ).scalar_subquery()
    query = select(
        Build.id,
        Build.platform,
        Build.version,
        Build.registered_at,
        Build.size,
        Build.withdrawn_at,
        access.label("access"),
    )
    keys = [SortKey(Build.registered_at, descending=True), SortKey(Build.id, descending=True)]
    return page(query, keys, after=after, before=before)


def newest_builds(limit: int = 200, platform: str | None = None) -> list[Build]:
    """Those that can be chosen: not withdrawn, the newest first."""
    query = select(Build).where(Build.withdrawn_at.is_(None)).order_by(Build.registered_at.desc(), Build.id.desc())
    if platform is not None:
        query = query.where(Build.platform == platform)
    return list(session().scalars(query.limit(limit)))


def notes_of(build_id: int) -> dict[str, str]:
    """What is new, by language."""
    rows = session().execute(select(BuildNote.language, BuildNote.body).where(BuildNote.build_id == build_id))
    return dict(rows.all())


def notes_in(notes: dict[str, str], language: str, languages: Sequence[str]) -> str:
    """In this language, else in the first of the programme's that has any, else whatever there is."""
    return next((notes[code] for code in (language, *languages, *sorted(notes)) if code in notes), "")


def ran(build_id: int) -> Any:
    """A WHERE over check-ins: signs that this build ran. Reports are no proof of it."""
    return and_(CheckIn.build_id == build_id, CheckIn.kind.in_(RAN))


def figures_of(build_id: int) -> BuildFigures:
    """Staff are left out of who ran it."""
    access = session().scalar(select(func.count()).where(BuildAccess.build_id == build_id)) or 0
    people, last_at = (
        session()
        .execute(
            select(func.count(CheckIn.person_id.distinct()), func.max(CheckIn.at))
            .join(Person, Person.id == CheckIn.person_id)
            .where(ran(build_id), Person.is_staff.is_(False))
        )
        .one()
    )
    return BuildFigures(access, people, last_at)


def standing_person(person_id: int) -> int:
    """Who stands for this person after merges."""
    for _step in range(MOST_MERGES):
        into = session().scalar(select(Person.merged_into_id).where(Person.id == person_id))
        if into is None:
            break
        person_id = into
    return person_id


def may_have(build_id: int, person_id: int) -> bool:
    """Who was given access and is a tester or staff still."""
    if session().get(BuildAccess, (build_id, person_id)) is None:
        return False
    return is_tester(person_id) or bool(session().scalar(select(Person.is_staff).where(Person.id == person_id)))


def builds_of(person_id: int, limit: int) -> list[tuple[Build, datetime]]:
    """Builds that a person may have and since when, the newest first."""
    rows = session().execute(
        select(Build, BuildAccess.granted_at)
        .join(BuildAccess, BuildAccess.build_id == Build.id)
        .where(BuildAccess.person_id == person_id, Build.withdrawn_at.is_(None))
        .order_by(BuildAccess.granted_at.desc(), Build.id.desc())
        .limit(limit)
    )
    return [(build, at) for build, at in rows]


def has_run(build_id: int, person_id: int) -> bool:
    found = select(CheckIn.id).where(ran(build_id), CheckIn.person_id == person_id).limit(1)
    return session().scalar(found) is not None


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


def download_token(build_id: int, person_id: int) -> str:
    """What stands behind /b/ in a person's own link to a build."""
    return sign(LINK, [build_id, person_id])


def read_download_token(token: str) -> tuple[int, int]:
    """Build and person. Raises NotAllowed for a token that we have not made."""
    found = read(LINK, token)
    if not (isinstance(found, list) and len(found) == 2):
        raise NotAllowed(_("This link is not valid: copy it whole, or ask for a new one."))
    return int(found[0]), int(found[1])
