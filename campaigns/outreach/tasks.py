"""What campaigns do by themselves."""

from __future__ import annotations

from datetime import datetime

from celery import shared_task
from flask import current_app

from campaigns.outreach.actions import (
    advance,
    look_after,
    pause_where_too_much,
    plan,
    start_asked,
    start_due,
    stop_answered,
)
from campaigns.outreach.queries import campaign_or_404, running_ids
from campaigns.outreach.rules import JOB, START_JOB
from crm.core import clock
from crm.core.db import session
from crm.core.jobs import Job, step
from crm.core.stopping import asked_to_stop
from crm.core.upkeep import has_grown, learn

FILLED = ("letter", "campaign_place", "invite")
"""The tables that planning fills."""


@step(JOB)
def plan_letters_of_campaign(job: Job, at: datetime) -> bool:
    """The next piece of the frozen list. Letters are due from the moment the campaign was started."""
    campaign = campaign_or_404(job.args["campaign_id"])
    planned = plan(campaign.id, campaign.started_at or at, after=int(job.cursor.get("after", 0)))
    if planned is None:
        return False
    last, _new = planned
    job.cursor = {"after": last}
    job.done += 1
    if has_grown(job.done):
        learn(*FILLED)
    return True


@step(START_JOB)
def start_campaign(job: Job, _at: datetime) -> bool:
    """A start that somebody asked for: everybody of a large audience is looked at."""
    start_asked(job, current_app.config["APPROVAL_ABOVE"])
    return False


@shared_task
def plan_due() -> int:
    """Finds campaigns whose planning was lost, and those that have nothing left to do."""
    changed = look_after(clock.now())
    session().commit()
    return changed


@shared_task
def guard() -> int:
    """Campaigns of which too much comes back pause themselves; returns how many."""
    paused = pause_where_too_much(clock.now())
    session().commit()
    return len(paused)


@shared_task
def advance_due() -> int:
    """Starts campaigns whose time has come, ends the sequences of those who answered, moves others to their next step.

    A piece is one transaction; what a stopped worker leaves is still due.
    """
    at, moved = clock.now(), 0
    start_due(at, current_app.config["APPROVAL_ABOVE"])
    session().commit()
    for campaign_id in running_ids():
        last: int | None = 0
        while last is not None and not asked_to_stop.is_set():
            last = stop_answered(campaign_id, at, after=last)
            session().commit()
        while not asked_to_stop.is_set() and (count := advance(campaign_id, at)):
            session().commit()
            moved += count
        session().commit()
    return moved
