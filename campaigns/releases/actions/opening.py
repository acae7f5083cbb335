"""Opening a release: access and one letter for each person of each wave, in pieces that may be repeated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update

from campaigns.releases.actions.freezing import build_to_open, fix_its_build, fix_words, freeze_release, lay_waves
from campaigns.releases.actions.letters import plan_release_letters
from campaigns.releases.actions.moves import move, reason
from campaigns.releases.models import Release, Train, Wave
from campaigns.releases.queries import (
    evidence,
    is_offered,
    late,
    may_open,
    next_wave,
    people_in,
    release_or_404,
    sizes,
    wave_or_404,
    waves_of,
)
from campaigns.releases.rules import GIVEN, GIVING, REHEARSING, ReleaseState, mark
from crm.builds.actions import grant_access, mark_open_week
from crm.builds.actions.seats import with_seats
from crm.builds.models import Build
from crm.core import journal, programme
from crm.core.db import session
from crm.core.errors import MoveRefused
from crm.core.jobs import Job, JobState, enqueue
from crm.core.weeks import week_of
from crm.people.models import Person

CHUNK = 1000
JOB = "releases.open"


def rehearse(release_id: int, at: datetime, by_id: int | None = None) -> Release:
    """Staff and the core get the frozen build, before its time."""
    build_to_open(release_or_404(release_id), at)
    release = move(release_id, ReleaseState.REHEARSED, at=at, rehearsed_at=at)
    fix_its_build(release, at)
    go_on_giving(release, at, by_id)
    return release


def begin_opening(release_id: int, at: datetime) -> Release:
    """From planned, frozen or rehearsed to opening; the week counts as released, unless it is for staff or core alone.

    What was not frozen before is settled now. Raises MoveRefused when there is nothing to open.
    """
    release = release_or_404(release_id)
    build_to_open(release, at)
    planned = release.state is ReleaseState.PLANNED
    if planned and session().get_one(Train, release.train_id).freeze_hours is not None:
        freeze_release(release_id, at)
        planned = False
    opening = move(release_id, ReleaseState.OPENING, at=at, opened_at=at)
    if planned:
        lay_waves(opening)
        fix_words(opening, at)
    else:
        fix_its_build(opening, at)
    if any(wave.kind not in REHEARSING for wave in waves_of(opening)):
        mark_open_week(week_of(at, programme.required().tz), at)
    return opening


def start_opening(release_id: int, at: datetime, by_id: int | None = None) -> None:
    """The same, and the job that does the rest."""
    go_on_giving(begin_opening(release_id, at), at, by_id)


def _giving(release_id: int) -> Release | None:
    """The release, kept from being put on hold until this piece is committed; None when it is on hold or over."""
    query = select(Release).where(Release.id == release_id, Release.state.in_(GIVING)).with_for_update()
    return session().scalar(query.execution_options(populate_existing=True))


def _next_people(
    release: Release, wave: Wave, waves: list[Wave], after: int, at: datetime, limit: int
) -> Sequence[int]:
    wanted = people_in(release, wave, waves, at).where(Person.id > after).order_by(Person.id).limit(limit)
    return session().scalars(wanted).all()


def _give(release: Release, wave: Wave, people: Sequence[int], at: datetime) -> None:
    assert release.build_id is not None
    people = with_seats(session().get_one(Build, release.build_id).platform, people, at)
    grant_access(release.build_id, people, at=at, granted_by=mark(release.id))
    plan_release_letters(release, people, at, wave.notify)


def open_chunk(release_id: int, cursor: dict[str, Any], at: datetime, limit: int = CHUNK) -> tuple[dict[str, Any], int]:
    """Access and letters for the next people of the running wave: (where to go on, how many people it were).

    The cursor is empty at the start, and again when no wave may go on: all are through, the next one waits, or the
    release or its build is on hold. Doing a piece twice changes nothing.
    """
    release = _giving(release_id)
    if release is None:
        return {}, 0
    waves = waves_of(release)
    wave = next_wave(waves)
    if wave is None or not may_open(release, wave, waves, at):
        return {}, 0
    if wave.opened_at is None:
        wave.opened_at = at
        journal.record(
            "open_wave", f"release:{release_id}", at=at, after={"wave": wave.position + 1, "kind": wave.kind}
        )
    after = int(cursor["after"]) if cursor.get("wave") == wave.position else 0
    people = _next_people(release, wave, waves, after, at, limit)
    if people:
        _give(release, wave, people, at)
        session().flush()
        return {"wave": wave.position, "after": people[-1]}, len(people)
    wave.done_at = at
    session().flush()
    following = next_wave(waves)
    if following is None or not may_open(release, following, waves, at):
        return {}, 0
    return {"wave": following.position, "after": 0}, 0


def finish_opening(release_id: int, at: datetime) -> bool:
    """From opening to open when every wave is through; False while one waits, or the release is on hold."""
    release = _giving(release_id)
    if release is None or release.state is not ReleaseState.OPENING or next_wave(waves_of(release)) is not None:
        return False
    move(release_id, ReleaseState.OPEN, at=at)
    return True


def open_release(release_id: int, at: datetime) -> int:
    """As far as it may open, in this transaction; returns how many people got the build. The schedule uses a job."""
    begin_opening(release_id, at)
    cursor, people = open_chunk(release_id, {}, at)
    while cursor:
        cursor, more = open_chunk(release_id, cursor, at)
        people += more
    finish_opening(release_id, at)
    return people


def go_on_opening(release_id: int, at: datetime, by_id: int | None = None) -> None:
    """A new job for an opening whose own job has failed or was cancelled. What is done already is not repeated."""
    release = release_or_404(release_id)
    job = session().get(Job, release.job_id) if release.job_id is not None else None
    stuck = job is None or job.state in (JobState.FAILED, JobState.CANCELLED)
    if release.state not in GIVING or not stuck:
        raise MoveRefused(_("This opening needs no help: look at it again."))
    go_on_giving(release, at, by_id)


def go_on_giving(release: Release, at: datetime, by_id: int | None = None) -> bool:
    """A job for the waves that may open now, unless one is at work already or none may. True when there is one now."""
    job = session().get(Job, release.job_id, populate_existing=True) if release.job_id is not None else None
    waves = waves_of(release)
    wave = next_wave(waves)
    if (job is not None and job.is_open) or (wave is not None and not may_open(release, wave, waves, at)):
        return False
    if wave is None and release.state is not ReleaseState.OPENING:
        return False
    ahead = [one for one in waves if one.done_at is None]
    if release.state is ReleaseState.REHEARSED:
        ahead = [one for one in ahead if one.kind in REHEARSING]
    elif not session().get_one(Train, release.train_id).gate.is_open:
        ahead = ahead[:1]
    counts = sizes(release, waves, at)
    total = sum(counts[one.position] for one in ahead)
    made = enqueue(JOB, {"release_id": release.id}, at=at, by_id=by_id, total=total)
    same = Release.job_id.is_(None) if release.job_id is None else Release.job_id == release.job_id
    taken = session().execute(
        update(Release).where(Release.id == release.id, same).values(job_id=made.id).returning(Release.id)
    )
    if taken.first() is None:
        raise MoveRefused(_("This release has moved on already: look at it again."))
    return True


def overrule(release_id: int, position: int, why: str, at: datetime, by_id: int | None = None) -> None:
    """A person lets the next wave go though its gate is closed. Raises MoveRefused when it waits for no gate."""
    why = reason(why)
    release = release_or_404(release_id)
    wave = wave_or_404(release, position)
    first = next_wave(waves_of(release))
    given = session().execute(
        update(Wave)
        .where(Wave.id == wave.id, Wave.opened_at.is_(None), Wave.overruled_at.is_(None))
        .values(overruled_at=at, overruled_by_id=by_id, overruled_why=why)
        .returning(Wave.id)
        .execution_options(synchronize_session=False)
    )
    if release.state is not ReleaseState.OPENING or first is None or first.id != wave.id or given.first() is None:
        raise MoveRefused(_("This wave does not wait any more: look at it again."))
    session().expire(wave)
    seen = evidence(release, session().get_one(Train, release.train_id).gate_hours)
    figures = {"given": seen.given, "ran": seen.ran, "blockers": seen.blockers, "crashes": seen.crashes}
    journal.record("overrule_gate", f"release:{release_id}", at=at, after={"wave": position + 1, "why": why, **figures})
    go_on_giving(release, at, by_id)


def welcome_late(release_id: int, at: datetime, limit: int = CHUNK) -> int:
    """Who has come since the audience was settled gets the build with the wave that runs; returns how many."""
    query = select(Release).where(Release.id == release_id, Release.state.in_(GIVEN)).with_for_update()
    release = session().scalar(query.execution_options(populate_existing=True))
    if release is None or not is_offered(release, at):
        return 0
    waves = waves_of(release)
    come = late(release, waves, limit, at)
    for position, people in come.items():
        _give(release, waves[position], people, at)
    return sum(map(len, come.values()))
