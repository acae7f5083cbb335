"""Campaigns with senders of their own: people are shared out once and for all, and figures tell the senders apart."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.audience.actions import save_audience
from campaigns.outreach.actions import NewStep, Wait, advance, create_campaign, put_step, set_senders, start
from campaigns.outreach.models import Campaign
from campaigns.outreach.queries import steps_of
from campaigns.outreach.queries.preflight import preflight
from campaigns.outreach.queries.results import Cut, Figure, results
from campaigns.outreach.queries.senders import obstacle_of, senders_of
from campaigns.outreach.rules import sender_of
from crm.core import jobs
from crm.core.db import session
from crm.core.errors import MoveRefused, NotUnderstood
from crm.core.mailboxes import Tls
from crm.outbox import actions
from crm.outbox.actions import MailAccountDraft, deliver_due
from crm.outbox.models import Letter
from crm.outbox.rules import Channel
from crm.people.models import Person
from tests import make
from tests.make import T0

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
TEXTS = {"en": ("Hello", "Dear {{ name }}: {{ link }}")}


def mailbox(name: str, **more: object) -> int:
    fields: dict[str, object] = {
        "name": name, "from_name": "", "address": f"{name}@orange.example", "host": "127.0.0.1", "port": 25,
        "tls": Tls.NONE, "user": "", "password": None, "zone": "Asia/Shanghai", "fills_in": False, "per_hour": 10,
        "per_day": None, "domain_per_hour": None, "domain_per_day": None, "warm_from": None, "warm_first": None,
    }  # fmt: skip
    return actions.put_mail_account(None, MailAccountDraft(**(fields | more)), T0).id  # type: ignore[arg-type]  # as named


@pytest.fixture
def mailboxes(lin: Person) -> list[int]:
    return [mailbox(name) for name in ("one", "two", "three")]


@pytest.fixture
def campaign(lin: Person) -> Campaign:
    """A draft in two steps to sixty people."""
    for number in range(60):
        make.source(make.person(f"P{number}", identities={"email": f"p{number}@people.example"}, language="en"))
    made = create_campaign("spring", save_audience("all", {}, at=T0).id, at=T0)
    put_step(made.id, 1, NewStep(Channel.MAIL, "email", {"a": TEXTS}))
    put_step(made.id, 2, NewStep(Channel.MAIL, "email", {"a": TEXTS}, wait=Wait(24)))
    return made


def shared_out() -> dict[int, set[int | None]]:
    """By person, the senders of their letters."""
    found: dict[int, set[int | None]] = {}
    for person_id, sender_id in session().execute(select(Letter.person_id, Letter.sender_id)):
        found.setdefault(person_id, set()).add(sender_id)
    return found


def test_people_are_shared_out_evenly_and_stay_with_their_sender(campaign: Campaign, mailboxes: list[int]) -> None:
    set_senders(campaign.id, mailboxes[:2], at=T0)
    start(campaign.id, T0)
    session().commit()
    jobs.run_due.run()
    deliver_due(T0)
    advance(campaign.id, T0 + 2 * DAY)
    assert session().query(Letter).count() == 120
    assert all(len(senders) == 1 for senders in shared_out().values())
    counts = Counter(next(iter(senders)) for senders in shared_out().values())
    assert set(counts) == set(mailboxes[:2])
    assert min(counts.values()) > 15
    lines = {line.key: line.counts[Figure.SENT] for line in results(campaign, Cut.SENDER, 1)}
    assert lines == {"one": counts[mailboxes[0]], "two": counts[mailboxes[1]]}


def test_when_a_sender_is_given_up_only_its_people_move() -> None:
    before = {person: sender_of(7, person, [1, 2, 3]) for person in range(3000)}
    after = {person: sender_of(7, person, [1, 3]) for person in range(3000)}
    moved = [person for person in before if before[person] != after[person]]
    assert {before[person] for person in moved} == {2}
    assert 900 < len(moved) < 1100
    assert 400 < sum(after[person] == 1 for person in moved) < 600
    assert sender_of(7, 1, []) is None


def test_senders_are_chosen_while_it_is_a_draft_among_those_in_use(campaign: Campaign, mailboxes: list[int]) -> None:
    set_senders(campaign.id, mailboxes, at=T0)
    actions.retire_mail_account(mailboxes[0], T0)
    assert [sender.name for sender in senders_of(campaign.id)] == ["three", "two"]
    set_senders(campaign.id, mailboxes[1:], at=T0)
    with pytest.raises(NotUnderstood):
        set_senders(campaign.id, [mailboxes[0]], at=T0)
    start(campaign.id, T0)
    with pytest.raises(MoveRefused):
        set_senders(campaign.id, [], at=T0)


def test_the_time_it_takes_is_that_of_its_senders_together(campaign: Campaign, mailboxes: list[int]) -> None:
    step = steps_of(campaign.id)[0]
    assert preflight(campaign, step, T0).takes is None, "the server that all share has no limits"
    set_senders(campaign.id, mailboxes[:1], at=T0)
    alone = preflight(campaign, step, T0).takes
    set_senders(campaign.id, mailboxes, at=T0)
    together = preflight(campaign, step, T0).takes
    assert alone is not None
    assert together is not None
    assert 5 * HOUR < alone <= 6 * HOUR
    assert HOUR < together <= 2 * HOUR


def test_senders_of_its_own_need_no_common_server(
    campaign: Campaign, mailboxes: list[int], database: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(database.config, "SMTP_URL", "")
    assert obstacle_of(campaign) == "no_server"
    set_senders(campaign.id, mailboxes, at=T0)
    assert obstacle_of(campaign) == ""


def test_a_form_chooses_senders_and_the_campaign_names_them(
    campaign: Campaign, mailboxes: list[int], lins_browser: FlaskClient
) -> None:
    address = f"/campaigns/{campaign.id}/edit"
    assert "three" in lins_browser.get(address).text
    typed = {
        "name": "spring", "audience_id": str(campaign.audience_id), "channel": "mail", "identity_kind": "qq",
        "subject_en": "Hello", "body_en": "Dear {{ name }}: {{ link }}",
    }  # fmt: skip
    chosen = [str(number) for number in mailboxes[:2]]
    page = lins_browser.post(address, data=typed | {"senders": chosen}, follow_redirects=True).text
    assert "one, two" in page
    assert lins_browser.get(address).text.count(" checked") >= 3
    assert "one, two" not in lins_browser.post(address, data=typed, follow_redirects=True).text
