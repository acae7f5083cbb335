"""Real SMTP to a server on this machine."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from email.message import EmailMessage

import pytest
from flask import Flask
from sqlalchemy import select, update

from crm.core import clock
from crm.core.db import session
from crm.core.programme import required
from crm.core.smtp import Fate, Line, ServerAway
from crm.core.stopping import asked_to_stop
from crm.outbox import tasks
from crm.outbox.models import Letter, Touch
from crm.outbox.rules import MOST_ATTEMPTS, Lane, LetterState
from crm.people.models import Person
from tests.crm.outbox.conftest import Server, Write

NOBODY_THERE = "smtp://127.0.0.1:1"


def words_of(mail: EmailMessage) -> str:
    """What somebody reads whose mail program shows no HTML."""
    part = mail.get_body(("plain",))
    assert part is not None
    text: str = part.get_content()
    return text.replace("\r\n", "\n")


def states() -> Counter[LetterState]:
    session().expire_all()
    return Counter(session().scalars(select(Letter.state)))


def test_a_letter_carries_its_headers_and_its_foot(server: Server, people: list[Person], write: Write) -> None:
    required().name = "橙色 OS"
    write(people[:1], "n:1", values={"name": "阿达\r\nBcc: eve@x.example", "link": "http://x.test/r"})
    session().commit()
    assert tasks.send_due.run() == 1
    mail = server.got[0]
    assert mail["From"] == "橙色 OS <seedbed@orange.example>"
    assert mail["To"] == "p0@people.example"
    assert mail["Subject"] == "Hello 阿达 Bcc: eve@x.example"
    assert mail["Bcc"] is None
    letter = session().query(Letter).one()
    assert str(mail["Message-ID"]).startswith(f"<letter-{letter.id}.")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "/u/" in mail["List-Unsubscribe"]
    assert "notices.orange.example" in mail["List-Id"]
    assert mail.get_content_type() == "multipart/alternative"
    text = words_of(mail)
    assert "阿达" in text
    assert "1 Seed Street, Beijing" in text
    assert str(mail["List-Unsubscribe"]).strip("<>") in text


def test_what_was_asked_for_offers_no_one_click_end(server: Server, people: list[Person], write: Write) -> None:
    write(people[:1], "link:1", lane=Lane.ASKED)
    session().commit()
    tasks.send_due.run()
    assert server.got[0]["List-Unsubscribe"] is None
    assert "/u/" in words_of(server.got[0])


def test_all_go_over_one_kept_connection_once_each(server: Server, people: list[Person], write: Write) -> None:
    write(people, "n:1")
    session().commit()
    assert tasks.send_due.run() == 6
    assert tasks.send_due.run() == 0
    assert server.connections == 1
    assert sorted(mail["To"] for mail in server.got) == sorted(p.identities[0].value for p in people)
    assert states() == {LetterState.SENT: 6}
    assert session().query(Touch).count() == 6


def test_the_servers_refusal_is_kept_with_its_words(server: Server, people: list[Person], write: Write) -> None:
    write(people[:1], "n:1")
    session().commit()
    server.say = ["550 no such box"]
    tasks.send_due.run()
    letter = session().query(Letter).one()
    assert (letter.state, letter.reason) == (LetterState.REFUSED, "550 no such box")
    assert session().query(Touch).count() == 0


def test_what_the_server_puts_off_is_tried_again_later_and_has_an_end(
    server: Server, people: list[Person], write: Write
) -> None:
    write(people[:1], "n:1")
    session().commit()
    server.say = ["451 come back"] * MOST_ATTEMPTS
    for attempt in range(1, MOST_ATTEMPTS + 1):
        assert tasks.send_due.run() == 0
        letter = session().query(Letter).one()
        assert letter.attempts == attempt
        if attempt < MOST_ATTEMPTS:
            assert letter.state is LetterState.QUEUED
            assert letter.due_at > clock.now()
            session().execute(update(Letter).values(due_at=clock.now()))
            session().commit()
    assert states() == {LetterState.REFUSED: 1}
    assert tasks.send_due.run() == 0


def test_a_connection_that_breaks_leaves_one_letter_uncertain(
    server: Server, people: list[Person], write: Write
) -> None:
    write(people, "n:1")
    session().commit()
    server.say = ["250 ok", None]
    assert tasks.send_due.run() == 5
    assert states() == {LetterState.SENT: 5, LetterState.UNCERTAIN: 1}
    assert tasks.send_due.run() == 0
    assert len(server.got) == 5


def test_a_server_that_is_away_loses_nothing(
    database: Flask, server: Server, people: list[Person], write: Write
) -> None:
    write(people, "n:1")
    session().commit()
    database.config["SMTP_URL"] = NOBODY_THERE
    assert tasks.send_due.run() == 0
    assert {letter.attempts for letter in session().query(Letter)} == {0}
    database.config["SMTP_URL"] = server.url
    assert tasks.send_due.run() == 6


def test_a_worker_that_is_asked_to_stop_hands_the_rest_back(
    server: Server, people: list[Person], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(people, "n:1")
    session().commit()
    monkeypatch.setattr(asked_to_stop, "is_set", lambda: len(server.got) >= 2)
    assert tasks.send_due.run() == 3
    monkeypatch.undo()
    assert states() == {LetterState.SENT: 3, LetterState.QUEUED: 3}
    assert {letter.attempts for letter in session().query(Letter).filter_by(state=LetterState.QUEUED)} == {0}
    assert tasks.send_due.run() == 3


def test_without_an_address_to_write_from_nothing_leaves(server: Server, people: list[Person], write: Write) -> None:
    required().mail_from = ""
    write(people, "n:1")
    session().commit()
    assert tasks.send_due.run() == 0
    assert states() == {LetterState.QUEUED: 6}


def test_into_the_mailbox_nothing_leaves_the_machine(database: Flask, people: list[Person], write: Write) -> None:
    write(people, "n:1")
    session().commit()
    assert tasks.send_due.run() == 6
    assert tasks.send_due.run() == 0


def test_a_swept_letter_is_never_sent_by_itself(server: Server, people: list[Person], write: Write) -> None:
    write(people, "n:1")
    past = clock.now() - timedelta(hours=1)
    values = {"state": LetterState.SENDING, "lease_until": past, "attempts": 1}
    first = session().query(Letter).order_by(Letter.id).first()
    assert first is not None
    session().execute(update(Letter).where(Letter.id == first.id).values(values))
    session().commit()
    assert tasks.sweep_leases.run() == 1
    assert tasks.sweep_leases.run() == 0
    assert tasks.send_due.run() == 5


def test_nobody_listening_is_told_as_it_is() -> None:
    with Line(NOBODY_THERE) as line, pytest.raises(ServerAway, match=r"127\.0\.0\.1"):
        line.connect()


def test_dots_and_long_lines_arrive_as_they_were(server: Server, people: list[Person], write: Write) -> None:
    write(people[:1], "n:1", values={"name": ".\n..x\n" + "y" * 2000, "link": ""})
    session().commit()
    tasks.send_due.run()
    text = words_of(server.got[0])
    assert "\n..x\n" in text
    assert "y" * 2000 in text


def test_an_address_outside_ascii_needs_a_server_that_takes_it(server: Server) -> None:
    with Line(server.url) as line:
        assert line.send("a@x.example", "李@例子.example", b"Subject: x\r\n\r\nx\r\n").fate is Fate.REFUSED
        assert line.send("a@x.example", "li@例子.example", b"Subject: x\r\n\r\nx\r\n").fate is Fate.ACCEPTED
