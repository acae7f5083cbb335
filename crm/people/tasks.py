"""This room's long work, done step by step by crm.core.jobs, which commits each step; and what it tidies up."""

from __future__ import annotations

from celery import shared_task

from crm.core import clock
from crm.core.jobs import step
from crm.people.actions import importing
from crm.people.actions.importing import arriving, running, undoing
from crm.people.actions.suppression_files import sweep_lists

step(arriving.JOB)(running.step)
step(undoing.JOB)(undoing.step)


@shared_task(name="crm.people.tasks.sweep")
def sweep() -> None:
    """Files only: a held programme's, too."""
    importing.sweep_files(clock.now())
    sweep_lists(clock.now())
