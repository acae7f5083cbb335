"""What lets standings follow the facts, and time."""

from __future__ import annotations

from celery import shared_task

from crm.core import programme
from crm.core.db import session
from crm.funnel import actions


@shared_task
def settle() -> int:
    """Settles whoever is marked, chunk by chunk; returns how many. A held programme is settled at the day it is held
    on.
    """
    if programme.current() is None:
        return 0
    total = 0
    while taken := actions.settle(programme.moment()):
        session().commit()
        total += taken
    session().commit()
    return total


@shared_task
def recompute_for_the_day() -> int:
    """Lets time pass: warnings, falls, and tenure that is complete. Run often or late, each happens once, at its
    Monday.
    """
    if programme.current() is None:
        return 0
    looked_at = actions.recompute_for_the_day(programme.moment())
    session().commit()
    return looked_at
