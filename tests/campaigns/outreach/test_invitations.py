"""The page behind an invite link: whom it greets, where it leads, what it counts."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from campaigns.audience.actions import save_audience
from campaigns.outreach.actions import create_campaign, set_step, start
from campaigns.outreach.actions.planning import INVITATION, invite_links
from campaigns.outreach.models import Campaign
from campaigns.outreach.queries import opened
from crm.accounts.actions import join_by_link, publish_agreement
from crm.accounts.models import Agreement
from crm.core import clock, jobs
from crm.core.db import session
from crm.core.tokens import sign
from crm.groups.actions import ask_place, record_joins
from crm.groups.models import Membership, Place
from crm.groups.rules import PlaceState
from crm.invites.models import Invite
from crm.outbox.rules import Channel
from crm.people.models import Person
from tests import make
from tests.make import T0

READER = {"User-Agent": "Mozilla/5.0 (Android 14) Firefox/140"}


@pytest.fixture
def campaign(lin: Person) -> Campaign:
    return create_campaign("spring", save_audience("all", {}, at=T0).id, at=T0)


@pytest.fixture
def link(campaign: Campaign, bo: Person) -> str:
    found = invite_links(campaign, [(bo.id, "b", None)], T0)[bo.id]
    session().commit()
    return "/i/" + found.rpartition("/i/")[2]


def invite() -> Invite:
    session().expire_all()
    return session().scalars(select(Invite)).one()


def test_a_link_is_short_and_greets_its_person_in_their_language(client: FlaskClient, link: str, bo: Person) -> None:
    bo.language = "zh"
    session().commit()
    page = client.get(link, headers=READER)
    assert len(link) == len("/i/") + 10
    assert 'lang="zh-Hans"' in page.text
    assert "Bo" in page.text
    assert "English" in page.text, "the other language is one press away"
    assert page.headers["X-Robots-Tag"] == "noindex"


def test_an_opening_is_recorded_and_a_scanner_is_not(
    client: FlaskClient, link: str, campaign: Campaign, bo: Person, mallory: Person
) -> None:
    client.head(link, headers=READER)
    client.get(link, headers={**READER, "Sec-Purpose": "prefetch"})
    client.get(link, headers={"User-Agent": "curl/8"})
    assert opened([bo.id], campaign.id) == set()
    client.get(link, headers=READER)
    client.get(link, headers=READER)
    assert invite().opened == 2
    assert opened([bo.id, mallory.id], campaign.id) == {bo.id}


def test_a_press_counts_whatever_the_browser_says_of_itself(client: FlaskClient, link: str) -> None:
    make.group()
    session().commit()
    client.post(f"{link}/place", headers={"User-Agent": ""})
    assert invite().opened == 1


def test_an_old_signed_link_still_leads_to_the_same_person(client: FlaskClient, campaign: Campaign, bo: Person) -> None:
    old = "/i/" + sign(INVITATION, [campaign.id, bo.id])
    session().commit()
    assert "You are invited, Bo" in client.get(old, headers=READER).text
    assert invite().person_id == bo.id
    assert client.post(old).status_code == 302


def test_the_links_of_letters_carry_variant_and_person(link: str, bo: Person) -> None:
    assert (invite().variant, invite().person_id) == ("b", bo.id)


def test_guessing_ends_after_ten_wrong_links_an_hour(client: FlaskClient, link: str) -> None:
    for number in range(10):
        assert client.get(f"/i/22222222{number % 8 + 2}{number // 8 + 2}").status_code == 403
    assert client.get("/i/zzzzzzzzzz").status_code == 429
    assert client.get(link).status_code == 429, "nor does a right one answer now: that would tell that it is right"
    other = client.get(link, environ_overrides={"REMOTE_ADDR": "192.0.2.9"})
    assert other.status_code == 200


def test_broken_links_say_what_to_do(client: FlaskClient, link: str) -> None:
    assert "copy it whole" in client.get(link[:-1]).text


def test_without_groups_it_leads_to_the_sign_up(client: FlaskClient, link: str) -> None:
    page = client.get(link, headers=READER).text
    assert "Show me the group" not in page
    assert re.search(r'class="button primary"\s[^>]*>Read the agreement', page)


def test_looking_takes_no_place_and_a_press_takes_one(client: FlaskClient, link: str, bo: Person) -> None:
    group = make.group(kind="telegram", name="Orange", address="https://t.me/orange", capacity=5)
    session().commit()
    assert "https://t.me/orange" not in client.get(link, headers=READER).text
    assert session().scalar(select(func.count()).select_from(Place)) == 0
    client.post(f"{link}/place")
    page = client.get(link, headers=READER).text
    assert "https://t.me/orange" in page
    assert "QR code that opens the group" in page
    assert link.removeprefix("/i/") in page, "the code that tells the room who it is"
    held = session().scalars(select(Place)).one()
    assert (held.state, held.group_id, held.person_id) == (PlaceState.HELD, group.id, bo.id)


def test_i_have_joined_is_a_note_and_no_stay(client: FlaskClient, link: str) -> None:
    make.group(address="10001")
    session().commit()
    client.post(f"{link}/place")
    client.post(f"{link}/joined")
    assert invite().said_joined_at is not None
    assert session().scalar(select(func.count()).select_from(Membership)) == 0
    assert "You told us that you have joined" in client.get(link, headers=READER).text


def test_with_all_groups_full_it_leads_to_the_waiting_list(client: FlaskClient, link: str, mallory: Person) -> None:
    group = make.group(capacity=1)
    record_joins(group.id, [(mallory.id, T0)])
    session().commit()
    assert "Onto the waiting list" in client.get(link, headers=READER).text
    client.post(f"{link}/place")
    assert "You are number 1 on the list" in client.get(link, headers=READER).text


def test_a_join_is_put_down_to_the_link_that_was_opened_last(
    client: FlaskClient, link: str, campaign: Campaign, bo: Person
) -> None:
    client.get(link, headers=READER)
    group = make.group()
    record_joins(group.id, [(bo.id, clock.now())])
    stay = session().scalars(select(Membership)).one()
    assert (stay.origin_id, stay.invite_id) == (campaign.origin_id, invite().id)
    session().commit()
    assert "You are in this group" in client.get(link, headers=READER).text


def test_who_is_in_a_group_takes_no_second_place(client: FlaskClient, link: str, bo: Person) -> None:
    record_joins(make.group().id, [(bo.id, T0)])
    session().commit()
    client.post(f"{link}/place")
    assert session().scalar(select(func.count()).select_from(Place)) == 0


def test_a_sign_up_is_put_down_to_it_too(client: FlaskClient, link: str, campaign: Campaign) -> None:
    version = publish_agreement({"en": "Be kind."}, at=T0)
    session().commit()
    secret = client.post(link).location.rpartition("/")[2]
    join_by_link(secret, shown=version, at=clock.now())
    assert session().scalars(select(Agreement.origin_id)).one() == campaign.origin_id


def test_a_link_opens_no_account_that_is_there_already(client: FlaskClient, campaign: Campaign, ada: Person) -> None:
    found = invite_links(campaign, [(ada.id, "", None)], T0)[ada.id]
    session().commit()
    link = "/i/" + found.rpartition("/i/")[2]
    assert "Read the agreement" not in client.get(link, headers=READER).text
    assert client.post(link).location == "/sign-in"


def test_the_by_hand_page_shows_the_link_with_its_qr_code(lins_browser: FlaskClient, lin: Person, bo: Person) -> None:
    make.source(bo)
    made = create_campaign("by hand", save_audience("qq", {}, at=T0).id, at=T0)
    set_step(made.id, Channel.HAND, "qq", {"en": ("", "Hello {{ name }}: {{ link }}")})
    start(made.id, T0)
    session().commit()
    jobs.run_due.run()
    page = lins_browser.post(f"/campaigns/{made.id}/queue/next", follow_redirects=True).text
    assert 'src="data:image/svg+xml' in page
    assert f"/i/{invite().code}" in page


def test_the_link_of_somebody_merged_greets_who_stands_for_both(
    client: FlaskClient, link: str, bo: Person, mallory: Person
) -> None:
    bo.merged_into_id = mallory.id
    session().commit()
    assert "Mallory" in client.get(link, headers=READER).text


def test_the_page_asks_at_most_fifteen_questions(client: FlaskClient, link: str, bo: Person) -> None:
    for _number in range(30):
        make.group(kind="telegram", address="https://t.me/orange", capacity=3)
    ask_place(bo.id, at=T0)
    session().commit()
    asked: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_more: object) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            asked.append(statement)

    engine = session().connection().engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        client.get(link, headers=READER)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert 3 < len(asked) <= 15
