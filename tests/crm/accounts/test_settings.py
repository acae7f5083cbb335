"""The Settings pages: the programme, staff, agreement, tokens, journal and one's own account."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, update

from crm.accounts.actions import (
    LastAdmin,
    add_staff,
    change_roles,
    end_staff,
    make_api_token,
    open_session,
    set_password,
)
from crm.accounts.models import ApiToken, Attempt, Credential, SignInSession
from crm.accounts.queries import credential_of, newest_version, roles_of, viewer_of_token
from crm.accounts.rules import SCOPE_NEEDS, TRIES_PER_MAIL, Role, Scope
from crm.core import clock
from crm.core.db import db, session
from crm.core.guards import May
from crm.core.journal import JournalEntry
from crm.core.programme import Programme, SignUp
from crm.outbox.models import Letter
from crm.people.models import Person
from crm.schedule import EVERY
from tests import make
from tests.cast import SignIn
from tests.make import T0

PASSWORD = "four plain words here"
SETTINGS = {
    "name": "Orange II",
    "zone": "Europe/Berlin",
    "languages": ["en"],
    "first_language": "en",
    "postal_address": "2 Seed Street",
    "mail_from": "Seeds@Orange.example",
    "sign_up": "open",
}


def entries(action: str) -> list[JournalEntry]:
    return list(session().scalars(select(JournalEntry).where(JournalEntry.action == action)))


def test_the_programme_is_changed_and_the_journal_says_what(lins_browser: FlaskClient, lin: Person) -> None:
    assert lins_browser.post("/settings/programme", data=SETTINGS).status_code == 302
    session().expire_all()
    made = session().scalars(select(Programme)).one()
    assert (made.name, made.zone, made.languages) == ("Orange II", "Europe/Berlin", ["en"])
    assert (made.sign_up, made.mail_from) == (SignUp.OPEN, "seeds@orange.example")
    (entry,) = entries("accounts.change_programme")
    assert entry.actor_id == lin.id
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.before["zone"], entry.after["zone"]) == ("Asia/Shanghai", "Europe/Berlin")
    assert lins_browser.post("/settings/programme", data=SETTINGS).status_code == 302
    assert len(entries("accounts.change_programme")) == 1


def test_a_held_programme_is_let_go_on_by_an_admin_only(
    lins_browser: FlaskClient, programme: Programme, sign_in: SignIn
) -> None:
    session().execute(update(Programme).values(held_at=T0))
    session().commit()
    rei = sign_in(make.staff("Rei", Role.COMMUNITY))
    assert rei.post("/programme/let-time-go-on").status_code == 403
    assert lins_browser.post("/programme/let-time-go-on").status_code == 302
    session().expire_all()
    assert session().scalars(select(Programme.held_at)).one() is None
    assert len(entries("accounts.let_time_go_on")) == 1


def test_letting_time_go_on_wakes_all_that_stood_still(
    lins_browser: FlaskClient, programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    session().execute(update(Programme).values(held_at=T0))
    session().commit()
    woken: list[str] = []
    monkeypatch.setattr("crm.core.wake.current_app.send_task", lambda task, **_more: woken.append(task))
    lins_browser.post("/programme/let-time-go-on")
    assert set(woken) == set(EVERY)


# ---------------------------------------------------------------- staff


def test_an_invitation_leaves_and_is_in_the_journal(lins_browser: FlaskClient) -> None:
    form = {"name": "Rei", "mail": "rei@orange.example", "roles": ["release", "community"]}
    assert lins_browser.post("/settings/staff", data=form).status_code == 302
    rei = session().scalars(select(Person).where(Person.name == "Rei")).one()
    assert roles_of(rei.id) == {Role.RELEASE, Role.COMMUNITY}
    assert session().scalars(select(Letter.person_id)).all() == [rei.id]
    (entry,) = [entry for entry in entries("accounts.add_staff") if entry.about_id == rei.id]
    assert entry.after == {"name": "Rei", "mail": "rei@orange.example", "roles": ["community", "release"]}
    again = lins_browser.post("/settings/staff", data=form)
    assert again.status_code == 422
    assert "a member of staff already" in again.get_data(as_text=True)


def test_a_tester_who_becomes_staff_stays_the_same_person(ada: Person) -> None:
    mail = ada.identities[0].value
    assert add_staff("Ada Ito", mail, [Role.RELEASE], at=T0).id == ada.id
    assert (ada.name, ada.is_staff) == ("Ada", True)


def test_roles_are_changed_with_before_and_after(lins_browser: FlaskClient) -> None:
    rei = make.staff("Rei", Role.COMMUNITY)
    session().commit()
    lins_browser.post(f"/settings/staff/{rei.id}", data={"roles": ["release"]})
    assert roles_of(rei.id) == {Role.RELEASE}
    (entry,) = entries("accounts.change_roles")
    assert (entry.before, entry.after) == ({"roles": ["community"]}, {"roles": ["release"]})


def test_the_last_admin_can_neither_end_nor_lose_the_role(lin: Person) -> None:
    with pytest.raises(LastAdmin):
        end_staff(lin.id, at=T0)
    with pytest.raises(LastAdmin):
        change_roles(lin.id, [Role.RELEASE], at=T0)
    make.staff("Rei", Role.ADMIN)
    change_roles(lin.id, [Role.RELEASE], at=T0)
    assert roles_of(lin.id) == {Role.RELEASE}


def test_an_account_that_ends_is_signed_out_at_once_and_can_come_back(
    lins_browser: FlaskClient, sign_in: SignIn
) -> None:
    rei = make.staff("Rei", Role.COMMUNITY)
    browser = sign_in(rei)
    assert browser.get("/settings/account").status_code == 200
    lins_browser.post(f"/settings/staff/{rei.id}/end")
    assert browser.get("/settings/account").status_code == 302
    form = {"name": "Rei", "mail": "rei@orange.example", "roles": ["community"]}
    assert lins_browser.post("/settings/staff", data=form).status_code == 302
    session().expire_all()
    assert rei.is_staff


# ---------------------------------------------------------------- agreement


def test_a_new_version_needs_every_language(lins_browser: FlaskClient) -> None:
    assert lins_browser.post("/settings/agreement", data={"text-zh": "一", "text-en": " "}).status_code == 422
    assert newest_version() == 1
    lins_browser.post("/settings/agreement", data={"text-zh": "一", "text-en": "one"})
    lins_browser.post("/settings/agreement", data={"text-zh": "二", "text-en": "two"})
    assert newest_version() == 2
    assert "二" in lins_browser.get("/settings/agreement").get_data(as_text=True)


# ---------------------------------------------------------------- API tokens


def test_a_token_is_shown_once_and_kept_as_a_digest(lins_browser: FlaskClient, lin: Person) -> None:
    form = {"name": "reports", "scopes": ["people:read"]}
    page = lins_browser.post("/settings/api-tokens", data=form).get_data(as_text=True)
    token = page.split('id="new-token"')[1].split('value="')[1].split('"')[0]
    viewer = viewer_of_token(token)
    assert viewer is not None
    assert viewer.person_id == lin.id
    assert viewer.scopes == frozenset({"people:read"})
    assert token not in lins_browser.get("/settings/api-tokens").get_data(as_text=True)
    row = session().scalars(select(ApiToken)).one()
    assert token not in (row.digest, row.name)
    lins_browser.post(f"/settings/api-tokens/{row.id}/revoke")
    assert viewer_of_token(token) is None


def test_nobody_revokes_the_token_of_somebody_else(adas_browser: FlaskClient, lin: Person) -> None:
    token = make_api_token(lin.id, "reports", [Scope.PEOPLE_READ], at=T0)
    session().commit()
    row = session().scalars(select(ApiToken)).one()
    assert adas_browser.post(f"/settings/api-tokens/{row.id}/revoke").status_code == 404
    assert viewer_of_token(token) is not None


def test_a_tester_is_offered_check_ins_only_and_cannot_ask_for_more(adas_browser: FlaskClient) -> None:
    page = adas_browser.get("/settings/api-tokens").get_data(as_text=True)
    assert 'value="check-ins:write"' in page
    assert 'value="people:read"' not in page
    more = {"name": "x", "scopes": ["people:read"]}
    assert adas_browser.post("/settings/api-tokens", data=more).status_code == 422


@pytest.mark.parametrize("scope", list(Scope))
def test_a_token_never_reaches_further_than_its_owner(lin: Person, ada: Person, scope: Scope) -> None:
    of_staff = viewer_of_token(make_api_token(lin.id, "x", [scope], at=T0))
    of_tester = viewer_of_token(make_api_token(ada.id, "x", [scope], at=T0))
    assert of_staff is not None
    assert of_tester is not None
    assert of_staff.has_scope(scope)
    assert of_tester.has_scope(scope) is (SCOPE_NEEDS[scope] is None)
    assert not any(of_staff.has_scope(other) for other in set(Scope) - {scope})
    assert not any(of_staff.may(permission) for permission in May)


# ---------------------------------------------------------------- the journal


def test_the_journal_pages_by_key_and_filters(lins_browser: FlaskClient, lin: Person) -> None:
    for number in range(120):
        actor = lin.id if number % 2 else None
        session().add(
            JournalEntry(
                at=T0 + timedelta(minutes=number),
                actor_id=actor,
                actor_name="Lin" if actor else "",
                action=f"test.deed_{number:03}",
                subject=f"person:{number}" if number < 60 else "programme:1",
                before={"name": "old"},
                after={"name": "<b>new</b>"},
            )
        )
    session().commit()
    first = lins_browser.get("/settings/journal").get_data(as_text=True)
    assert "deed 119" in first
    assert "deed 060" not in first
    assert "&lt;b&gt;new&lt;/b&gt;" in first
    older = first.split('rel="next"')[1].split('href="')[1].split('"')[0].replace("&amp;", "&")
    assert "deed 060" in lins_browser.get(older).get_data(as_text=True)
    one = lins_browser.get("/settings/journal?subject=person:7").get_data(as_text=True)
    assert "deed 007" in one
    assert "deed 008" not in one
    hers = lins_browser.get(f"/settings/journal?actor={lin.id}&subject=programme").get_data(as_text=True)
    assert "deed 119" in hers
    assert "deed 118" not in hers


@pytest.mark.parametrize("actor", ["9" * 30, "9" * 5000, "-1", "nobody"])
def test_an_actor_that_nobody_can_be_finds_nothing(lins_browser: FlaskClient, lin: Person, actor: str) -> None:
    session().add(JournalEntry(at=T0, actor_id=lin.id, actor_name="Lin", action="test.deed", subject="person:1"))
    session().commit()
    answer = lins_browser.get("/settings/journal", query_string={"actor": actor})
    assert answer.status_code == 200
    assert "No change fits" in answer.get_data(as_text=True)


# ---------------------------------------------------------------- one's own account


@pytest.fixture
def credential(lin: Person) -> Credential:
    found = session().get_one(Credential, lin.id)
    set_password(found, PASSWORD, at=T0)
    session().commit()
    return found


def test_a_changed_password_signs_out_the_other_browsers(
    credential: Credential, lins_browser: FlaskClient, lin: Person, sign_in: SignIn
) -> None:
    other = sign_in(lin)
    new = {"current": PASSWORD, "password": "another four plain words", "again": "another four plain words"}
    wrong = lins_browser.post("/settings/account/password", data=new | {"current": "not the one"})
    assert wrong.status_code == 422
    assert lins_browser.post("/settings/account/password", data=new).status_code == 302
    assert lins_browser.get("/settings/account").status_code == 200
    assert other.get("/settings/account").status_code == 302


def test_the_right_password_is_no_try(credential: Credential, lins_browser: FlaskClient, sign_in: SignIn) -> None:
    """However often somebody changes something that asks for it, signing in elsewhere stays open."""
    data = {"current": PASSWORD, "password": PASSWORD, "again": PASSWORD}
    answers = {
        lins_browser.post("/settings/account/password", data=data).status_code for _ in range(TRIES_PER_MAIL + 1)
    }
    assert answers == {302}
    assert session().query(Attempt).count() == 0


def test_the_second_step_is_switched_on_with_a_code_and_off_with_the_password(
    credential: Credential, lins_browser: FlaskClient, lin: Person
) -> None:
    page = lins_browser.get("/settings/account/second-step").get_data(as_text=True)
    secret = page.split('id="totp-secret"')[1].split('value="')[1].split('"')[0]
    proof = page.split('name="proof"')[1].split('value="')[1].split('"')[0]
    assert "data:image/svg+xml;base64," in page
    url = "/settings/account/second-step"
    assert lins_browser.post(url, data={"code": "000000", "proof": proof}).status_code == 422
    right = lins_browser.post(url, data={"code": pyotp.TOTP(secret).at(clock.now()), "proof": proof})
    assert right.get_data(as_text=True).count("-") > 30
    session().expire_all()
    assert session().get_one(Credential, lin.id).totp_secret == secret
    off = "/settings/account/second-step/off"
    assert lins_browser.post(off, data={"current": "not the one"}).status_code == 422
    assert lins_browser.post(off, data={"current": PASSWORD, "do": "codes"}).status_code == 200
    assert lins_browser.post(off, data={"current": PASSWORD}).status_code == 302
    session().expire_all()
    found = credential_of(lin.id)
    assert found is not None
    assert not found.totp_secret


def test_one_ends_ones_own_sessions_only(adas_browser: FlaskClient, ada: Person, lin: Person) -> None:
    open_session(lin.id, as_staff=True, at=clock.now())
    open_session(ada.id, as_staff=False, at=clock.now(), agent="Mozilla/5.0 (Windows NT) Firefox/140.0")
    session().commit()
    page = adas_browser.get("/settings/account").get_data(as_text=True)
    assert "Firefox, Windows" in page
    ids = {row.person_id: row.id for row in session().scalars(select(SignInSession).order_by(SignInSession.id))}
    assert adas_browser.post(f"/settings/account/sessions/{ids[lin.id]}/end").status_code == 404
    assert adas_browser.post(f"/settings/account/sessions/{ids[ada.id]}/end").status_code == 302
    open_session(ada.id, as_staff=False, at=clock.now())
    session().commit()
    adas_browser.post("/settings/account/sessions/end-others")
    open_ones = select(SignInSession.id).where(SignInSession.person_id == ada.id, SignInSession.revoked_at.is_(None))
    assert len(session().scalars(open_ones).all()) == 1


def test_ones_language_is_that_of_pages_and_letters(adas_browser: FlaskClient, ada: Person) -> None:
    adas_browser.post("/settings/account/language", data={"language": "zh"})
    session().expire_all()
    assert ada.language == "zh"
    assert "我的账号" in adas_browser.get("/settings/account").get_data(as_text=True)


@pytest.mark.parametrize("page", ["account", "api-tokens", "programme", "staff", "agreement", "journal"])
def test_every_settings_page_is_shown_within_fifteen_questions(
    database: Flask, lins_browser: FlaskClient, page: str
) -> None:
    asked: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    answer = lins_browser.get(f"/settings/{page}")
    event.remove(db.engine, "before_cursor_execute", note)
    assert answer.status_code == 200
    assert len(asked) <= 15


def test_the_tab_stays_marked_after_a_token_was_made(lins_browser: FlaskClient) -> None:
    page = lins_browser.post("/settings/api-tokens", data={"name": "updater", "scopes": ["check-ins:write"]})
    assert 'href="/settings/api-tokens" aria-current="page"' in " ".join(page.text.split())
