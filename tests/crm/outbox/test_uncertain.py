"""Letters of which nobody knows whether they arrived: decided by a person, of one or of many."""

from __future__ import annotations

import html
import re
from collections import Counter
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.accounts.rules import Role
from crm.core.db import session
from crm.core.errors import MoveRefused
from crm.core.journal import JournalEntry
from crm.outbox.actions import decide_uncertain, deliver_due, send_again, sweep_leases, take_as_sent, take_due
from crm.outbox.models import Contact, Letter, Touch
from crm.outbox.rules import LetterState, Outcome, WhenUncertain
from crm.people.actions import make_origin
from crm.people.models import Person
from crm.people.rules import OriginKind
from tests import make
from tests.cast import SignIn
from tests.crm.outbox.conftest import Write
from tests.make import T0

HOUR = timedelta(hours=1)


def origin(name: str) -> int:
    return make_origin(OriginKind.CAMPAIGN, name, name)


def states() -> Counter[tuple[str, LetterState]]:
    session().expire_all()
    return Counter((letter.occasion, letter.state) for letter in session().scalars(select(Letter)))


def lose(at: datetime = T0) -> None:
    """The worker takes what is due, and dies."""
    take_due(at, 100)
    sweep_leases(at + HOUR)


@pytest.fixture
def lost(people: list[Person], write: Write) -> None:
    """Three letters of one campaign and two of another are uncertain."""
    write(people[:3], "c:spring", origin="spring")
    write(people[3:5], "c:summer", origin="summer")
    lose()
    session().commit()


def fields(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(until|campaign)" value="([^"]*)">', page)
    return {name: html.unescape(value) for name, value in found}


def test_all_that_are_listed_are_taken_as_sent_in_one_go(
    lost: None, people: list[Person], lins_browser: FlaskClient
) -> None:
    page = lins_browser.get("/letters/uncertain").text
    assert "5 letters count as sent" in page
    answer = lins_browser.post("/letters/uncertain/take-as-sent", data=fields(page), follow_redirects=True)
    assert "5 letters count as sent." in answer.text
    assert states() == {("c:spring", LetterState.SENT): 3, ("c:summer", LetterState.SENT): 2}
    assert session().query(Touch).filter_by(outcome=Outcome.SENT).count() == 5
    assert session().get_one(Contact, people[0].id).first_sent_at is not None
    told = session().query(JournalEntry).filter_by(action="letter.take_as_sent_all").one()
    assert (told.subject, told.after) == ("letter:uncertain", {"count": 5})
    assert deliver_due(T0 + 9 * HOUR) == 0


def test_those_of_one_campaign_are_sent_again_and_the_others_stay(lost: None, lins_browser: FlaskClient) -> None:
    page = lins_browser.get("/letters/uncertain", query_string={"campaign": origin("summer")}).text
    assert "2 letters leave once more" in page
    assert "P0" not in page
    lins_browser.post("/letters/uncertain/send-again", data=fields(page))
    assert states() == {("c:spring", LetterState.UNCERTAIN): 3, ("c:summer", LetterState.QUEUED): 2}
    told = session().query(JournalEntry).filter_by(action="letter.send_again_all").one()
    assert told.after == {"count": 2, "name": "summer"}
    session().commit()
    again = lins_browser.post("/letters/uncertain/send-again", data=fields(page), follow_redirects=True)
    assert "0 letters are on their way again" in again.text
    assert session().query(JournalEntry).filter_by(action="letter.send_again_all").count() == 1


def test_what_becomes_uncertain_after_the_list_was_shown_is_not_decided_with_it(
    lost: None, people: list[Person], write: Write, lins_browser: FlaskClient
) -> None:
    page = lins_browser.get("/letters/uncertain").text
    write(people, "n:1")
    lose(T0 + 2 * HOUR)
    session().commit()
    lins_browser.post("/letters/uncertain/take-as-sent", data=fields(page))
    assert states()["n:1", LetterState.UNCERTAIN] == 6
    assert states()["c:spring", LetterState.SENT] == 3


@pytest.mark.parametrize("wrong", [{}, {"until": "yesterday"}, {"until": "2026-01-05"}])
def test_a_choice_that_names_no_list_is_refused(lost: None, lins_browser: FlaskClient, wrong: dict[str, str]) -> None:
    assert lins_browser.post("/letters/uncertain/take-as-sent", data=wrong).status_code == 422
    assert states()["c:spring", LetterState.UNCERTAIN] == 3


def test_many_are_decided_only_by_who_may_write_to_people(lost: None, sign_in: SignIn) -> None:
    browser = sign_in(make.staff("Rui", Role.RELEASE))
    assert browser.post("/letters/uncertain/send-again", data={"until": T0.isoformat()}).status_code == 403


def test_a_letter_that_is_leaving_again_is_not_queued_once_more(lost: None) -> None:
    """Two of staff press one after the other: the second would have it sent twice."""
    letter = session().scalars(select(Letter).order_by(Letter.id)).first()
    assert letter is not None
    send_again(letter.id, T0 + 2 * HOUR)
    assert [one.id for one in take_due(T0 + 2 * HOUR, 10)] == [letter.id]
    for decide in (send_again, take_as_sent):
        with pytest.raises(MoveRefused):
            decide(letter.id, T0 + 2 * HOUR)
    assert decide_uncertain(WhenUncertain.AGAIN, T0 + 2 * HOUR, until=T0 + 9 * HOUR) == 4
    assert states()["c:spring", LetterState.SENDING] == 1
