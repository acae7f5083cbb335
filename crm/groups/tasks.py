"""What groups do by themselves."""

from __future__ import annotations

from celery import shared_task

from crm.core import clock
from crm.core.db import session
from crm.groups.actions import give_places as give


@shared_task
def give_places() -> int:
    """Ends places that nobody took, and gives free ones to who waits."""
    given = give(clock.now())
    session().commit()
    return given
