"""The way out that stands in each letter: one click, a page with choices, for ever, and never by looking."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient

from crm.core import clock
from crm.core.db import session
from crm.core.tokens import sign
from crm.outbox.models import CampaignRefusal, Letter, Touch
from crm.outbox.queries.rendering import REFUSE, messages
from crm.outbox.rules import LetterState, Outcome
from crm.people.actions import merge
from crm.people.models import Identity, Person
from crm.people.queries import suppressed, suppressed_pairs
from tests.crm.outbox.conftest import Write
from tests.make import T0


@pytest.fixture
def address(people: list[Person], write: Write) -> str:
    write(people[:1], "campaign:1", origin="spring")
    write(people[:1], "notice:1")
    session().commit()
    letter = session().query(Letter).order_by(Letter.id).first()
    assert letter is not None
    return f"/u/{sign(REFUSE, letter.id)}"


def states() -> dict[str, LetterState]:
    session().expire_all()
    return {letter.occasion: letter.state for letter in session().query(Letter)}


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_changes_nothing(address: str, people: list[Person], client: FlaskClient, method: str) -> None:
    for _again in range(2):
        assert client.open(address, method=method).status_code == 200
    assert set(states().values()) == {LetterState.QUEUED}
    assert suppressed([people[0].id]) == set()
    assert session().query(CampaignRefusal).count() == 0


def test_a_mail_programs_click_ends_everything_once(address: str, people: list[Person], client: FlaskClient) -> None:
    letter = session().query(Letter).order_by(Letter.id).first()
    assert letter is not None
    headers = messages([letter.id], T0)[letter.id].headers
    link = headers["List-Unsubscribe"].strip("<>")
    name, _is, value = headers["List-Unsubscribe-Post"].partition("=")
    for _again in range(2):
        assert client.post(link, data={name: value}).status_code == 200
    assert suppressed([people[0].id]) == {people[0].id}
    assert [touch.outcome for touch in session().query(Touch)] == [Outcome.REFUSED]


def test_only_campaigns_may_end(address: str, people: list[Person], client: FlaskClient, write: Write) -> None:
    page = client.post(address, data={"what": "campaigns", "why": "too many"})
    assert "No more campaigns" in page.text
    assert states() == {"campaign:1": LetterState.SUPPRESSED, "notice:1": LetterState.QUEUED}
    assert suppressed([people[0].id]) == set()
    write(people[:1], "campaign:2", origin="summer")
    assert states()["campaign:2"] is LetterState.SUPPRESSED
    assert session().query(CampaignRefusal).one().why == "too many"


def test_whoever_ended_campaigns_can_still_end_everything(
    address: str, people: list[Person], client: FlaskClient
) -> None:
    client.post(address, data={"what": "campaigns"})
    client.post(address, data={"what": "all"})
    assert suppressed([people[0].id]) == {people[0].id}
    client.post(address, data={"what": "campaigns"})
    assert "leave you alone" in client.get(address).text


def test_the_reason_is_kept_with_the_touch(address: str, client: FlaskClient) -> None:
    client.post(address, data={"what": "all", "why": "not my kind of phone\x00"})
    assert session().query(Touch).one().body == "not my kind of phone"


def test_the_link_works_years_later(address: str, people: list[Person], client: FlaskClient) -> None:
    with time_machine.travel(clock.now() + timedelta(days=3650)):
        assert client.post(address).status_code == 200
    assert suppressed([people[0].id]) == {people[0].id}


@pytest.fixture
def merged(people: list[Person], write: Write) -> str:
    """The link in the letter to the second of two who have become one: both had a letter of this campaign."""
    write(people[:2], "campaign:1", origin="spring")
    write(people[:1], "campaign:2", origin="summer")
    write(people[:1], "notice:1")
    session().query(Letter).filter_by(occasion="campaign:1").update({"state": LetterState.SENT, "sent_at": T0})
    letter = session().query(Letter).filter_by(person_id=people[1].id).one()
    merge(people[0].id, people[1].id, at=T0)
    session().commit()
    assert letter.person_id == people[1].id, "the keeper has a letter of this occasion"
    return f"/u/{sign(REFUSE, letter.id)}"


@pytest.mark.parametrize("asked", [{"List-Unsubscribe": "One-Click"}, {"what": "all"}])
def test_a_letter_of_two_who_became_one_ends_everything_for_both(
    merged: str, people: list[Person], client: FlaskClient, asked: dict[str, str]
) -> None:
    assert "leave you alone" in client.post(merged, data=asked).text
    assert suppressed([people[0].id]) == {people[0].id}
    both = {("email", "p0@people.example"), ("email", "p1@people.example")}
    assert suppressed_pairs(both) == both
    assert {states()["campaign:2"], states()["notice:1"]} == {LetterState.CANCELLED}
    refusal = session().query(Touch).filter_by(outcome=Outcome.REFUSED).one()
    assert refusal.person_id == people[0].id


def test_a_letter_of_two_who_became_one_ends_campaigns_for_both(
    merged: str, people: list[Person], client: FlaskClient, write: Write
) -> None:
    assert "No more campaigns" in client.post(merged, data={"what": "campaigns"}).text
    assert "No more campaigns" in client.get(merged).text
    assert session().query(CampaignRefusal).one().person_id == people[0].id
    write(people[:1], "campaign:3", origin="autumn")
    assert states() == {
        "campaign:1": LetterState.SENT,
        "campaign:2": LetterState.SUPPRESSED,
        "campaign:3": LetterState.SUPPRESSED,
        "notice:1": LetterState.QUEUED,
    }


def test_what_waits_for_the_other_of_two_who_became_one_ends_too(
    people: list[Person], write: Write, client: FlaskClient
) -> None:
    write(people[:2], "campaign:1", origin="spring")
    kept = session().query(Letter).filter_by(person_id=people[0].id).one()
    merge(people[0].id, people[1].id, at=T0)
    session().commit()
    client.post(f"/u/{sign(REFUSE, kept.id)}", data={"what": "campaigns"})
    session().expire_all()
    assert {letter.state for letter in session().query(Letter)} == {LetterState.SUPPRESSED}


def test_an_address_that_has_been_taken_from_its_person_is_left_alone_too(
    address: str, people: list[Person], client: FlaskClient
) -> None:
    session().query(Identity).filter_by(person_id=people[0].id).delete()
    session().commit()
    client.post(address)
    assert suppressed_pairs([("email", "p0@people.example")])
