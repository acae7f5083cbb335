"""What came of a release: given, ran, reported, blockers, hour by hour; counted live while it is small."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, func, select

from campaigns.releases.models import Release, ReleaseHour
from campaigns.releases.queries.gates import blocking, evidence
from campaigns.releases.rules import FEW, HOUR, Evidence, Gate, ReleaseState, hour_of, mark
from crm.builds.models import BuildAccess, BuildDownload, CheckIn
from crm.builds.queries import ran
from crm.builds.rules import CheckInKind
from crm.core.db import session
from crm.feedback.models import Request
from crm.outbox.models import Letter
from crm.outbox.rules import LetterState
from crm.people.models import Person


@dataclass(frozen=True)
class ReleaseFigures:
    """Letters by state, how many have the build; of the testers, how many downloaded it, ran it, reported on it.

    `counted_at` is None for what was counted just now.
    """

    letters: dict[LetterState, int]
    given: int = 0
    downloaded: int = 0
    ran: int = 0
    reported: int = 0
    blockers: int = 0
    counted_at: datetime | None = None


def letters_by_state(release: Release) -> dict[LetterState, int]:
    """Found through the people who have the build: a letter has no index by its occasion alone."""
    rows = session().execute(
        select(Letter.state, func.count())
        .join(BuildAccess, BuildAccess.person_id == Letter.person_id)
        .where(BuildAccess.build_id == release.build_id, Letter.occasion == mark(release.id))
        .group_by(Letter.state)
    )
    found = dict(rows.all())
    return {state: found[state] for state in LetterState if state in found}


class Counts(NamedTuple):
    """How many have a build, downloaded it, ran it, reported on it; and its blockers."""

    given: int = 0
    downloaded: int = 0
    ran: int = 0
    reported: int = 0
    blockers: int = 0


def count_at(release: Release, at: datetime) -> Counts:
    """As they stood at this moment; staff are left out of all but who have it."""
    build_id = release.build_id
    if build_id is None:
        return Counts()
    given = select(func.count()).where(BuildAccess.build_id == build_id, BuildAccess.granted_at <= at)
    downloads = (
        select(func.count())
        .select_from(BuildDownload)
        .join(Person, and_(Person.id == BuildDownload.person_id, Person.is_staff.is_(False)))
        .where(BuildDownload.build_id == build_id, BuildDownload.first_at <= at)
    )
    testers = select(func.count(CheckIn.person_id.distinct())).join(
        Person, and_(Person.id == CheckIn.person_id, Person.is_staff.is_(False))
    )
    runs = testers.where(ran(build_id), CheckIn.at <= at)
    reports = testers.where(CheckIn.build_id == build_id, CheckIn.kind == CheckInKind.REPORT, CheckIn.at <= at)
    blockers = select(func.count()).select_from(Request).where(blocking(build_id), Request.created_at <= at)
    asked = (query.scalar_subquery() for query in (given, downloads, runs, reports, blockers))
    return Counts(*session().execute(select(*asked)).one())


def is_few(release: Release) -> bool:
    """Whether counting its people takes no time."""
    some = select(BuildAccess.person_id).where(BuildAccess.build_id == release.build_id).limit(FEW + 1).subquery()
    return (session().scalar(select(func.count()).select_from(some)) or 0) <= FEW


def figures(release: Release, at: datetime) -> ReleaseFigures:
    """Counted now while it has few people, else as they were counted last."""
    if release.build_id is None:
        return ReleaseFigures({})
    last = None if is_few(release) else _last(release)
    if last is None:
        return ReleaseFigures(letters_by_state(release), *count_at(release, at))
    letters = {LetterState(state): count for state, count in (last.letters or {}).items()}
    return ReleaseFigures(letters, last.given, last.downloaded, last.ran, last.reported, last.blockers, last.counted_at)


def evidence_for(release: Release, gate: Gate) -> Evidence:
    """What a page tells of the gate: seen now while it has few people, else as it was counted last."""
    last = None if is_few(release) else _last(release)
    if last is None or last.in_time is None or last.crashes is None:
        return evidence(release, gate.hours)
    return Evidence(last.given, last.in_time, last.blockers, last.crashes)


def _last(release: Release) -> ReleaseHour | None:
    rows = select(ReleaseHour).where(ReleaseHour.release_id == release.id).order_by(ReleaseHour.hour_at.desc())
    return session().scalars(rows.limit(1)).first()


def hours_of(release: Release) -> list[ReleaseHour]:
    """Its hours in order."""
    rows = select(ReleaseHour).where(ReleaseHour.release_id == release.id).order_by(ReleaseHour.hour_at)
    return list(session().scalars(rows))


def one_before(release: Release) -> Release | None:
    """The train's release that opened last before this one."""
    earlier = select(Release).where(
        Release.train_id == release.train_id, Release.opens_at < release.opens_at, Release.opened_at.is_not(None)
    )
    return session().scalars(earlier.order_by(Release.opens_at.desc()).limit(1)).first()


def at_the_same_age(before: Release, release: Release, at: datetime) -> ReleaseHour | None:
    """What the one before had come to, as long after it opened as `at` is after this one opened."""
    if before.opened_at is None or release.opened_at is None:
        return None
    then = hour_of(before.opened_at + (at - release.opened_at))
    rows = select(ReleaseHour).where(ReleaseHour.release_id == before.id, ReleaseHour.hour_at <= then)
    return session().scalars(rows.order_by(ReleaseHour.hour_at.desc()).limit(1)).first()


def to_count() -> list[int]:
    """Releases of which people have the build and that are not over."""
    running = (ReleaseState.REHEARSED, ReleaseState.OPENING, ReleaseState.OPEN, ReleaseState.HELD)
    has = Release.build_id.is_not(None)
    return list(session().scalars(select(Release.id).where(Release.state.in_(running), has).order_by(Release.id)))


def hours_between(first: datetime, last: datetime) -> list[datetime]:
    start = hour_of(first)
    return [start + n * HOUR for n in range(int((hour_of(last) - start) / HOUR) + 1)]


def blockers_of(build_id: int, limit: int) -> list[tuple[int, str]]:
    """Blocker reports on a build, the newest first: (number, title)."""
    rows = session().execute(
        select(Request.id, Request.title).where(blocking(build_id)).order_by(Request.id.desc()).limit(limit)
    )
    return [(number, title) for number, title in rows]
