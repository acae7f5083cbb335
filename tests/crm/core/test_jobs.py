from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask

from crm.core import clock, jobs
from crm.core.db import session
from crm.core.errors import MoveRefused, Refusal
from crm.core.stopping import asked_to_stop
from crm.core.upkeep import learn
from crm.people.models import Tag
from tests.make import T0


@pytest.fixture(autouse=True)
def _kinds() -> Iterator[None]:
    known = dict(jobs.STEPS)
    yield
    jobs.STEPS.clear()
    jobs.STEPS.update(known)
    asked_to_stop.clear()


def counting(stop_at: int) -> None:
    @jobs.step("test.count")
    def one(job: jobs.Job, at: datetime) -> bool:
        session().add(Tag(name=f"t{job.done}"))
        job.done += 1
        if job.done == stop_at:
            asked_to_stop.set()
        return job.done < (job.total or 0)


def fresh(total: int = 5) -> jobs.Job:
    job = jobs.enqueue("test.count", {}, at=T0, total=total)
    session().commit()
    return job


def test_a_job_runs_step_by_step_to_its_end(database: Flask) -> None:
    counting(stop_at=0)
    job = fresh()
    assert jobs.run_due.run() == 1
    assert (job.state, job.done) == (jobs.JobState.DONE, 5)
    assert jobs.run_due.run() == 0
    assert session().query(Tag).count() == 5


def test_a_worker_that_is_asked_to_stop_hands_its_job_back_and_the_next_goes_on(database: Flask) -> None:
    counting(stop_at=2)
    job = fresh()
    jobs.run_due.run()
    assert (job.state, job.done, job.lease_until) == (jobs.JobState.RUNNING, 2, None)
    asked_to_stop.clear()
    jobs.run_due.run()
    assert (job.state, job.done) == (jobs.JobState.DONE, 5)
    assert session().query(Tag).count() == 5


def test_a_job_whose_worker_died_is_taken_again_when_its_lease_ran_out(database: Flask) -> None:
    counting(stop_at=0)
    job = fresh()
    job.state, job.attempts, job.done = jobs.JobState.RUNNING, 1, 3
    job.lease_until = clock.now() + timedelta(seconds=30)
    session().commit()
    assert jobs.run_due.run() == 0
    job.lease_until = clock.now() - timedelta(seconds=1)
    session().commit()
    assert jobs.run_due.run() == 1
    assert (job.state, job.done, job.attempts) == (jobs.JobState.DONE, 5, 2)


def test_a_worker_that_lost_its_lease_writes_nothing(database: Flask) -> None:
    counting(stop_at=0)
    job = fresh()
    job.state, job.attempts = jobs.JobState.RUNNING, 2
    job.lease_until = clock.now() + timedelta(seconds=30)
    session().commit()
    jobs.run(job.id, attempts=1)
    assert (job.done, session().query(Tag).count()) == (0, 0)


def test_a_refusal_ends_the_job_and_says_why(database: Flask) -> None:
    @jobs.step("test.count")
    def refuse(job: jobs.Job, at: datetime) -> bool:
        raise Refusal("the file is gone")

    job = fresh()
    jobs.run_due.run()
    assert (job.state, job.error) == (jobs.JobState.FAILED, "the file is gone")


def test_an_unforeseen_error_is_tried_again_later(database: Flask) -> None:
    @jobs.step("test.count")
    def stumble(job: jobs.Job, at: datetime) -> bool:
        raise ZeroDivisionError

    job = fresh()
    jobs.run_due.run()
    assert job.state == jobs.JobState.RUNNING
    assert job.lease_until is not None
    assert job.lease_until > clock.now()


def test_a_cancelled_job_stops_and_cannot_be_cancelled_again(database: Flask) -> None:
    counting(stop_at=0)
    job = fresh()
    jobs.cancel(job.id, at=T0)
    session().commit()
    assert jobs.run_due.run() == 0
    with pytest.raises(MoveRefused):
        jobs.cancel(job.id, at=T0)


def test_a_claim_takes_no_more_than_it_asks_for_whatever_the_plan(database: Flask) -> None:
    """PostgreSQL runs a plain subquery with a LIMIT again for each row when it believes the table to be small."""
    counting(stop_at=0)
    for _ in range(20):
        fresh()
    learn()
    assert jobs._claim(clock.now()) is not None
    assert session().query(jobs.Job).filter_by(state=jobs.JobState.RUNNING).count() == 1
