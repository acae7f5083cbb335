"""This room's long work, done step by step by crm.core.jobs, which commits each step."""

from __future__ import annotations

from crm.core.jobs import step
from crm.people.actions.importing import arriving, running, undoing

step(arriving.JOB)(running.step)
step(undoing.JOB)(undoing.step)
