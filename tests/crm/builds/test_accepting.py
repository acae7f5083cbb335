"""`Prefer: respond-async`: a batch is looked at and kept, and recorded a little later, each check-in once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from crm.accounts.actions import make_api_token
from crm.builds.actions import NewCheckIn, accept_check_ins, record_accepted
from crm.builds.models import CheckIn, CheckInBatch
from crm.builds.rules import CheckInKind
from crm.builds.tasks import record_batches
from crm.core import clock
from crm.core.db import db, disconnect, session, start_writing
from crm.core.restand import Restand
from crm.people.models import Person
from tests import make
from tests.make import T0

BEAT = CheckInKind.HEARTBEAT


def count(model: Any) -> int:
    return session().scalar(select(func.count()).select_from(model)) or 0


@pytest.fixture
def token(database: Flask, ada: Person) -> str:
    made = make_api_token(ada.id, "phone", ["check-ins:write"], at=clock.now())
    session().commit()
    return made


def send(client: FlaskClient, token: str, body: Any, prefer: str | None = "respond-async") -> Any:
    headers = {"Authorization": f"Bearer {token}"} | ({"Prefer": prefer} if prefer else {})
    return client.post("/api/v1/check-ins", json=body, headers=headers)


def test_a_batch_is_kept_at_once_and_recorded_as_any_other(client: FlaskClient, token: str, ada: Person) -> None:
    ios = make.build(platform="ios", version="9.1")
    make.build(platform="android", version="9.1")
    session().commit()
    ran = clock.now() - timedelta(hours=2)
    batch = [
        {"version": "9.1", "platform": "ios", "kind": "first_run", "at": ran.isoformat(), "client_key": "a"},
        {"version": "9.2"},
    ]
    before = clock.now()
    answer = send(client, token, {"check_ins": batch})
    assert (answer.status_code, answer.json) == (202, {"accepted": 2})
    assert answer.headers["Preference-Applied"] == "respond-async"
    assert (count(CheckIn), count(CheckInBatch)) == (0, 1)
    accepted_by = clock.now()
    assert record_batches.run() == 1
    first, second = session().scalars(select(CheckIn).order_by(CheckIn.id)).all()
    assert (first.person_id, first.build_id, first.kind, first.at) == (ada.id, ios.id, CheckInKind.FIRST_RUN, ran)
    assert (second.version, second.build_id, second.kind, second.client_key) == ("9.2", None, BEAT, None)
    assert before <= second.at == second.received_at == first.received_at <= accepted_by
    assert session().get_one(Restand, ada.id).since == ran


def test_recording_twice_or_late_records_once(client: FlaskClient, token: str) -> None:
    batch = {"check_ins": [{"version": "1.0", "client_key": str(n)} for n in range(3)]}
    for _time in range(2):
        assert send(client, token, batch).status_code == 202
    assert record_batches.run() == 2
    assert record_batches.run() == 0
    assert (count(CheckIn), count(CheckInBatch)) == (3, 0)
    assert send(client, token, batch, prefer=None).json == {"new": 0, "known": 3}


@pytest.mark.parametrize(
    ("prefer", "status"),
    [
        ("respond-async, wait=10", 202),
        ("return=minimal, Respond-Async; x=1", 202),
        ("return=minimal", 200),
        ("x=respond-async", 200),
        ("", 200),
        (None, 200),
    ],
)
def test_who_does_not_ask_for_it_is_answered_as_before(
    client: FlaskClient, token: str, prefer: str | None, status: int
) -> None:
    assert send(client, token, {"version": "1.0"}, prefer).status_code == status


@pytest.mark.parametrize(
    "body", [{}, {"version": ""}, {"check_ins": [{"version": "1"}, {"version": "1", "at": "2999-01-01T00:00:00Z"}]}]
)
def test_what_is_at_fault_is_told_at_once_and_not_kept(client: FlaskClient, token: str, body: Any) -> None:
    told = [send(client, token, body, prefer) for prefer in ("respond-async", None)]
    assert [answer.status_code for answer in told] == [422, 422]
    assert told[0].json == told[1].json
    assert count(CheckInBatch) == 0


def test_a_worker_that_is_killed_loses_nothing(client: FlaskClient, token: str) -> None:
    send(client, token, {"version": "1.0"})
    assert record_accepted() == 1
    assert count(CheckIn) == 1
    session().rollback()
    assert (count(CheckIn), count(CheckInBatch)) == (0, 1)
    assert record_batches.run() == 1
    assert count(CheckIn) == 1


def test_two_workers_at_once_record_each_batch_once(house: Flask) -> None:
    """None of them has a key, so that one recorded twice would be seen."""
    with house.app_context():
        start_writing()
        people = [make.tester(f"T{n}").id for n in range(5)]
        for n in range(60):
            accept_check_ins([NewCheckIn(people[n % 5], f"1.{n}", BEAT, T0)], received_at=T0)
        session().commit()
        disconnect()
    together = Barrier(2)

    def work(_number: int) -> int:
        with house.app_context():
            together.wait()
            try:
                return int(record_batches.run())
            finally:
                db.session.remove()

    with ThreadPoolExecutor(2) as workers:
        assert sum(workers.map(work, range(2))) == 60
    with house.app_context():
        assert (count(CheckIn), count(CheckInBatch)) == (60, 0)
        assert len(set(session().scalars(select(CheckIn.version)))) == 60
        disconnect()
