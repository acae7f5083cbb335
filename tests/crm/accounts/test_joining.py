"""Becoming a tester: by the public page, by invitation, and leaving again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.accounts import queries
from crm.accounts.actions import (
    accept_agreement,
    confirm_address,
    end_agreement,
    invite_tester,
    publish_agreement,
)
from crm.accounts.actions.joining import LeftAlone, NoAddress
from crm.accounts.models import Agreement
from crm.accounts.queries import agreement_versions, is_tester, newest_version
from crm.accounts.rules import Role
from crm.core import clock
from crm.core.db import session
from crm.core.programme import Programme, SignUp
from crm.core.restand import Restand
from crm.outbox.models import Letter
from crm.people.actions import suppress
from crm.people.models import Identity, Origin, Person, Source
from crm.people.rules import SuppressionReason
from tests import make
from tests.cast import SignIn
from tests.crm.accounts.test_links import link_in_the_letter
from tests.make import T0

FORM = {"name": "小满", "mail": "Xiaoman@Testers.example", "language": "zh"}


@pytest.fixture
def opened(programme: Programme) -> Programme:
    programme.sign_up = SignUp.OPEN
    publish_agreement({"zh": "一起测试", "en": "Test with us"}, at=T0)
    session().commit()
    return programme


def newcomer() -> Person:
    identity = session().scalars(select(Identity).where(Identity.value == "xiaoman@testers.example")).one()
    return identity.person


def test_somebody_signs_up_confirms_and_accepts(client: FlaskClient, opened: Programme) -> None:
    assert client.post("/join", data=FORM).status_code == 200
    person = newcomer()
    assert (person.name, person.language) == ("小满", "zh")
    assert not is_tester(person.id)
    link = link_in_the_letter(person.id)
    assert "一起测试" in client.get(link, headers={"Accept-Language": "zh"}).get_data(as_text=True)
    assert not is_tester(person.id)
    assert client.post(link, data={"version": "1"}).status_code == 302
    agreement = session().scalars(select(Agreement)).one()
    assert agreement.version == 1
    assert session().get_one(Origin, agreement.origin_id).kind == "own_site"
    assert session().scalars(select(Source.basis)).one() == "signed up on our own page"
    assert client.get("/settings/account").status_code == 200


@pytest.mark.parametrize("shown", [{"version": "1"}, {"version": "0" * 5000}, {"version": "two"}, {}])
def test_who_read_an_older_agreement_is_shown_the_new_one_first(
    client: FlaskClient, opened: Programme, shown: dict[str, str]
) -> None:
    client.post("/join", data=FORM)
    person = newcomer()
    link = link_in_the_letter(person.id)
    assert 'name="version" value="1"' in client.get(link).get_data(as_text=True)
    publish_agreement({"zh": "新的一版", "en": "A new text"}, at=T0)
    session().commit()
    answer = client.post(link, data=shown)
    assert answer.status_code == 409
    page = answer.get_data(as_text=True)
    assert "A new text" in page
    assert "The agreement has changed" in page
    assert not is_tester(person.id)
    assert client.post(link, data={"version": "2"}).status_code == 302
    assert session().scalars(select(Agreement.version)).all() == [2]


def test_signing_up_twice_makes_one_person(client: FlaskClient, opened: Programme) -> None:
    for _ in range(2):
        client.post("/join", data=FORM)
    assert newcomer().id
    assert session().query(Letter).count() == 2


def test_what_we_know_of_a_person_is_not_changed_by_who_types_their_address(
    client: FlaskClient, opened: Programme, bo: Person
) -> None:
    session().commit()
    client.post("/join", data=FORM | {"name": "Somebody else", "mail": "bo@prospects.example"})
    session().expire_all()
    assert bo.name == "Bo"


def test_a_tester_who_signs_up_again_gets_the_way_in(client: FlaskClient, opened: Programme, ada: Person) -> None:
    session().commit()
    page = client.post("/join", data=FORM | {"mail": ada.identities[0].value})
    assert page.status_code == 200
    assert link_in_the_letter(ada.id).startswith("/sign-in/")


@pytest.mark.parametrize("mode", [SignUp.INVITE, SignUp.CLOSED])
def test_the_page_writes_to_nobody_while_it_is_not_open(client: FlaskClient, opened: Programme, mode: SignUp) -> None:
    opened.sign_up = mode
    session().commit()
    client.post("/join", data=FORM)
    assert session().query(Letter).count() == 0
    assert session().query(Person).count() == 0


def test_staff_invite_a_prospect_although_the_page_is_closed(
    client: FlaskClient, opened: Programme, bo: Person
) -> None:
    opened.sign_up = SignUp.CLOSED
    invite_tester(bo.id, at=clock.now())
    session().commit()
    client.post(link_in_the_letter(bo.id), data={"version": "1"})
    assert is_tester(bo.id)


def test_who_may_care_for_people_invites_from_the_persons_page(
    lins_browser: FlaskClient, sign_in: SignIn, bo: Person
) -> None:
    url = f"/people/{bo.id}/invite-tester"
    assert sign_in(make.staff("Rei", Role.RELEASE)).post(url).status_code == 403
    assert lins_browser.post(url).headers["Location"] == f"/people/{bo.id}"
    assert link_in_the_letter(bo.id).startswith("/join/")


def test_who_has_no_mail_address_cannot_be_invited_by_letter(mallory: Person) -> None:
    with pytest.raises(NoAddress):
        invite_tester(mallory.id, at=T0)


def test_who_asked_to_be_left_alone_is_not_invited(lins_browser: FlaskClient, bo: Person) -> None:
    suppress([bo.id], SuppressionReason.DECLINED, T0)
    session().commit()
    with pytest.raises(LeftAlone):
        invite_tester(bo.id, at=T0)
    assert "invite-tester" not in lins_browser.get(f"/people/{bo.id}").text
    assert lins_browser.post(f"/people/{bo.id}/invite-tester").status_code == 409
    assert session().query(Letter).count() == 0


def test_the_letter_leads_to_the_page_that_asked(bo: Person) -> None:
    confirm_address(bo.id, at=T0, page="/f/ABCD/")
    assert link_in_the_letter(bo.id).startswith("/f/ABCD/")


def test_many_accept_at_once_and_the_second_time_changes_nothing(programme: Programme) -> None:
    people = [make.person().id for _ in range(30)]
    assert accept_agreement(people, at=T0) == 30
    assert accept_agreement([*people, make.person().id], at=T0 + timedelta(days=1)) == 1
    assert session().query(Restand).filter(Restand.person_id.in_(people)).count() == 30
    assert set(session().scalars(queries.testers())) >= set(people)


def test_staff_are_no_testers_even_with_an_agreement(lin: Person) -> None:
    accept_agreement([lin.id], at=T0)
    assert list(session().scalars(queries.testers())) == []


def test_leaving_and_coming_back_are_both_kept(ada: Person) -> None:
    assert end_agreement(ada.id, at=T0, reason="moved on")
    assert not end_agreement(ada.id, at=T0, reason="again")
    assert not is_tester(ada.id)
    assert accept_agreement([ada.id], at=T0 + timedelta(days=9)) == 1
    assert session().query(Agreement).filter_by(person_id=ada.id).count() == 2


def test_a_new_version_is_the_one_to_accept_and_the_old_ones_stay_with_who_has_them(ada: Person, bo: Person) -> None:
    publish_agreement({"en": "one"}, at=T0)
    assert publish_agreement({"en": "two"}, at=T0) == newest_version() == 2
    accept_agreement([ada.id, bo.id], at=T0)
    assert [(version.version, version.running) for version in agreement_versions()] == [(2, 1), (1, 1)]
