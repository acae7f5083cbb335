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
from crm.people.models import Person
from crm.people.queries import suppressed
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
