"""What runs by itself: drawing an edition, page by page; asking for consent, and reminding once."""

from __future__ import annotations

from datetime import datetime

from celery import shared_task

from campaigns.credits.actions import ask_some, draw_some, remind_some
from campaigns.credits.actions.asking import ASK
from campaigns.credits.queries.editions import RENDER
from crm.core import programme
from crm.core.db import session
from crm.core.jobs import Job, step


@step(RENDER)
def draw(job: Job, _at: datetime) -> bool:
    """The picture is dated as the page dates everything: by the programme, which may be held."""
    return draw_some(job, programme.moment())


@step(ASK)
def ask(job: Job, _at: datetime) -> bool:
    """One piece of a consent round, committed with the job's cursor."""
    return ask_some(job)


@shared_task
def remind() -> int:
    """Looks at everybody whose reminder is due and not done, piece by piece; returns at how many."""
    if programme.current() is None:
        return 0
    at, total = programme.moment(), 0
    while looked_at := remind_some(at):
        session().commit()
        total += looked_at
    session().commit()
    return total
