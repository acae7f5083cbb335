from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.accounts.rules import Role
from crm.core import clock, programme
from crm.core.db import session
from crm.core.programme import Programme
from crm.core.tokens import sign, whole_address
from crm.outbox.actions import NewTouch, deliver_due, put_wording, record_touches, sweep_leases, take_due, write_letter
from crm.outbox.models import Contact, Letter, Touch
from crm.outbox.queries.history import touches_of
from crm.outbox.queries.rendering import REFUSE
from crm.outbox.rules import Direction, Lane, LetterState, Outcome
from crm.outbox.tasks import send_due
from crm.people.models import Person
from crm.people.queries import suppressed
from tests import make
from tests.cast import SignIn
from tests.make import T0


@pytest.fixture
def letter(bo: Person) -> int:
    put_wording("notice", "zh", "{{ name }}，你好", "链接：{{ link }}", T0)
    values = {"name": "Bo", "link": "http://example.test/r/1"}
    made = write_letter(bo.id, "notice:1", "notice", values, lane=Lane.NOTICE, at=T0)
    assert made is not None
    return made


def test_the_mailbox_page_shows_letters_and_opens_one(letter: int, lins_browser: FlaskClient) -> None:
    assert "Bo，你好" in lins_browser.get("/letters").text
    page = lins_browser.get(f"/letters/{letter}").text
    assert "http://example.test/r/1" in page
    assert "1 Seed Street, Beijing" in page
    assert "List-Unsubscribe-Post" in page


def test_the_list_says_subjects_as_their_readers_see_them(bo: Person, lins_browser: FlaskClient) -> None:
    put_wording("named", "en", "{{ programme }} writes to {{ name }}", "x", T0)
    write_letter(bo.id, "named:1", "named", {"name": "Bo"}, lane=Lane.NOTICE, at=T0)
    assert f"{programme.required().name} writes to Bo" in lins_browser.get("/letters").text


def test_letters_are_filtered_by_state(letter: int, lins_browser: FlaskClient) -> None:
    assert "Bo" in lins_browser.get("/letters?state=queued").text
    assert "No letter like this" in lins_browser.get("/letters?state=bounced").text


def test_a_get_never_unsubscribes_but_the_button_does(letter: int, bo: Person, client: FlaskClient) -> None:
    session().commit()
    address = f"/u/{sign(REFUSE, letter)}"
    assert "<button" in client.get(address).text
    session().commit()
    assert suppressed([bo.id]) == set()
    answer = client.post(address, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    session().commit()
    assert suppressed([bo.id]) == {bo.id}
    assert session().get_one(Letter, letter).state is LetterState.CANCELLED
    client.post(address)
    session().commit()
    assert [touch.outcome for touch in session().query(Touch)] == [Outcome.REFUSED]


def test_a_forged_address_unsubscribes_nobody(letter: int, bo: Person, client: FlaskClient) -> None:
    session().commit()
    assert client.post(f"/u/{sign('other', letter)}").status_code == 403
    assert suppressed([bo.id]) == set()


def uncertain(letter: int) -> None:
    now = clock.now()
    assert len(take_due(now, 10)) == 1
    assert sweep_leases(now + timedelta(hours=1)) == 1


def test_staff_send_an_uncertain_letter_again(letter: int, lins_browser: FlaskClient) -> None:
    uncertain(letter)
    session().commit()
    assert "Take as sent" in lins_browser.get("/letters/uncertain").text
    lins_browser.post(f"/letters/{letter}/send-again")
    session().commit()
    assert session().get_one(Letter, letter).state is LetterState.QUEUED
    assert deliver_due(clock.now()) == 1


def test_staff_take_an_uncertain_letter_as_sent(letter: int, bo: Person, lins_browser: FlaskClient) -> None:
    uncertain(letter)
    session().commit()
    assert lins_browser.post(f"/letters/{letter}/take-as-sent").status_code == 302
    session().commit()
    assert session().get_one(Letter, letter).state is LetterState.SENT
    assert session().get_one(Contact, bo.id).first_sent_at is not None
    assert lins_browser.post(f"/letters/{letter}/take-as-sent").status_code == 409


def test_a_touch_by_hand_is_recorded(bo: Person, lin: Person, lins_browser: FlaskClient) -> None:
    address = f"/people/{bo.id}/touches/new"
    assert "10001" not in lins_browser.get(address).text
    data = {"what": "in:replied", "channel": "qq", "at": "2026-01-06T10:00", "body": "count me in"}
    assert lins_browser.post(address, data=data).status_code == 302
    session().commit()
    touch = session().query(Touch).one()
    assert (touch.channel, touch.outcome, touch.body, touch.staff_id) == ("qq", Outcome.REPLIED, "count me in", lin.id)
    assert touch.at.isoformat() == "2026-01-06T02:00:00+00:00"
    assert session().get_one(Contact, bo.id).waiting_since == touch.at


def test_a_touch_in_the_future_is_refused(bo: Person, lins_browser: FlaskClient) -> None:
    data = {"what": "in:replied", "channel": "qq", "at": "2126-01-06T10:00"}
    assert "not come yet" in lins_browser.post(f"/people/{bo.id}/touches/new", data=data).text


def test_the_persons_page_tells_the_history(bo: Person, letter: int, lins_browser: FlaskClient) -> None:
    deliver_due(T0)
    touch = NewTouch(bo.id, T0 + timedelta(days=1), Direction.IN, "qq", Outcome.REPLIED, body="what is it?")
    record_touches([touch], T0)
    session().commit()
    page = lins_browser.get(f"/people/{bo.id}/timeline").text
    assert "We wrote over mail" in page
    assert "Wrote to us over QQ" in page
    assert "what is it?" in page


@pytest.fixture
def way_in(ada: Person) -> int:
    """A letter that ada asked for, with a link in it."""
    put_wording("accounts.sign_in", "en", "Sign in", "Open {{ link }}", T0)
    values = {"link": "https://seed.example/sign-in/a-secret"}
    made = write_letter(ada.id, "sign_in:1", "accounts.sign_in", values, lane=Lane.ASKED, at=T0)
    assert made is not None
    return made


def test_staff_cannot_read_the_link_of_a_letter_that_somebody_asked_for(
    lin: Person, sign_in: SignIn, way_in: int, database: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    community = make.staff("Chen", Role.COMMUNITY)
    for who in (community, lin):
        monkeypatch.setitem(database.config, "SMTP_URL", "smtp://localhost:25")
        shown = sign_in(who).get(f"/letters/{way_in}")
        assert (shown.status_code, "a-secret" in shown.text) == (200, False)


def test_where_no_mail_leaves_an_admin_hands_the_link_on(lin: Person, sign_in: SignIn, way_in: int) -> None:
    assert "a-secret" in sign_in(lin).get(f"/letters/{way_in}").text
    assert "a-secret" not in sign_in(make.staff("Chen", Role.COMMUNITY)).get(f"/letters/{way_in}").text


def test_a_timeline_shows_a_letters_subject_as_its_reader_saw_it(bo: Person, lin: Person) -> None:
    put_wording("notice", "zh", "{{ name }}，你好", "x", T0)
    write_letter(bo.id, "notice:9", "notice", {"name": "Bo"}, lane=Lane.NOTICE, at=T0)
    deliver_due(T0)
    assert [subject for _touch, _by, subject in touches_of(bo.id, None, 9)] == ["Bo，你好"]


def test_a_personal_link_in_a_letter_is_for_its_reader_alone(sign_in: SignIn, lin: Person, bo: Person) -> None:
    put_wording("credits.ask", "en", "Your name", "May we? {{ link }}", T0)
    link = whole_address("/n/a-secret")
    letter = write_letter(bo.id, "consent:1", "credits.ask", {"link": link}, lane=Lane.NOTICE, at=T0)
    session().commit()
    chen = sign_in(make.staff("Chen", Role.COMMUNITY))
    for page in (f"/letters/{letter}", f"/letters/{letter}/html"):
        told = chen.get(page).text
        assert "a-secret" not in told
        assert "/n/\u2026" in told
        assert "/u/\u2026" in told
    assert "a-secret" in sign_in(lin).get(f"/letters/{letter}").text, "where no mail leaves, an admin hands it on"


def test_without_a_mail_server_only_sign_in_links_reach_the_list_of_letters(
    lin: Person, bo: Person, sign_in: SignIn, way_in: int, letter: int, database: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(database.config, "SMTP_URL", "")
    session().commit()
    assert send_due() == 1
    assert session().get_one(Letter, way_in).state is LetterState.SENT
    assert session().get_one(Letter, letter).state is LetterState.QUEUED
    contact = session().get(Contact, bo.id)
    assert contact is None or contact.first_sent_at is None
    browser = sign_in(lin)
    assert "a-secret" in browser.get(f"/letters/{way_in}").text
    assert "No mail server is set, so letters wait here" in browser.get("/letters").text
    home = browser.get("/").text
    assert "1 letter waits" in home
    assert "No mail server is set" in home


def test_while_time_is_held_a_sign_in_link_leaves_and_nothing_else(way_in: int, letter: int) -> None:
    programme.required().held_at = T0
    session().commit()
    assert send_due() == 1
    assert session().get_one(Letter, way_in).state is LetterState.SENT
    assert session().get_one(Letter, letter).state is LetterState.QUEUED


def test_a_rehearsal_delivers_all_and_says_that_nothing_leaves(letter: int, lins_browser: FlaskClient) -> None:
    session().commit()
    assert send_due() == 1
    assert session().get_one(Letter, letter).state is LetterState.SENT
    assert "A rehearsal" in lins_browser.get("/letters").text
    assert "wait" not in lins_browser.get("/").text.partition("<main")[2]


@pytest.mark.parametrize("page", ["/", "/letters", "/settings/sending", "/settings/senders"])
def test_pages_say_that_letters_wait_for_the_postal_address(
    page: str, letter: int, lins_browser: FlaskClient, programme: Programme
) -> None:
    told = "The programme has no postal address"
    assert told not in lins_browser.get(page).text
    programme.postal_address = ""
    session().commit()
    assert told in lins_browser.get(page).text
