"""Letters of which nobody knows whether they arrived: decided by a person, one or many, or as the campaign says."""

from __future__ import annotations

import html
import re
from collections import Counter
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from crm.accounts.rules import Role
from crm.core.db import session
from crm.core.errors import MoveRefused
from crm.core.journal import JournalEntry
from crm.core.smtp import Answer, Fate
from crm.outbox import tasks
from crm.outbox.actions import (
    cancel_letters,
    decide_uncertain,
    deliver_due,
    end,
    send_again,
    set_when_uncertain,
    sweep_leases,
    take_as_sent,
    take_due,
)
from crm.outbox.models import Contact, Letter, Touch
from crm.outbox.rules import LetterState, Outcome, WhenUncertain
from crm.people.actions import make_origin
from crm.people.models import Person
from crm.people.rules import OriginKind
from tests import make
from tests.cast import SignIn
from tests.crm.outbox.conftest import Server, Write
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


BROKE = Answer(Fate.UNKNOWN, "connection lost")


def test_a_campaign_may_take_them_as_sent_by_itself(people: list[Person], write: Write) -> None:
    write(people[:2], "c:spring", origin="spring")
    write(people[2:4], "c:summer", origin="summer")
    write(people[4:], "n:1")
    set_when_uncertain(origin("spring"), WhenUncertain.SENT)
    lose()
    assert states() == {
        ("c:spring", LetterState.SENT): 2,
        ("c:summer", LetterState.UNCERTAIN): 2,
        ("n:1", LetterState.UNCERTAIN): 2,
    }
    assert session().query(Touch).filter_by(outcome=Outcome.SENT).count() == 2
    assert session().get_one(Contact, people[0].id).first_sent_at == T0 + HOUR
    told = session().query(JournalEntry).filter_by(action="letter.take_as_sent_by_default").one()
    assert (told.actor_id, told.after) == (None, {"count": 2, "name": "spring"})
    assert sweep_leases(T0 + HOUR) == 0


def test_a_campaign_may_send_them_again_by_itself_but_once(people: list[Person], write: Write) -> None:
    write(people[:2], "c:spring", origin="spring")
    set_when_uncertain(origin("spring"), WhenUncertain.AGAIN)
    lose()
    assert states() == {("c:spring", LetterState.QUEUED): 2}
    assert take_due(T0 + HOUR, 10) == [], "not in the same moment: whatever broke off may break off again"
    lose(T0 + 2 * HOUR)
    assert states() == {("c:spring", LetterState.UNCERTAIN): 2}, "the second time a person is asked"
    told = session().query(JournalEntry).filter_by(action="letter.send_again_by_default").one()
    assert told.after == {"count": 2, "name": "spring"}
    letter = session().scalars(select(Letter).order_by(Letter.id)).first()
    assert letter is not None
    send_again(letter.id, T0 + 4 * HOUR)
    assert deliver_due(T0 + 4 * HOUR) == 1


@pytest.mark.parametrize(
    ("what", "becomes"),
    [
        (WhenUncertain.ASK, LetterState.UNCERTAIN),
        (WhenUncertain.AGAIN, LetterState.QUEUED),
        (WhenUncertain.SENT, LetterState.SENT),
    ],
)
def test_it_holds_at_once_when_a_connection_breaks(
    people: list[Person], write: Write, what: WhenUncertain, becomes: LetterState
) -> None:
    write(people, "c:spring", origin="spring")
    set_when_uncertain(origin("spring"), what)
    taken = take_due(T0, 10)
    assert end([(taken[0], Answer(Fate.ACCEPTED, "250 ok")), (taken[1], BROKE), (taken[2], BROKE)], T0) == 1
    expected = Counter({LetterState.SENT: 1, LetterState.SENDING: 3}) + Counter({becomes: 2})
    assert Counter(session().scalars(select(Letter.state))) == expected
    assert session().query(Touch).filter_by(outcome=Outcome.SENT).count() == expected[LetterState.SENT]
    session().expire_all()
    uncertain = {letter.id for letter in session().scalars(select(Letter)) if letter.state is LetterState.UNCERTAIN}
    assert uncertain == ({taken[1].id, taken[2].id} if what is WhenUncertain.ASK else set())


def test_a_slow_worker_does_not_answer_for_the_one_that_sends_it_again(people: list[Person], write: Write) -> None:
    write(people[:1], "c:spring", origin="spring")
    set_when_uncertain(origin("spring"), WhenUncertain.AGAIN)
    slow = take_due(T0, 10)
    sweep_leases(T0 + HOUR)
    again = take_due(T0 + 2 * HOUR, 10)
    end([(slow[0], Answer(Fate.REFUSED, "550 no"))], T0 + 2 * HOUR)
    assert states() == {("c:spring", LetterState.SENDING): 1}
    end([(again[0], Answer(Fate.ACCEPTED, "250 ok"))], T0 + 2 * HOUR)
    assert states() == {("c:spring", LetterState.SENT): 1}


def test_what_is_stopped_sends_nothing_again(people: list[Person], write: Write) -> None:
    write(people[:3], "c:spring", origin="spring")
    set_when_uncertain(origin("spring"), WhenUncertain.AGAIN)
    taken = take_due(T0, 2)
    end([(taken[0], BROKE)], T0)
    assert cancel_letters(origin("spring"), T0, "finished") == 2
    end([(taken[1], BROKE)], T0)
    assert states() == {("c:spring", LetterState.CANCELLED): 2, ("c:spring", LetterState.UNCERTAIN): 1}


def test_a_letter_whose_connection_broke_arrives_by_itself(server: Server, people: list[Person], write: Write) -> None:
    write(people, "c:spring", origin="spring")
    set_when_uncertain(origin("spring"), WhenUncertain.AGAIN)
    session().commit()
    server.say = ["250 ok", None]
    assert tasks.send_due.run() == 5
    session().execute(update(Letter).where(Letter.state == LetterState.QUEUED).values(due_at=T0))
    session().commit()
    assert tasks.send_due.run() == 1
    assert states() == {("c:spring", LetterState.SENT): 6}
    assert len({mail["Message-ID"] for mail in server.got}) == 6
