"""Giving codes, seeing one's own, and a friend's whole way from the code to the agreement."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.accounts.actions import publish_agreement
from crm.accounts.queries import is_tester
from crm.core import clock
from crm.core.db import session
from crm.fcodes.actions import issue, redeem
from crm.fcodes.actions.issuing import LeftAlone
from crm.fcodes.models import FCode
from crm.fcodes.queries import find
from crm.fcodes.rules import grouped, with_check
from crm.outbox.models import Letter
from crm.people.actions import suppress
from crm.people.models import Identity, Person, Source
from crm.people.rules import SuppressionReason
from tests.cast import SignIn
from tests.make import T0

FRIEND = {"name": "Dee", "mail": "Dee@Friends.example"}


def code_of(giver: Person) -> str:
    now = clock.now()
    made = issue(giver.id, 1, at=now, expires_at=now + timedelta(days=30))[0]
    session().commit()
    return made


def link_in_letter() -> str:
    """The path of the link in the newest letter."""
    letter = session().scalars(select(Letter).order_by(Letter.id.desc())).first()
    assert letter is not None
    assert letter.values is not None
    found = re.search(r"https?://[^/]+(/\S+)", str(letter.values["link"]))
    assert found is not None
    return found[1]


def friend() -> Person | None:
    return session().scalar(
        select(Person).join(Identity, Identity.person_id == Person.id).where(Identity.value == "dee@friends.example")
    )


def test_a_friend_comes_by_a_code_confirms_the_address_and_becomes_a_tester(ada: Person, client: FlaskClient) -> None:
    code = code_of(ada)
    assert client.post("/f", data={"code": grouped(code).lower()}).location == f"/f/{grouped(code)}"
    assert "Ada" in client.get(f"/f/{grouped(code)}").text
    assert client.post(f"/f/{grouped(code)}", data=FRIEND).status_code == 200
    dee = friend()
    assert dee is not None
    assert not is_tester(dee.id)
    assert find(code).redeemed_at is None
    link = link_in_letter()
    assert link.startswith(f"/f/{grouped(code)}/")
    assert client.get(link).status_code == 200
    assert client.post(link, data={"version": "1"}).status_code == 302
    session().expire_all()
    assert is_tester(dee.id)
    assert find(code).redeemed_by_id == dee.id
    assert {source.recruiter_id for source in session().scalars(select(Source).where(Source.person_id == dee.id))} == {
        ada.id
    }
    assert client.get("/friends").status_code == 200


def test_a_friend_who_read_an_older_agreement_is_shown_the_new_one_first(ada: Person, client: FlaskClient) -> None:
    code = code_of(ada)
    client.post(f"/f/{grouped(code)}", data=FRIEND)
    link = link_in_letter()
    publish_agreement({"en": "one"}, at=clock.now())
    assert publish_agreement({"en": "A new text"}, at=clock.now()) == 2
    session().commit()
    answer = client.post(link, data={"version": "1"})
    assert answer.status_code == 409
    assert "A new text" in answer.text
    assert "The agreement has changed" in answer.text
    assert find(code).redeemed_at is None
    assert 'name="version" value="2"' in answer.text
    assert client.post(link, data={"version": "2"}).status_code == 302
    dee = friend()
    assert dee is not None
    assert is_tester(dee.id)


def test_of_two_friends_with_one_code_the_first_to_accept_gets_it(ada: Person, bo: Person, client: FlaskClient) -> None:
    code = code_of(ada)
    client.post(f"/f/{code}", data=FRIEND)
    link = link_in_letter()
    redeem(code, bo.id, at=clock.now())
    session().commit()
    answer = client.post(link, data={"version": "1"})
    assert answer.status_code == 409
    assert "redeemed already" in answer.text
    dee = friend()
    assert dee is not None
    assert not is_tester(dee.id)


def test_the_page_does_not_tell_who_is_a_tester(ada: Person, client: FlaskClient) -> None:
    code = code_of(ada)
    mail = session().scalars(select(Identity.value).where(Identity.person_id == ada.id)).one()
    known = client.post(f"/f/{code}", data={"name": "X", "mail": mail})
    unknown = client.post(f"/f/{code}", data=FRIEND)

    def said(page: str, address: str) -> str:
        """Without what tells the address that was typed, and the second in a form's token."""
        return re.sub(r'name="csrf_token"[^>]*', "", page.replace(address, ""))

    assert said(known.text, mail) == said(unknown.text, "dee@friends.example")
    assert find(code).redeemed_at is None


@pytest.mark.parametrize(
    ("typed", "status", "told"),
    [
        ("12345-6789", 422, "10 letters and digits"),
        ("12345-6789!", 422, "is in no F-code"),
        ("1234567890", 422, "One sign of this F-code is wrong"),
        (with_check("000000000"), 404, "There is no such F-code"),
    ],
)
def test_a_code_that_cannot_be_read_is_told_on_a_page_to_type_another(
    lin: Person, client: FlaskClient, typed: str, status: int, told: str
) -> None:
    session().commit()
    answer = client.get(f"/f/{typed}")
    assert answer.status_code == status
    assert told in answer.text
    assert 'name="code"' in answer.text


def test_guessing_codes_in_a_row_is_stopped(lin: Person, client: FlaskClient) -> None:
    session().commit()
    answers = [client.get(f"/f/{with_check(f'{number:09}')}").status_code for number in range(11)]
    assert answers[:10] == [404] * 10
    assert answers[10] == 429


def test_a_wrong_mail_address_is_named(ada: Person, client: FlaskClient) -> None:
    answer = client.post(f"/f/{code_of(ada)}", data={"name": "Dee", "mail": "dee at friends"})
    assert answer.status_code == 422
    assert friend() is None


def test_staff_give_codes_to_somebody_named_by_any_identity(bo: Person, lins_browser: FlaskClient) -> None:
    day = (clock.now() + timedelta(days=9)).date().isoformat()
    answer = lins_browser.post("/f-codes", data={"giver": "qq:10001", "count": "3", "last_day": day})
    assert answer.status_code == 302
    given = session().scalars(select(FCode)).all()
    assert [code.giver_id for code in given] == [bo.id] * 3
    # The whole of the last day, in the programme's zone (UTC+8).
    assert {code.expires_at.isoformat() for code in given} == {f"{date.fromisoformat(day)}T15:59:59+00:00"}
    assert f"{date.fromisoformat(day):%b} {date.fromisoformat(day).day}, " in lins_browser.get("/f-codes").text


def test_a_last_day_or_a_number_beyond_all_measure_is_refused_beside_the_field(lins_browser: FlaskClient) -> None:
    far = lins_browser.post("/f-codes", data={"giver": "#1", "count": "1", "last_day": "9999-12-31"})
    assert far.status_code == 422
    assert "last_day-error" in far.text
    day = (clock.now() + timedelta(days=9)).date().isoformat()
    large = lins_browser.post("/f-codes", data={"giver": "9" * 30, "count": "1", "last_day": day})
    assert large.status_code == 422


@pytest.mark.parametrize("giver", ["qq:99999", "nobody at all", "#4711"])
def test_codes_for_nobody_are_refused_beside_the_field(lin: Person, lins_browser: FlaskClient, giver: str) -> None:
    day = (clock.now() + timedelta(days=9)).date().isoformat()
    answer = lins_browser.post("/f-codes", data={"giver": giver, "count": "3", "last_day": day})
    assert answer.status_code == 422
    assert "giver-error" in answer.text


def test_staff_see_giver_and_friend_and_revoke(
    ada: Person, bo: Person, lins_browser: FlaskClient, adas_browser: FlaskClient
) -> None:
    spent, ready = code_of(ada), code_of(ada)
    redeem(spent, bo.id, at=clock.now())
    session().commit()
    page = lins_browser.get("/f-codes").text
    assert f"/people/{ada.id}" in page
    assert f"/people/{bo.id}" in page
    assert grouped(ready) in adas_browser.get("/friends").text
    assert lins_browser.post(f"/f-codes/{find(ready).id}/revoke").status_code == 302
    assert "revoked" in adas_browser.get("/friends").text
    assert grouped(ready) not in lins_browser.get("/f-codes?state=ready").text


def test_a_tester_sees_only_their_own_codes(ada: Person, bo: Person, adas_browser: FlaskClient) -> None:
    theirs = code_of(bo)
    assert grouped(theirs) not in adas_browser.get("/friends").text
    assert adas_browser.get("/f-codes").status_code == 403


def test_friends_is_for_testers(mallory: Person, sign_in: SignIn) -> None:
    assert sign_in(mallory).get("/friends").status_code == 403


def test_who_is_left_alone_is_given_no_codes(bo: Person, lins_browser: FlaskClient) -> None:
    suppress([bo.id], SuppressionReason.DECLINED, T0)
    session().commit()
    with pytest.raises(LeftAlone):
        issue(bo.id, 1, at=T0, expires_at=T0 + timedelta(days=9))
    answer = lins_browser.post("/f-codes", data={"giver": f"#{bo.id}", "count": "3"})
    assert answer.status_code == 422
    assert session().query(FCode).count() == 0
