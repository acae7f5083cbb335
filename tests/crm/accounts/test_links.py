"""Links from letters: looking uses nothing up, the button does, once and in time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.accounts.actions import (
    LinkSpent,
    end_staff,
    invite_staff,
    is_right,
    make_link,
    make_sign_in_link,
    set_password,
    use_link,
)
from crm.accounts.models import AccountLink, Credential
from crm.accounts.rules import COOKIE, LINK_LIVES, LINK_PAGES, LinkKind, Role
from crm.core import clock
from crm.core.db import session
from crm.outbox.models import Letter
from crm.outbox.rules import Lane
from crm.people.models import Person
from tests.make import T0

NEW = "another four plain words"


def path(link: str) -> str:
    return "/" + link.partition("://")[2].partition("/")[2]


def link_in_the_letter(person_id: int) -> str:
    letter = session().scalars(select(Letter).where(Letter.person_id == person_id)).one()
    assert letter.lane is Lane.ASKED
    assert letter.values
    return path(letter.values["link"])


@pytest.mark.parametrize("kind", list(LinkKind))
def test_a_link_works_once(ada: Person, kind: LinkKind) -> None:
    secret = make_link(kind, ada.id, at=T0)
    assert use_link(kind, secret, at=T0) == ada.id
    with pytest.raises(LinkSpent):
        use_link(kind, secret, at=T0)


@pytest.mark.parametrize("kind", list(LinkKind))
def test_a_link_works_in_its_time_and_no_longer(ada: Person, kind: LinkKind) -> None:
    secret = make_link(kind, ada.id, at=T0)
    with pytest.raises(LinkSpent):
        use_link(kind, secret, at=T0 + LINK_LIVES[kind])
    assert use_link(kind, secret, at=T0 + LINK_LIVES[kind] - timedelta(seconds=1)) == ada.id


def test_a_link_of_one_kind_is_none_of_another(lin: Person) -> None:
    secret = make_link(LinkKind.SIGN_IN, lin.id, at=T0)
    for kind in set(LinkKind) - {LinkKind.SIGN_IN}:
        with pytest.raises(LinkSpent):
            use_link(kind, secret, at=T0)


def test_a_newer_link_ends_the_older_ones(ada: Person) -> None:
    older, newer = (make_link(LinkKind.SIGN_IN, ada.id, at=T0) for _ in range(2))
    with pytest.raises(LinkSpent):
        use_link(LinkKind.SIGN_IN, older, at=T0)
    assert use_link(LinkKind.SIGN_IN, newer, at=T0) == ada.id


def test_a_mail_scanner_that_opens_the_link_does_not_use_it(client: FlaskClient, ada: Person) -> None:
    link = path(make_sign_in_link(ada.id, at=clock.now()))
    session().commit()
    for _ in range(3):
        assert client.get(link).status_code == 200
        assert client.get_cookie(COOKIE) is None
    assert client.post(link).status_code == 302
    assert client.get("/settings/account").status_code == 200
    assert client.post(link).status_code == 403
    assert client.get(link).status_code == 403


def test_a_tester_signs_in_by_the_letter_asked_for(client: FlaskClient, ada: Person) -> None:
    session().commit()
    client.post("/sign-in", data={"mail": ada.identities[0].value, "password": ""})
    assert client.post(link_in_the_letter(ada.id)).status_code == 302
    assert client.get("/settings/account").status_code == 200
    assert client.get("/settings/staff").status_code == 403


def test_staff_who_ask_for_a_link_are_told_to_use_their_password(client: FlaskClient, lin: Person) -> None:
    session().commit()
    client.post("/sign-in", data={"mail": "lin@orange.example", "password": ""})
    assert link_in_the_letter(lin.id) == "/sign-in"


def test_only_three_letters_leave_in_a_quarter_of_an_hour(client: FlaskClient, ada: Person) -> None:
    session().commit()
    mail = ada.identities[0].value
    answers = [client.post("/sign-in", data={"mail": mail, "password": ""}).status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]
    assert session().query(Letter).count() == 3


def test_an_invitation_sets_the_first_password_and_signs_in(client: FlaskClient, lin: Person) -> None:
    rei = invite_staff("Rei", "rei@orange.example", [Role.RELEASE], at=clock.now())
    session().commit()
    link = link_in_the_letter(rei.id)
    assert client.get(link).status_code == 200
    assert client.post(link, data={"password": NEW, "again": NEW}).status_code == 302
    assert client.get("/settings/account").status_code == 200
    session().expire_all()
    assert is_right(session().get_one(Credential, rei.id).password_hash, NEW)


@pytest.mark.parametrize("weak", ["short", "aaaaaaaaaaaaaaa", "lin@orange.example"])
def test_a_weak_password_is_refused_and_the_link_not_used(client: FlaskClient, lin: Person, weak: str) -> None:
    link = "/invitation/" + make_link(LinkKind.INVITATION, lin.id, at=clock.now())
    session().commit()
    assert client.post(link, data={"password": weak, "again": weak}).status_code == 422
    assert client.post(link, data={"password": NEW, "again": NEW}).status_code == 302


def test_a_lost_password_is_replaced_and_every_browser_signed_out(
    client: FlaskClient, lins_browser: FlaskClient, lin: Person
) -> None:
    set_password(session().get_one(Credential, lin.id), "the old and lost one", at=T0)
    session().commit()
    told = {
        client.post("/lost-password", data={"mail": mail}).status_code
        for mail in ("lin@orange.example", "nobody@orange.example")
    }
    assert told == {200}
    link = link_in_the_letter(lin.id)
    assert link.startswith("/new-password/")
    assert client.post(link, data={"password": NEW, "again": NEW}).status_code == 302
    session().expire_all()
    assert is_right(session().get_one(Credential, lin.id).password_hash, NEW)
    assert lins_browser.get("/settings/account").status_code == 302


def test_a_new_password_does_not_step_over_the_second_step(client: FlaskClient, lin: Person) -> None:
    credential = session().get_one(Credential, lin.id)
    set_password(credential, "the old and lost one", at=T0)
    credential.totp_secret = "JBSWY3DPEHPK3PXP"
    link = "/new-password/" + make_link(LinkKind.RESET_PASSWORD, lin.id, at=clock.now())
    session().commit()
    client.post(link, data={"password": NEW, "again": NEW})
    assert client.get_cookie(COOKIE) is None


def test_no_link_opens_an_account_that_has_ended(client: FlaskClient, lin: Person) -> None:
    rei = invite_staff("Rei", "rei@orange.example", [Role.RELEASE], at=clock.now())
    session().commit()
    link = link_in_the_letter(rei.id)
    sign_in_link = "/sign-in/" + make_link(LinkKind.SIGN_IN, rei.id, at=clock.now())
    end_staff(rei.id, at=clock.now())
    session().commit()
    assert client.get(link).status_code == client.get(sign_in_link).status_code == 403
    assert client.post(link, data={"password": NEW, "again": NEW}).status_code == 403
    assert session().get_one(Credential, rei.id).password_hash is None


@pytest.mark.parametrize("kind", [LinkKind.INVITATION, LinkKind.RESET_PASSWORD])
def test_a_link_made_for_an_ended_account_says_so(client: FlaskClient, lin: Person, kind: LinkKind) -> None:
    rei = invite_staff("Rei", "rei@orange.example", [Role.RELEASE], at=clock.now())
    end_staff(rei.id, at=clock.now())
    link = LINK_PAGES[kind] + make_link(kind, rei.id, at=clock.now())  # as one from before accounts spent theirs
    session().commit()
    for answer in (client.get(link), client.post(link, data={"password": NEW, "again": NEW})):
        assert answer.status_code == 403
        assert "account no longer works" in answer.get_data(as_text=True)
    session().expire_all()
    assert session().get_one(Credential, rei.id).password_hash is None


def test_who_has_no_account_any_more_gets_no_link_from_staff_or_command(
    database: Flask, lins_browser: FlaskClient, lin: Person
) -> None:
    rei = invite_staff("Rei", "rei@orange.example", [Role.RELEASE], at=clock.now())
    end_staff(rei.id, at=clock.now())
    session().commit()
    assert lins_browser.post(f"/settings/staff/{rei.id}/invite").status_code == 409
    assert lins_browser.post(f"/settings/staff/{rei.id}", data={"roles": ["admin"]}).status_code == 409
    told = database.test_cli_runner().invoke(args=["accounts", "reset", "--mail", "rei@orange.example"])
    assert told.exit_code == 1
    assert "has ended" in told.output
    assert session().query(AccountLink).filter(AccountLink.expires_at > clock.now()).count() == 0


def test_a_made_up_link_is_refused(database: Flask, client: FlaskClient, lin: Person) -> None:
    session().commit()
    for page in ("/sign-in/x", "/invitation/x", "/new-password/x", "/join/x"):
        assert client.get(page).status_code == 403
