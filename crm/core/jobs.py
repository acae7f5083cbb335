"""Long work that can be left and found again: a row per job, done step by step, each step one transaction.

A room registers `@step("people.import")` on a function that does one piece of work for a Job, moves its `cursor` and
`done`, and returns True while there is more. The step and its progress commit together, fenced on `attempts`: a worker
that lost its lease rolls back, and after a crash the next worker goes on from the last commit.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog
from celery import shared_task
from sqlalchemy import Index, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from crm.core import clock
from crm.core.db import Key, Numbered, is_taken, session, state_type
from crm.core.errors import MoveRefused, Refusal
from crm.core.stopping import asked_to_stop
from crm.core.wake import wake_after_commit

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 20
RUN_DUE = "crm.core.jobs.run_due"


class JobState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


OPEN = (JobState.WAITING, JobState.RUNNING)


class Job(Numbered):
    __tablename__ = "job"
    __table_args__ = (Index("ix_job_state", "state", "lease_until"),)

    kind: Mapped[str]
    args: Mapped[dict[str, Any]] = mapped_column(default=dict)
    cursor: Mapped[dict[str, Any]] = mapped_column(default=dict)
    result: Mapped[dict[str, Any] | None]
    state: Mapped[JobState] = mapped_column(state_type(JobState), default=JobState.WAITING)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    error: Mapped[str | None]
    by_id: Mapped[int | None] = mapped_column(Key)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


Step = Callable[[Job, datetime], bool]
STEPS: dict[str, Step] = {}


def step(kind: str) -> Callable[[Step], Step]:
    def register(function: Step) -> Step:
        STEPS[kind] = function
        return function

    return register


def enqueue(
    kind: str, args: dict[str, Any], *, at: datetime, by_id: int | None = None, total: int | None = None
) -> Job:
    job = Job(kind=kind, args=args, cursor={}, total=total, by_id=by_id, created_at=at)
    session().add(job)
    session().flush()
    wake_after_commit(RUN_DUE)
    return job


def take(job: Job, at: datetime) -> int:
    """Claims a job just made, in its own transaction; its maker calls `run(job.id, attempts)` after the commit."""
    job.state, job.attempts, job.lease_until = JobState.RUNNING, job.attempts + 1, at + LEASE
    return job.attempts


def cancel(job_id: int, *, at: datetime) -> None:
    """Stops a job after its running step. Raises MoveRefused when it has ended already."""
    moved = session().execute(
        update(Job)
        .where(Job.id == job_id, Job.state.in_(OPEN))
        .values(state=JobState.CANCELLED, finished_at=at, lease_until=None)
        .returning(Job.id)
    )
    if moved.first() is None:
        raise MoveRefused("this job has ended already")


def _claim(at: datetime) -> tuple[int, int] | None:
    due = (
        select(Job.id)
        .where(Job.state.in_(OPEN), or_(Job.lease_until.is_(None), Job.lease_until < at))
        .order_by(Job.id)
        .limit(1)
    )
    taken = (
        session()
        .execute(
            update(Job)
            .where(is_taken(Job.id, due))
            .values(state=JobState.RUNNING, attempts=Job.attempts + 1, lease_until=at + LEASE)
            .returning(Job.id, Job.attempts)
        )
        .first()
    )
    session().commit()
    return (taken[0], taken[1]) if taken else None


def _one_step(job_id: int, attempts: int, at: datetime) -> bool:
    """Runs one step and commits it with its progress. Returns whether there is more for this worker."""
    fence = (
        update(Job)
        .where(Job.id == job_id, Job.attempts == attempts, Job.state == JobState.RUNNING)
        .values(lease_until=at + LEASE)
        .returning(Job.id)
    )
    if session().execute(fence).first() is None:
        session().rollback()
        return False
    job = session().get_one(Job, job_id, populate_existing=True)
    more = STEPS[job.kind](job, at)
    if not more:
        job.state, job.finished_at, job.lease_until = JobState.DONE, at, None
    session().commit()
    return more


def _fail(job_id: int, attempts: int, message: str, at: datetime) -> None:
    session().rollback()
    session().execute(
        update(Job)
        .where(Job.id == job_id, Job.attempts == attempts, Job.state == JobState.RUNNING)
        .values(state=JobState.FAILED, error=message, finished_at=at, lease_until=None)
    )
    session().commit()


def _hand_back(job_id: int, attempts: int) -> None:
    """Gives the lease up, so that the next worker goes on at once."""
    session().execute(
        update(Job)
        .where(Job.id == job_id, Job.attempts == attempts, Job.state == JobState.RUNNING)
        .values(lease_until=None, attempts=attempts - 1)
    )
    session().commit()


def run(job_id: int, attempts: int) -> None:
    try:
        while _one_step(job_id, attempts, clock.now()):
            if asked_to_stop.is_set():
                _hand_back(job_id, attempts)
                return
    except Refusal as refusal:
        _fail(job_id, attempts, str(refusal), clock.now())
    except Exception as error:
        log.exception("job_failed", job=job_id)
        if attempts >= MOST_ATTEMPTS:
            _fail(job_id, attempts, f"{type(error).__name__}: {error}", clock.now())
        else:
            session().rollback()
            session().execute(
                update(Job)
                .where(Job.id == job_id, Job.attempts == attempts)
                .values(lease_until=clock.now() + timedelta(seconds=2**attempts))
            )
            session().commit()


@shared_task
def run_due() -> int:
    """Takes every job that is due, one after the other; returns how many it took."""
    taken = 0
    while not asked_to_stop.is_set() and (claimed := _claim(clock.now())):
        run(*claimed)
        taken += 1
    return taken
