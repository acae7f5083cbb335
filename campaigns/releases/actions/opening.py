"""Opening a release: access and one letter for each tester, in pieces that may be repeated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import update

from campaigns.releases.actions.letters import plan_release_letters
from campaigns.releases.actions.moves import move
from campaigns.releases.models import Release, Wave
from campaigns.releases.queries import in_wave, release_or_404, size_of
from campaigns.releases.rules import WAVES, ReleaseState, WaveKind, mark
from crm.builds.actions import grant_access, mark_open_week
from crm.builds.models import Build
from crm.core import programme
from crm.core.db import session
from crm.core.errors import MoveRefused
from crm.core.jobs import Job, enqueue
from crm.core.weeks import week_of
from crm.people.models import Person

CHUNK = 1000
JOB = "releases.open"


def begin_opening(release_id: int, at: datetime) -> Release:
    """From planned to opening; the week counts as released. Raises MoveRefused when there is nothing to open."""
    release = release_or_404(release_id)
    build = session().get(Build, release.build_id) if release.build_id is not None else None
    if build is None:
        raise MoveRefused(_("This release has no build yet: choose one, then open it."))
    if build.withdrawn_at is not None:
        raise MoveRefused(_("%(version)s has been withdrawn: choose another build.", version=build.version))
    opening = move(release_id, ReleaseState.OPENING, at=at, opened_at=at)
    mark_open_week(week_of(at, programme.required().tz), at)
    return opening


def start_opening(release_id: int, at: datetime, by_id: int | None = None) -> None:
    """The same, and the job that does the rest."""
    _enqueue(begin_opening(release_id, at), at, by_id)


def _next_people(release: Release, wave: WaveKind, after: int, at: datetime, limit: int) -> Sequence[int]:
    wanted = in_wave(wave, release.audience_id, at).where(Person.id > after).order_by(Person.id).limit(limit)
    return session().scalars(wanted).all()


def open_chunk(release_id: int, cursor: dict[str, Any], at: datetime, limit: int = CHUNK) -> tuple[dict[str, Any], int]:
    """Access and letters for the next people of the running wave: (where to go on, how many people it were).

    The cursor is empty at the start and again when all waves are through. Doing a piece twice changes nothing.
    """
    release = release_or_404(release_id)
    assert release.build_id is not None
    wave = WaveKind(cursor.get("wave", WAVES[0]))
    people = _next_people(release, wave, int(cursor.get("after", 0)), at, limit)
    session().execute(
        update(Wave)
        .where(Wave.release_id == release_id, Wave.kind == wave, Wave.opened_at.is_(None))
        .values(opened_at=at)
    )
    if people:
        grant_access(release.build_id, people, at=at, granted_by=mark(release_id))
        plan_release_letters(release, people, at)
        return {"wave": wave.value, "after": people[-1]}, len(people)
    following = WAVES.index(wave) + 1
    return ({"wave": WAVES[following].value, "after": 0} if following < len(WAVES) else {}), 0


def finish_opening(release_id: int, at: datetime) -> Release:
    return move(release_id, ReleaseState.OPEN, at=at)


def open_release(release_id: int, at: datetime) -> int:
    """The whole opening in this transaction; returns how many people have the build by it. The schedule uses a job."""
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
    if release.state is not ReleaseState.OPENING or (job is not None and job.is_open):
        raise MoveRefused(_("This opening needs no help: look at it again."))
    _enqueue(release, at, by_id)


def _enqueue(release: Release, at: datetime, by_id: int | None) -> None:
    total = sum(size_of(release, at).values())
    job = enqueue(JOB, {"release_id": release.id}, at=at, by_id=by_id, total=total)
    session().execute(update(Release).where(Release.id == release.id).values(job_id=job.id))
