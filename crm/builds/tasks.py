"""What this room does by itself."""

from __future__ import annotations

from celery import shared_task

from crm.builds.actions import record_accepted
from crm.builds.actions.feeds import prove_file
from crm.builds.queries.feeds import unproved_builds
from crm.core import clock
from crm.core.db import session, start_writing


@shared_task(name="crm.builds.tasks.prove_files")
def prove_files() -> int:
    """Sums and signs files that updaters will ask for; returns how many it did."""
    done = 0
    for build_id in unproved_builds():
        start_writing()
        done += prove_file(build_id, clock.now())
        session().commit()
    return done


@shared_task(name="crm.builds.tasks.record_batches")
def record_batches() -> int:
    """Records check-ins that were accepted; returns how many batches. A row goes with what is made of it."""
    done = 0
    start_writing()
    while some := record_accepted():
        session().commit()
        done += some
    session().rollback()
    return done
