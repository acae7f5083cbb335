"""Releases leave by the calendar and by evidence: what is due and not done is done, however late."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

import structlog
from celery import shared_task

from campaigns.releases.actions import (
    NothingToFreeze,
    count_release,
    end_release,
    finish_opening,
    follow_zones,
    freeze_or_hold,
    go_on_giving,
    move_letters,
    open_chunk,
    prepare_weeks,
    rehearse,
    start_opening,
    stop_without_build,
    welcome_late,
)
from campaigns.releases.actions.opening import JOB
from campaigns.releases.actions.reports import remind
from campaigns.releases.queries import (
    due,
    outstayed,
    release_or_404,
    resting,
    running_late,
    stranded,
    to_count,
    to_freeze,
    to_rehearse,
    with_letters_astray,
)
from campaigns.releases.queries.reports import to_remind
from crm.core import programme
from crm.core.db import session
from crm.core.errors import Refusal
from crm.core.jobs import Job, step

log = structlog.get_logger(__name__)


def _each(releases: Iterable[int], do: Callable[[int, datetime], object], what: str, at: datetime) -> int:
    """Each in a transaction of its own; returns for how many it was done."""
    done = 0
    for release_id in releases:
        try:
            result = do(release_id, at)
            session().commit()
            done += result is not False and result != 0
        except Refusal as refusal:  # somebody else opened or changed it meanwhile
            session().rollback()
            log.info("release_not_moved", release=release_id, what=what, reason=str(refusal))
    return done


def _rehearse_or_hold(release_id: int, at: datetime) -> bool:
    try:
        rehearse(release_id, at)
        return True
    except NothingToFreeze:
        session().rollback()
        stop_without_build(release_id, at)
        return False


@shared_task
def open_due() -> int:
    """Freezes, rehearses and opens every release whose time for it has come; returns how many it opens. One without a
    build is put on hold, so that nothing slips unseen; one of a daily train is cancelled, and says why.
    """
    at = programme.moment()
    _each(to_freeze(at), freeze_or_hold, "freeze", at)
    _each(to_rehearse(at), _rehearse_or_hold, "rehearse", at)
    _each(stranded(at), stop_without_build, "stop", at)
    return _each(due(at), start_opening, "open", at)


@shared_task
def advance_due() -> int:
    """Opens the next wave wherever what was seen of the build allows it; returns for how many releases."""
    at = programme.moment()
    return _each(resting(), lambda number, now: go_on_giving(release_or_404(number), now), "advance", at)


@shared_task
def welcome() -> int:
    """Gives the build to those who came after its audience was settled; returns for how many releases."""
    return _each(running_late(), welcome_late, "welcome", programme.moment())


@shared_task
def remind_of_reports() -> int:
    """Writes the one reminder of each weekly report that is due; returns how many letters."""
    written, at = 0, programme.moment()
    for release_id in to_remind(at):
        written += remind(release_id, at)
        session().commit()
    return written


@shared_task
def call_back() -> int:
    """Letters follow their release in pieces: called back on hold, waiting again when it goes on; returns how many."""
    moved, at = 0, programme.moment()
    for release_id in with_letters_astray(at):
        while some := move_letters(release_id, at):
            session().commit()
            moved += some
        session().rollback()
    return moved


@shared_task
def count() -> int:
    """What running releases have come to, for their pages; returns how many were counted."""
    return _each(to_count(), count_release, "count", programme.moment())


@step(JOB)
def open_step(job: Job, _at: datetime) -> bool:
    """One piece of an opening: access and letters for up to a thousand people, committed with the job's cursor.

    It happens when the programme says that it is, as a gate counts the hours from here.
    """
    release_id, at = int(job.args["release_id"]), programme.moment()
    cursor, people = open_chunk(release_id, job.cursor, at)
    job.cursor, job.done = cursor, job.done + people
    if not cursor:
        finish_opening(release_id, at)
    return bool(cursor)


@shared_task
def plan_weeks() -> int:
    """Ends releases whose week or day is over and prepares those of the coming ones; returns how many it prepared."""
    at = programme.moment()
    _each(outstayed(at), end_release, "end", at)
    follow_zones(at)
    made = prepare_weeks(at)
    session().commit()
    return made
