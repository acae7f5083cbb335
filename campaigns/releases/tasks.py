"""Releases leave by the calendar: what is due and not done is opened, however late."""

from __future__ import annotations

from datetime import datetime

import structlog
from celery import shared_task

from campaigns.releases.actions import close_release, finish_opening, open_chunk, prepare_weeks, start_opening
from campaigns.releases.actions.opening import JOB
from campaigns.releases.queries import due, outstayed
from crm.core import programme
from crm.core.db import session
from crm.core.errors import Refusal
from crm.core.jobs import Job, step

log = structlog.get_logger(__name__)


@shared_task
def open_due() -> int:
    """Starts the opening of every release whose time has come; returns how many."""
    started = 0
    for release_id in due(programme.moment()):
        try:
            start_opening(release_id, programme.moment())
            session().commit()
            started += 1
        except Refusal as refusal:  # somebody else opened or changed it meanwhile
            session().rollback()
            log.info("release_not_opened", release=release_id, reason=str(refusal))
    return started


@step(JOB)
def open_step(job: Job, at: datetime) -> bool:
    """One piece of an opening: access and letters for up to a thousand people, committed with the job's cursor."""
    release_id = int(job.args["release_id"])
    cursor, people = open_chunk(release_id, job.cursor, at)
    job.cursor, job.done = cursor, job.done + people
    if not cursor:
        finish_opening(release_id, at)
    return bool(cursor)


@shared_task
def plan_weeks() -> int:
    """Closes releases whose week is over and prepares those of the coming weeks; returns how many it prepared."""
    at = programme.moment()
    for release_id in outstayed(at):
        try:
            close_release(release_id, at)
            session().commit()
        except Refusal:  # somebody else closed it meanwhile
            session().rollback()
    made = prepare_weeks(at)
    session().commit()
    return made
