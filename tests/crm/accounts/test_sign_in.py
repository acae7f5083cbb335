"""Staff sign in with a password, and a second step if they want one; nobody learns whose address is known."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.accounts.actions import (
    TooManyTries,
    forgive_tries,
    note_try,
    renew_recovery_codes,
    set_password,
    switch_off,
    switch_on,
    use_code,
)
from crm.accounts.models import Attempt, Credential, SignInSession
from crm.accounts.rules import COOKIE, TRIES_PER_ADDRESS, TRIES_PER_MAIL, TRIES_WINDOW
from crm.core import clock
from crm.core.db import session
from crm.outbox.models import Letter
from crm.people.models import Person
from tests.make import T0

PASSWORD = "four plain words here"


@pytest.fixture
def credential(lin: Person) -> Credential:
    found = session().get_one(Credential, lin.id)
    set_password(found, PASSWORD, at=T0)
    session().commit()
    return found


def sign_in(client: FlaskClient, password: str = PASSWORD, mail: str = "lin@orange.example", **more: Any) -> Any:
    return client.post("/sign-in", data={"mail": mail, "password": password}, **more)


def told(answer: Any, *mails: str) -> str:
    """What a page says, without what differs from request to request."""
    page = answer.get_data(as_text=True)
    for mail in mails:
        page = page.replace(mail, "X")
    return re.sub(r'(csrf-token" content|csrf_token"\s+value)="[^"]*"', "", page)


def test_the_right_password_signs_in_with_a_careful_cookie(client: FlaskClient, credential: Credential) -> None:
    answer = sign_in(client)
    assert answer.status_code == 302
    cookie = next(value for value in answer.headers.getlist("Set-Cookie") if value.startswith(COOKIE))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert client.get("/settings/programme").status_code == 200


def test_the_cookie_is_secure_where_the_site_is(
    client: FlaskClient, credential: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(client.application.config, "SESSION_COOKIE_SECURE", True)
    cookie = next(v for v in sign_in(client).headers.getlist("Set-Cookie") if v.startswith(COOKIE))
    assert "Secure" in cookie


def test_a_wrong_password_an_unknown_address_and_a_tester_look_the_same(
    client: FlaskClient, credential: Credential, ada: Person
) -> None:
    session().commit()
    mails = ["lin@orange.example", "nobody@orange.example", ada.identities[0].value]
    pages = {told(sign_in(client, "not the right one", mail), mail) for mail in mails}
    assert len(pages) == 1
    assert "is not right" in pages.pop()


def test_no_password_writes_a_letter_to_a_tester_and_says_the_same_to_everybody(
    client: FlaskClient, ada: Person, bo: Person
) -> None:
    session().commit()
    addresses = [ada.identities[0].value, "bo@prospects.example", "nobody@orange.example"]
    assert len({told(sign_in(client, "", mail), mail) for mail in addresses}) == 1
    assert [letter.person_id for letter in session().scalars(select(Letter))] == [ada.id]


def test_after_ten_wrong_passwords_even_the_right_one_waits(client: FlaskClient, credential: Credential) -> None:
    for _ in range(TRIES_PER_MAIL):
        assert sign_in(client, "not the right one").status_code == 422
    answer = sign_in(client)
    assert answer.status_code == 429
    assert "too many tries" in answer.get_data(as_text=True)


def test_the_limit_of_a_mail_address_ends_with_its_window(credential: Credential) -> None:
    for _ in range(TRIES_PER_MAIL):
        note_try("lin@orange.example", "10.0.0.1", at=T0)
    with pytest.raises(TooManyTries):
        note_try("lin@orange.example", "10.0.0.2", at=T0 + TRIES_WINDOW - timedelta(seconds=1))
    note_try("lin@orange.example", "10.0.0.2", at=T0 + TRIES_WINDOW)


def test_a_machine_that_tries_many_addresses_is_stopped(database: Flask) -> None:
    for number in range(TRIES_PER_ADDRESS):
        note_try(f"{number}@orange.example", "10.0.0.1", at=T0)
    with pytest.raises(TooManyTries):
        note_try("another@orange.example", "10.0.0.1", at=T0)
    note_try("another@orange.example", "10.0.0.2", at=T0)


def test_the_right_password_forgives(database: Flask) -> None:
    for _ in range(TRIES_PER_MAIL - 1):
        note_try("lin@orange.example", "10.0.0.1", at=T0)
    forgive_tries("lin@orange.example", "10.0.0.1", at=T0)
    for _ in range(TRIES_PER_MAIL):
        note_try("lin@orange.example", "10.0.0.1", at=T0)


def test_no_address_is_kept_of_who_tried(database: Flask) -> None:
    """Tries are known by hashes: somebody who is forgotten must not stand there."""
    note_try("lin@orange.example", "10.0.0.1", at=T0)
    note_try("lin@orange.example", "10.0.0.1", at=T0, letters=True)
    keys = session().scalars(select(Attempt.key)).all()
    assert len(set(keys)) == 4
    assert not any(part in key for key in keys for part in ("lin", "orange", "10.0"))


def test_signing_out_ends_the_session_itself(client: FlaskClient, credential: Credential) -> None:
    sign_in(client)
    secret = client.get_cookie(COOKIE)
    assert secret is not None
    client.post("/sign-out")
    client.set_cookie(COOKIE, secret.value)
    assert client.get("/settings/programme").status_code == 302


def test_a_post_without_a_csrf_token_is_refused(
    client: FlaskClient, credential: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(client.application.config, "WTF_CSRF_ENABLED", True)
    assert sign_in(client).status_code == 400


def test_after_signing_in_one_is_where_one_wanted_to_be_but_never_elsewhere(
    client: FlaskClient, credential: Credential
) -> None:
    wanted = client.get("/settings/staff").headers["Location"]
    data = {"mail": credential.mail, "password": PASSWORD}
    assert client.post(wanted, data=data).headers["Location"] == "/settings/staff"
    client.post("/sign-out")
    elsewhere = client.post("/sign-in?next=//evil.example/", data=data)
    assert elsewhere.headers["Location"] == "/"


# ---------------------------------------------------------------- the second step


@pytest.fixture
def codes(credential: Credential) -> list[str]:
    secret = pyotp.random_base32()
    made = switch_on(credential, secret, pyotp.TOTP(secret).at(T0), at=T0)
    assert made is not None
    session().commit()
    return made


def code_at(credential: Credential, later: timedelta) -> str:
    assert credential.totp_secret
    return pyotp.TOTP(credential.totp_secret).at(T0 + later)


def test_a_code_is_used_once(credential: Credential, codes: list[str]) -> None:
    later = timedelta(minutes=5)
    code = code_at(credential, later)
    assert use_code(credential, code, at=T0 + later)
    session().expire_all()
    assert not use_code(credential, code, at=T0 + later)
    assert not use_code(credential, code, at=T0 + later + timedelta(seconds=20))


def test_a_clock_that_is_half_a_minute_off_is_forgiven_and_more_is_not(
    credential: Credential, codes: list[str]
) -> None:
    later = timedelta(minutes=5)
    assert not use_code(credential, code_at(credential, later - timedelta(seconds=90)), at=T0 + later)
    assert use_code(credential, code_at(credential, later - timedelta(seconds=30)), at=T0 + later)


def test_a_recovery_code_works_once_however_it_is_typed(credential: Credential, codes: list[str]) -> None:
    assert len(set(codes)) == 10
    assert use_code(credential, f" {codes[0].upper()} ", at=T0)
    assert not use_code(credential, codes[0], at=T0)
    assert use_code(credential, codes[1].replace("-", ""), at=T0)


FULL_WIDTH = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})


def test_a_code_works_as_a_chinese_keyboard_types_it(credential: Credential, codes: list[str]) -> None:
    later = timedelta(minutes=5)
    code = code_at(credential, later).translate(FULL_WIDTH)
    assert use_code(credential, f"{code[:3]}\u3000{code[3:]}\u00a0", at=T0 + later)
    assert use_code(credential, codes[0].upper().translate(FULL_WIDTH), at=T0)


@pytest.mark.parametrize("code", ["１２３４５６", "二三四五六七", "é", "🍊", "\ufffd", "١٢٣٤٥٦"])
def test_a_code_in_any_writing_is_refused_in_words(
    client: FlaskClient, credential: Credential, codes: list[str], lins_browser: FlaskClient, code: str
) -> None:
    page = sign_in(client).get_data(as_text=True)
    proof = page.split('name="proof"')[1].split('value="')[1].split('"')[0]
    assert client.post("/sign-in/second-step", data={"code": code, "proof": proof}).status_code == 422
    switch_off(credential, at=T0)
    session().commit()
    on = lins_browser.get("/settings/account/second-step").get_data(as_text=True)
    proof = on.split('name="proof"')[1].split('value="')[1].split('"')[0]
    answer = lins_browser.post("/settings/account/second-step", data={"code": code, "proof": proof})
    assert answer.status_code == 422


def test_new_recovery_codes_end_the_old_ones(credential: Credential, codes: list[str]) -> None:
    fresh = renew_recovery_codes(credential.person_id)
    assert not use_code(credential, codes[0], at=T0)
    assert use_code(credential, fresh[0], at=T0)


def test_the_password_alone_does_not_sign_in_when_the_second_step_is_on(
    client: FlaskClient, credential: Credential, codes: list[str]
) -> None:
    page = sign_in(client).get_data(as_text=True)
    assert client.get_cookie(COOKIE) is None
    proof = page.split('name="proof"')[1].split('value="')[1].split('"')[0]
    wrong = client.post("/sign-in/second-step", data={"code": "000000", "proof": proof})
    assert wrong.status_code == 422
    assert client.get_cookie(COOKIE) is None
    right = client.post("/sign-in/second-step", data={"code": codes[0], "proof": proof})
    assert right.status_code == 302
    assert client.get("/settings/programme").status_code == 200


def test_a_made_up_proof_is_refused(client: FlaskClient, credential: Credential, codes: list[str]) -> None:
    answer = client.post("/sign-in/second-step", data={"code": codes[0], "proof": "made-up"})
    assert answer.status_code == 403


def test_codes_can_be_tried_ten_times(client: FlaskClient, credential: Credential, codes: list[str]) -> None:
    page = sign_in(client).get_data(as_text=True)
    proof = page.split('name="proof"')[1].split('value="')[1].split('"')[0]
    tried = [
        client.post("/sign-in/second-step", data={"code": "000000", "proof": proof}).status_code
        for _ in range(TRIES_PER_MAIL + 1)
    ]
    assert tried == [422] * TRIES_PER_MAIL + [429]


def test_a_session_of_somebody_whose_account_ended_has_no_roles(client: FlaskClient, credential: Credential) -> None:
    sign_in(client)
    credential.disabled_at = clock.now()
    session().commit()
    assert client.get("/settings/programme").status_code == 403
    assert session().query(SignInSession).count() == 1
