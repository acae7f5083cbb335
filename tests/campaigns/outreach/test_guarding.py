from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from campaigns.audience.actions import save_audience
from campaigns.outreach import tasks
from campaigns.outreach.actions import create_campaign, pause_where_too_much, resume
from campaigns.outreach.models import Campaign
from campaigns.outreach.rules import CampaignState
from crm.core.db import session
from crm.core.journal import JournalEntry
from crm.inbound.actions import set_limits
from crm.inbound.models import Incoming
from crm.inbound.rules import IncomingKind, is_too_much
from crm.outbox.actions import NewLetter, deliver_due, plan_letters, put_wording
from crm.outbox.models import Letter, Pace
from crm.outbox.rules import Channel, Lane, LetterState
from crm.people.models import Person
from tests import make
from tests.make import T0

HOUR = timedelta(hours=1)


@pytest.fixture
def campaign(lin: Person) -> Campaign:
    """Running, with 20 letters sent; it is looked at from 10 letters on."""
    made = create_campaign("spring", save_audience("all", {}, at=T0).id, at=T0)
    made.state = CampaignState.RUNNING
    send(made, 20, "1")
    set_limits({"least_sent": 10}, T0)
    return made


def send(campaign: Campaign, count: int, mark: str) -> None:
    wording = put_wording("spring", "en", "Hello", "Dear {{ name }}", T0)
    people = [make.person(identities={"email": f"p{mark}-{n}@people.example"}) for n in range(count)]
    letters = [
        NewLetter(
            person_id=person.id, occasion=f"campaign:{mark}", channel=Channel.MAIL, lane=Lane.CAMPAIGN,
            wording_id=wording, values={"name": "P"}, identity_kind="email", identity_value=person.identities[0].value,
            origin_id=campaign.origin_id,
        )
        for person in people
    ]  # fmt: skip
    plan_letters(letters, T0)
    deliver_due(T0)


def some(count: int) -> list[Letter]:
    query = select(Letter).where(Letter.state == LetterState.SENT).order_by(Letter.id.desc()).limit(count)
    return list(session().scalars(query))


def come_back(count: int) -> None:
    ids = [letter.id for letter in some(count)]
    session().execute(update(Letter).where(Letter.id.in_(ids)).values(state=LetterState.BOUNCED))
    session().expire_all()


def complain(count: int) -> None:
    for letter in some(count):
        row = Incoming(
            key=f"c{letter.id}", fingerprint=f"c{letter.id}", kind=IncomingKind.COMPLAINT, at=T0, read_at=T0,
            person_id=letter.person_id, letter_id=letter.id,
        )  # fmt: skip
        session().add(row)
    session().flush()


def test_few_letters_are_no_share() -> None:
    assert not is_too_much(99, 99, 500, 100)
    assert not is_too_much(5, 100, 500, 100)
    assert is_too_much(6, 100, 500, 100)
    assert not is_too_much(1, 1000, 10, 100)
    assert is_too_much(2, 1000, 10, 100)


def test_a_campaign_at_the_limit_goes_on(campaign: Campaign) -> None:
    come_back(1)
    assert pause_where_too_much(T0 + HOUR) == []
    assert campaign.state is CampaignState.RUNNING


def test_a_campaign_over_the_limit_pauses_itself_and_says_so(campaign: Campaign, lins_browser: FlaskClient) -> None:
    come_back(2)
    session().commit()
    assert tasks.guard.run() == 1
    assert tasks.guard.run() == 0
    session().expire_all()
    assert campaign.state is CampaignState.PAUSED
    assert session().get_one(Pace, campaign.origin_id).paused
    entry = session().query(JournalEntry).filter_by(action="campaign.paused_itself").one()
    assert entry.after == {"sent": 20, "bounced": 2, "complaints": 0}
    assert "It has paused itself" in lins_browser.get(f"/campaigns/{campaign.id}").text
    assert "Paused by themselves" in lins_browser.get("/").text


def test_letters_that_servers_refuse_count_with_those_that_came_back(campaign: Campaign) -> None:
    session().execute(
        update(Letter).where(Letter.id.in_([some(1)[0].id])).values(state=LetterState.REFUSED, reason="550 5.7.1 spam")
    )
    assert pause_where_too_much(T0 + HOUR) == []
    come_back(1)
    assert pause_where_too_much(T0 + HOUR) == [campaign.id]
    entry = session().query(JournalEntry).filter_by(action="campaign.paused_itself").one()
    assert entry.after == {"sent": 20, "bounced": 2, "complaints": 0}


def test_one_complaint_among_few_is_enough(campaign: Campaign) -> None:
    complain(1)
    assert pause_where_too_much(T0 + HOUR) == [campaign.id]


def test_what_a_person_let_go_on_is_not_held_against_it_again(campaign: Campaign, lins_browser: FlaskClient) -> None:
    come_back(2)
    pause_where_too_much(T0 + HOUR)
    resume(campaign.id, T0 + 2 * HOUR)
    assert pause_where_too_much(T0 + 3 * HOUR) == []
    send(campaign, 10, "2")
    come_back(1)
    assert pause_where_too_much(T0 + 4 * HOUR) == [campaign.id]


def test_a_pause_by_a_person_tells_of_no_alarm(campaign: Campaign, lins_browser: FlaskClient) -> None:
    come_back(2)
    pause_where_too_much(T0 + HOUR)
    resume(campaign.id, T0 + 2 * HOUR)
    session().commit()
    lins_browser.post(f"/campaigns/{campaign.id}/pause")
    assert "It has paused itself" not in lins_browser.get(f"/campaigns/{campaign.id}").text
