"""A campaign's letter that lacks a value waits for a person."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from crm.core import clock
from crm.core.db import session
from crm.core.errors import MoveRefused, NotUnderstood
from crm.outbox import tasks
from crm.outbox.actions import cancel_held, release
from crm.outbox.models import Letter
from crm.outbox.queries import count_held
from crm.outbox.rules import LetterState
from crm.people.models import Person
from tests.crm.outbox.conftest import Server, Write
from tests.make import T0


@pytest.fixture
def held(people: list[Person], write: Write) -> Letter:
    people[0].name = ""
    write(people[:2], "campaign:1", origin="spring")
    session().commit()
    return session().query(Letter).filter_by(person_id=people[0].id).one()


def test_what_lacks_a_value_does_not_leave_and_the_rest_does(held: Letter, server: Server) -> None:
    assert tasks.send_due.run() == 1
    session().refresh(held)
    assert (held.state, held.reason, count_held()) == (LetterState.QUEUED, "lacks:name", 1)


def test_filled_in_it_leaves(held: Letter, server: Server) -> None:
    release(held.id, {"name": "Ada", "link": "https://evil.example"}, T0)
    session().commit()
    assert tasks.send_due.run() == 2
    assert {mail["Subject"] for mail in server.got} == {"Hello Ada", "Hello P1"}
    assert held.values is not None
    assert held.values["link"] == "http://x.test/"
    with pytest.raises(MoveRefused):
        release(held.id, {"name": "Ada"}, T0)


def test_an_empty_value_fills_nothing(held: Letter) -> None:
    with pytest.raises(NotUnderstood):
        release(held.id, {"name": "  "}, T0)
    assert count_held() == 1


def test_given_up_it_is_cancelled_once(held: Letter) -> None:
    cancel_held(held.id, T0)
    session().refresh(held)
    assert held.state is LetterState.CANCELLED
    with pytest.raises(MoveRefused):
        cancel_held(held.id, T0)


def test_notices_are_not_held(people: list[Person], write: Write) -> None:
    people[0].name = ""
    write(people[:1], "notice:1")
    assert count_held() == 0


def test_staff_fill_in_what_is_missing(held: Letter, lins_browser: FlaskClient) -> None:
    assert "1 letter is held" in lins_browser.get("/letters").text
    page = lins_browser.get("/letters/held").text
    assert f"name-{held.id}" in page
    refused = lins_browser.post(f"/letters/{held.id}/release", data={"name": " "})
    assert (refused.status_code, "Fill in name" in refused.text) == (422, True)
    assert lins_browser.post(f"/letters/{held.id}/release", data={"name": "Ada"}).status_code == 302
    session().expire_all()
    assert count_held() == 0
    assert session().get_one(Letter, held.id).due_at <= clock.now()


def test_staff_cancel_what_they_cannot_fill_in(held: Letter, lins_browser: FlaskClient) -> None:
    assert lins_browser.post(f"/letters/{held.id}/give-up").status_code == 302
    session().expire_all()
    assert session().get_one(Letter, held.id).state is LetterState.CANCELLED
