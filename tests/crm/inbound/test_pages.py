from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from crm.accounts.rules import Role
from crm.core import clock
from crm.core.db import session
from crm.inbound import tasks
from crm.inbound.models import Incoming, MailAnswer, Mailbox
from crm.inbound.queries import limits
from crm.outbox.actions import deliver_due
from crm.outbox.models import Contact, Letter, Touch
from crm.outbox.queries.rendering import messages
from crm.outbox.rules import LetterState, Outcome
from crm.people.actions import forget, suppress
from crm.people.actions.suppression_list import add_one
from crm.people.models import Identity, Person
from crm.people.rules import SuppressionReason
from tests import make
from tests.cast import SignIn
from tests.crm.inbound.conftest import Box, SentLetter, Server, arrives, id_of
from tests.crm.inbound.mails import reply, report

WORD = "open_sesame"


def typed(server: Server, user: str, **more: str) -> dict[str, str]:
    data = {
        "name": "answers", "kind": "imap", "host": "localhost", "port": str(server.imap), "tls": "none",
        "user": user, "password": WORD, "folder": "INBOX", "active": "y",
    }  # fmt: skip
    return data | more


def test_an_admin_adds_a_mailbox_which_is_tried_at_once(
    lins_browser: FlaskClient, mail_server: Server, user: str
) -> None:
    mail_server.put(user, reply(None))
    page = lins_browser.post("/settings/mailboxes/new", data=typed(mail_server, user), follow_redirects=True)
    assert "It works: 1 message is there" in page.text
    made = session().query(Mailbox).one()
    assert WORD not in made.sealed_password
    assert WORD not in lins_browser.get(f"/settings/mailboxes/{made.id}").text


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"password": "wrong"}, "did not accept user and password"),
        ({"folder": "Nowhere"}, "no folder “Nowhere”"),
        ({"port": "1"}, "Nobody answers at localhost, port 1"),
        ({"host": "no-such-host.invalid"}, "Nobody answers at no-such-host.invalid"),
        ({"tls": "tls"}, "encrypted connection failed"),
        ({"tls": "starttls"}, "encrypted connection failed"),
        ({"kind": "pop3", "port": "1"}, "Nobody answers"),
    ],
)
def test_a_try_says_exactly_what_is_wrong(
    more: dict[str, str], told: str, lins_browser: FlaskClient, mail_server: Server, user: str
) -> None:
    page = lins_browser.post("/settings/mailboxes/new", data=typed(mail_server, user, **more), follow_redirects=True)
    assert told in page.text
    assert "cannot be read" in page.text


@pytest.mark.parametrize("tls", ["tls", "starttls"])
def test_an_encrypted_mailbox_is_read(
    tls: str, lins_browser: FlaskClient, mail_server: Server, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(Path(mail_server.folder) / "cert.pem"))
    port = mail_server.imaps if tls == "tls" else mail_server.imap
    data = typed(mail_server, user, tls=tls, port=str(port))
    assert "It works" in lins_browser.post("/settings/mailboxes/new", data=data, follow_redirects=True).text


def test_what_was_typed_is_kept_when_something_is_missing(
    lins_browser: FlaskClient, mail_server: Server, user: str
) -> None:
    answer = lins_browser.post("/settings/mailboxes/new", data=typed(mail_server, user, port="99999"))
    assert answer.status_code == 422
    assert user in answer.text
    assert "A number from 1 to 65535" in answer.text
    nameless = lins_browser.post("/settings/mailboxes/new", data=typed(mail_server, user, password=""))
    assert "needs its password" in nameless.text


def test_a_mailbox_is_changed_without_its_password(
    lins_browser: FlaskClient, new_box: Box, mail_server: Server
) -> None:
    made = new_box()
    data = typed(mail_server, made.user, name="new name", password="")
    assert "It works" in lins_browser.post(f"/settings/mailboxes/{made.id}", data=data, follow_redirects=True).text
    lins_browser.post(f"/settings/mailboxes/{made.id}/remove")
    session().expire_all()
    assert session().query(Mailbox).count() == 0


def test_under_another_key_the_password_is_asked_for_anew(
    lins_browser: FlaskClient, new_box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = new_box()
    made.sealed_password = "sealed elsewhere"
    session().commit()
    assert "type it anew" in lins_browser.post(f"/settings/mailboxes/{made.id}/try", follow_redirects=True).text
    assert tasks.read_mailboxes.run() == 0


def test_mailboxes_are_for_admins_alone(sign_in: SignIn, lin: Person) -> None:
    assert sign_in(make.staff("Chen", Role.COMMUNITY)).get("/settings/mailboxes").status_code == 403


def test_what_came_in_is_listed_and_opened(
    box: Mailbox, bo: Person, sent: SentLetter, lins_browser: FlaskClient
) -> None:
    letter = sent(bo)
    bounced, answered = arrives(box, report(letter)), arrives(box, reply(letter))
    assert bounced is not None
    assert answered is not None
    session().commit()
    page = lins_browser.get("/incoming").text
    assert "came back for good" in page
    assert "Undelivered" not in lins_browser.get("/incoming?kind=reply").text
    one = lins_browser.get(f"/incoming/{answered.id}").text
    assert "Count me in!" in one
    assert "<details>" in one
    assert "550 5.1.1 no such user" in lins_browser.get(f"/incoming/{bounced.id}").text


def test_staff_answer_in_the_thread_and_the_person_waits_no_longer(
    box: Mailbox, bo: Person, sent: SentLetter, lin: Person, lins_browser: FlaskClient
) -> None:
    letter = sent(bo)
    mail = arrives(box, reply(letter))
    assert mail is not None
    session().commit()
    assert "Answer by mail" in lins_browser.get(f"/people/{bo.id}/more").text
    address = f"/people/{bo.id}/answer"
    assert f'href="{address}"' in lins_browser.get(f"/people/{bo.id}").text
    assert 'value="Re: Come and see"' in lins_browser.get(address).text
    data = {"subject": "Re: Come and see", "text": "Welcome, {{ bo }}!", "key": "once"}
    lins_browser.post(address, data=data)
    lins_browser.post(address, data=data)
    session().expire_all()
    written = session().get_one(Letter, session().query(MailAnswer).one().letter_id)
    wire = messages([written.id], clock.now())[written.id]
    assert wire.headers["In-Reply-To"] == mail.message_id
    assert wire.headers["References"] == f"{id_of(letter)} {mail.message_id}"
    assert "Auto-Submitted" not in wire.headers
    assert (wire.subject, wire.text.split("\n")[0]) == ("Re: Come and see", "Welcome, {{ bo }}!")
    assert session().get_one(Contact, bo.id).waiting_since is not None
    deliver_due(clock.now())
    session().commit()
    assert tasks.settle_answers.run() == 1
    assert tasks.settle_answers.run() == 0
    session().expire_all()
    touch = session().query(Touch).filter_by(letter_id=written.id, outcome=Outcome.SENT).one()
    assert (touch.staff_id, touch.body) == (lin.id, "Welcome, {{ bo }}!")
    assert session().get_one(Contact, bo.id).waiting_since is None


def test_an_answer_that_did_not_leave_closes_nothing(
    box: Mailbox, bo: Person, sent: SentLetter, lin: Person, lins_browser: FlaskClient
) -> None:
    arrives(box, reply(sent(bo)))
    session().commit()
    lins_browser.post(f"/people/{bo.id}/answer", data={"subject": "Re: x", "text": "Hi", "key": "once"})
    suppress([bo.id], SuppressionReason.BOUNCED, clock.now())
    deliver_due(clock.now())
    session().commit()
    tasks.settle_answers.run()
    session().expire_all()
    assert session().query(Letter).filter_by(state=LetterState.SUPPRESSED).count() == 1
    assert session().get_one(Contact, bo.id).waiting_since is not None


def test_nobody_answers_somebody_who_is_left_alone(
    box: Mailbox, bo: Person, sent: SentLetter, lins_browser: FlaskClient
) -> None:
    arrives(box, reply(sent(bo)))
    suppress([bo.id], SuppressionReason.DECLINED, clock.now())
    session().commit()
    page = lins_browser.post(f"/people/{bo.id}/answer", data={"subject": "Re: x", "text": "Please!", "key": "k"})
    assert page.status_code == 422
    assert "Please!" in page.text
    assert "nobody may write to them" in page.text


def test_an_answer_goes_where_mail_does_not_come_back(
    box: Mailbox, bo: Person, sent: SentLetter, lins_browser: FlaskClient
) -> None:
    arrives(box, reply(sent(bo)))
    session().add(Identity(kind="email", value="new@prospects.example", person_id=bo.id))
    add_one("bo@prospects.example", SuppressionReason.BOUNCED, clock.now())
    session().commit()
    assert "It goes to new@prospects.example" in lins_browser.get(f"/people/{bo.id}/answer").text
    lins_browser.post(f"/people/{bo.id}/answer", data={"subject": "Re: x", "text": "Hi", "key": "once"})
    session().expire_all()
    written = session().get_one(Letter, session().query(MailAnswer).one().letter_id)
    assert (written.state, written.identity_value) == (LetterState.QUEUED, "new@prospects.example")


def test_who_never_wrote_cannot_be_answered(bo: Person, lins_browser: FlaskClient) -> None:
    assert lins_browser.get(f"/people/{bo.id}/answer").status_code == 404


def test_forgetting_empties_what_they_wrote_also_before_we_knew_them(
    box: Mailbox, bo: Person, lin: Person, sent: SentLetter
) -> None:
    arrives(box, reply(sent(bo)))
    unknown = arrives(box, reply(None, by="who@elsewhere.example"))
    assert unknown is not None
    unknown.from_address = "bo@prospects.example"
    session().flush()
    forget(bo.id, at=clock.now(), by_id=lin.id)
    session().expire_all()
    assert [(one.text, one.from_address, one.subject) for one in session().query(Incoming)] == [("", "", "")] * 2


def test_the_limits_are_set_on_a_page(lins_browser: FlaskClient) -> None:
    data = {"soft_bounces": "3", "soft_days": "10", "bounces": "2.5", "complaints": "0.05", "least_sent": "50"}
    assert lins_browser.post("/settings/bounces", data=data).status_code == 302
    session().expire_all()
    known = limits()
    assert (known.soft_bounces, known.bounces_per_10_000, known.complaints_per_10_000) == (3, 250, 5)
    assert 'value="2.50"' in lins_browser.get("/settings/bounces").text
    wrong = lins_browser.post("/settings/bounces", data=data | {"bounces": "0"})
    assert wrong.status_code == 422
