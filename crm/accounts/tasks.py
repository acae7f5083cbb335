"""What this room does by itself."""

from __future__ import annotations

from celery import shared_task

from crm.accounts.actions import sweep_ended
from crm.core import clock
from crm.core.db import session


@shared_task(name="crm.accounts.tasks.sweep")
def sweep() -> None:
    sweep_ended(clock.now())
    session().commit()
