"""What has been seen of a build since people were given it, and what is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from campaigns.releases.models import Release, Train, Wave
from campaigns.releases.rules import DEFAULT_GATE, GIVING, REHEARSING, Evidence, Gate, Lack, ReleaseState, lacks
from crm.builds.models import Build, BuildAccess, CheckIn
from crm.builds.queries import ran
from crm.builds.queries.access import offers
from crm.builds.rules import RAN, CheckInKind
from crm.core.db import is_postgres, session
from crm.core.jobs import Job, JobState
from crm.feedback.models import Request
from crm.feedback.rules import RequestState, Severity


def blocking(build_id: int) -> ColumnElement[bool]:
    """A WHERE over requests: blocker reports on this build that we have not turned down."""
    return and_(
        Request.build_id == build_id,
        Request.severity == Severity.BLOCKER,
        Request.state != RequestState.DECLINED,
        Request.merged_into_id.is_(None),
    )


def _in_time(hours: int) -> ColumnElement[bool]:
    """A check-in so long after the build was given. A sign of before counts too: it ran."""
    if is_postgres():
        return CheckIn.at <= BuildAccess.granted_at + func.make_interval(0, 0, 0, 0, hours)
    return func.julianday(CheckIn.at) <= func.julianday(BuildAccess.granted_at) + hours / 24


def evidence(release: Release, hours: int) -> Evidence:
    """Of all who have been given its build, by this release or before it; a run counts within so many hours of it."""
    build_id = release.build_id
    if build_id is None:
        return Evidence()
    has_it = BuildAccess.build_id == build_id
    given = select(func.count()).select_from(BuildAccess).where(has_it).scalar_subquery()
    runs = (
        select(func.count(CheckIn.person_id.distinct()))
        .join(BuildAccess, and_(has_it, BuildAccess.person_id == CheckIn.person_id))
        .where(ran(build_id), _in_time(hours))
    ).scalar_subquery()
    blockers = select(func.count()).select_from(Request).where(blocking(build_id)).scalar_subquery()
    crashes = (
        select(func.count()).where(CheckIn.build_id == build_id, CheckIn.kind == CheckInKind.CRASH).scalar_subquery()
    )
    return Evidence(*session().execute(select(given, runs, blockers, crashes)).one())


def first_gate() -> Gate:
    """What a new train is offered. While no device has told of a run at all, a share of runs would wait for ever."""
    heard = session().scalar(select(CheckIn.id).where(CheckIn.kind.in_(RAN)).limit(1)) is not None
    return DEFAULT_GATE if heard else replace(DEFAULT_GATE, ran_percent=None)


def waits_for(release: Release, wave: Wave, gate: Gate) -> list[Lack]:
    """Why this wave may not open now, though all before it are done; nothing when it may."""
    if wave.position == 0 or wave.overruled_at is not None or gate.is_open:
        return []
    return lacks(gate, evidence(release, gate.hours))


def stopped_build(at: datetime) -> ColumnElement[bool]:
    """A WHERE over releases: nobody can get the build."""
    return ~exists().where(_has_build(at))


def is_offered(release: Release, at: datetime) -> bool:
    """Whether people can get its build now: it is not on hold, withdrawn, or at its end."""
    return session().scalar(select(Build.id).where(Build.id == release.build_id, *offers(at))) is not None


def may_open(release: Release, wave: Wave, waves: list[Wave], at: datetime) -> bool:
    """Whether its turn has come: people can get its build, all before it are done, the release is giving, and its gate
    lets it go.
    """
    if not is_offered(release, at):
        return False
    if wave.opened_at is not None:
        return release.state in GIVING
    if any(before.done_at is None for before in waves if before.position < wave.position):
        return False
    if release.state is ReleaseState.REHEARSED and wave.kind in REHEARSING:
        return True
    if release.state is not ReleaseState.OPENING:
        return False
    gate = session().get_one(Train, release.train_id).gate
    return not waits_for(release, wave, gate)


def next_wave(waves: list[Wave]) -> Wave | None:
    """The first that is not through."""
    return next((wave for wave in waves if wave.done_at is None), None)


def _has_build(at: datetime) -> ColumnElement[bool]:
    """One that people can get."""
    return and_(Build.id == Release.build_id, *offers(at))


def _passed() -> ColumnElement[bool]:
    """Releases that have passed what comes before the opening."""
    let_go = or_(Train.goes_itself, Release.go_at.is_not(None))
    return or_(
        and_(Release.state == ReleaseState.PLANNED, Train.freeze_hours.is_(None)),
        and_(Release.state == ReleaseState.FROZEN, Train.rehearsal_hours.is_(None), let_go),
        and_(Release.state == ReleaseState.REHEARSED, let_go),
    )


def due(at: datetime) -> list[int]:
    """Releases with a build whose time to open has come, however long ago, and which have passed what comes before."""
    query = (
        select(Release.id)
        .join(Train, Train.id == Release.train_id)
        .join(Build, _has_build(at))
        .where(_passed(), Release.opens_at <= at)
        .order_by(Release.opens_at, Release.id)
    )
    return list(session().scalars(query))


def stranded(at: datetime) -> list[int]:
    """Releases that are due but have no build to leave with: none was chosen, or nobody can get it."""
    query = (
        select(Release.id)
        .join(Train, Train.id == Release.train_id)
        .outerjoin(Build, _has_build(at))
        .where(_passed(), Release.opens_at <= at, Build.id.is_(None))
        .order_by(Release.opens_at, Release.id)
    )
    return list(session().scalars(query))


def _early(state: ReleaseState, at: datetime, hours: str) -> list[int]:
    """Releases in this state whose train does something so many hours before it leaves, for which the time has come."""
    query = (
        select(Release.id, Release.opens_at, getattr(Train, hours))
        .join(Train, Train.id == Release.train_id)
        .where(Release.state == state, getattr(Train, hours).is_not(None))
        .order_by(Release.opens_at, Release.id)
    )
    return [number for number, opens_at, ahead in session().execute(query) if opens_at - timedelta(hours=ahead) <= at]


def to_freeze(at: datetime) -> list[int]:
    return _early(ReleaseState.PLANNED, at, "freeze_hours")


def to_rehearse(at: datetime) -> list[int]:
    return _early(ReleaseState.FROZEN, at, "rehearsal_hours")


def resting() -> list[int]:
    """Releases that are giving their build while no job works for them: the next wave may wait at its gate.

    One whose job has failed waits for a person.
    """
    query = (
        select(Release.id)
        .outerjoin(Job, Job.id == Release.job_id)
        .where(
            Release.state.in_(GIVING),
            or_(Job.id.is_(None), Job.state == JobState.DONE),
        )
        .order_by(Release.opens_at, Release.id)
    )
    return list(session().scalars(query))


def running_late() -> list[int]:
    """Releases that somebody who comes now may still enter."""
    running = Release.state.in_((ReleaseState.REHEARSED, ReleaseState.OPENING, ReleaseState.OPEN))
    return list(session().scalars(select(Release.id).where(running).order_by(Release.id)))
