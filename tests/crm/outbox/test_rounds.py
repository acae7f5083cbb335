"""Rounds: who goes first while a campaign leaves, how many are on their way at once, and what a bad moment costs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from crm.core import clock
from crm.core.db import session
from crm.core.lines import Lines
from crm.core.stopping import asked_to_stop
from crm.outbox import actions, tasks
from crm.outbox.actions import put_wording, write_letter
from crm.outbox.actions.claiming import Taken
from crm.outbox.models import Letter, Touch
from crm.outbox.rules import Lane, LetterState, Outcome, says_no_mailbox
from crm.people.models import Person, Suppression
from crm.people.queries import suppressed
from crm.people.rules import SuppressionReason
from tests import make
from tests.crm.outbox.conftest import Server, Write
from tests.crm.outbox.test_wire import states
from tests.make import T0

CROWD = 300


@pytest.fixture
def crowd(people: list[Person]) -> list[Person]:
    return [make.person(f"C{n}", identities={"email": f"c{n}@people.example"}) for n in range(CROWD)]


def test_a_sign_in_letter_overtakes_a_running_campaign(
    server: Server, crowd: list[Person], people: list[Person], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(crowd, "c:1", origin="spring")
    session().commit()
    claims: list[int] = []

    def taking(at: datetime, limit: int, sender: int | None, **more: bool) -> list[Taken]:
        if len(claims) == 1:
            write(people[:1], "link:1", lane=Lane.ASKED)
        claims.append(limit)
        return actions.claiming.take_due(at, limit, sender, **more)

    monkeypatch.setattr(actions, "take_due", taking)
    assert tasks.send_due.run() == CROWD + 1
    place = [mail["To"] for mail in server.got].index("p0@people.example")
    assert place < 2 * claims[0] < CROWD, "it waited for more than what had been taken before it was asked for"


@pytest.mark.parametrize(("connections", "depth"), [(1, 1), (1, 7), (3, 4), (4, 100)])
def test_no_more_are_on_their_way_than_the_settings_allow(
    connections: int,
    depth: int,
    database: Flask,
    server: Server,
    crowd: list[Person],
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(database.config, "MAIL_CONNECTIONS", connections)
    monkeypatch.setitem(database.config, "MAIL_DEPTH", depth)
    write(crowd[:60], "c:1", origin="spring")
    session().commit()
    most, send = [0], Lines.send

    def sending(lines: Lines, *more: object) -> object:
        marked = select(func.count()).select_from(Letter).where(Letter.state == LetterState.SENDING)
        most.append(session().scalar(marked) or 0)
        return send(lines, *more)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(Lines, "send", sending)
    assert tasks.send_due.run() == 60
    assert 0 < max(most) <= connections * depth
    assert server.connections <= connections
    assert states() == {LetterState.SENT: 60}


def test_a_database_that_goes_away_for_a_moment_costs_nothing(
    server: Server, crowd: list[Person], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(crowd[:60], "c:1", origin="spring")
    session().commit()
    end, calls = actions.end, [0]

    def ending(ends: Sequence[object], at: datetime) -> int:
        calls[0] += 1
        if calls[0] == 1:
            raise OperationalError("UPDATE letter", {}, Exception("the server closed the connection"))
        return end(ends, at)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(actions, "end", ending)
    monkeypatch.setattr(asked_to_stop, "wait", lambda _seconds: None)
    tasks.send_due.run()
    tasks.send_due.run()
    assert calls[0] > 1
    assert len(server.got) == len({mail["Message-ID"] for mail in server.got})
    assert states()[LetterState.UNCERTAIN] == states()[LetterState.SENDING] == 0
    assert session().query(Touch).count() == states()[LetterState.SENT] == len(server.got)


def test_all_ends_of_one_round_are_told_apart(server: Server, crowd: list[Person], write: Write) -> None:
    write(crowd[:6], "c:1", origin="spring")
    session().commit()
    server.say = ["250 ok", "550 no such box", "451 later", "550 no such box", None]
    tasks.send_due.run()
    assert states() == {
        LetterState.SENT: 2, LetterState.REFUSED: 2, LetterState.QUEUED: 1, LetterState.UNCERTAIN: 1,
    }  # fmt: skip
    put_off = session().query(Letter).filter_by(state=LetterState.QUEUED).one()
    assert (put_off.attempts, put_off.reason) == (1, "451 later")
    assert session().query(Touch).count() == 2


def test_a_letter_that_cannot_be_written_ends_and_says_why(server: Server, bo: Person) -> None:
    put_wording("broken", "en", "Hello", "{% if name %}{{ name }}{% endif %}", T0)
    put_wording("whole", "en", "Hello", "Read me", T0)
    broken = write_letter(bo.id, "broken:1", "broken", {"name": "x" * 300_000}, lane=Lane.NOTICE, at=T0)
    whole = write_letter(bo.id, "whole:1", "whole", {}, lane=Lane.NOTICE, at=T0)
    session().commit()
    assert tasks.send_due.run() == 1
    session().expire_all()
    assert session().get_one(Letter, whole).state is LetterState.SENT
    ended = session().get_one(Letter, broken)
    assert (ended.state, ended.reason) == (LetterState.CANCELLED, "unreadable")
    assert actions.take_due(clock.now(), 10) == [], "it is taken again and again"


@pytest.mark.parametrize("extensions", [True, False], ids=["pipelining", "one by one"])
def test_an_address_without_a_mailbox_is_not_written_to_again(
    server: Server, people: list[Person], write: Write, extensions: bool
) -> None:
    server.pipelining = extensions
    server.refuse = {
        "p0@people.example": "550 5.1.1 no such user",
        "p1@people.example": "550 no such user here",
        "p2@people.example": "550 5.7.1 your address is on a list",
        "p3@people.example": "550 relaying is not for you",
    }
    write(people, "c:1", origin="spring")
    session().commit()
    server.say = ["554 this looks like advertising"]
    tasks.send_due.run()
    assert states() == {LetterState.SENT: 1, LetterState.REFUSED: 5}
    assert suppressed([person.id for person in people]) == {people[0].id, people[1].id}
    assert {row.reason for row in session().query(Suppression)} == {SuppressionReason.BOUNCED}
    touch = session().query(Touch).filter_by(person_id=people[0].id).one()
    assert (touch.outcome, touch.body) == (Outcome.NOT_FOUND, "550 5.1.1 no such user")
    write(people[:2], "c:2", origin="summer")
    assert {letter.state for letter in session().query(Letter).filter_by(occasion="c:2")} == {LetterState.SUPPRESSED}


def test_a_server_that_does_not_want_our_sender_bars_nobodys_address(
    server: Server, people: list[Person], write: Write
) -> None:
    server.refuse = {"seedbed@orange.example": "550 5.1.0 sender rejected"}
    write(people, "c:1", origin="spring")
    session().commit()
    tasks.send_due.run()
    assert states() == {LetterState.REFUSED: 6}
    assert session().query(Suppression).count() == 0


@pytest.mark.parametrize(
    ("said", "to", "gone"),
    [
        ("550 5.1.1 <a@b.example>: no such user", "RCPT", True),
        ("550-5.1.1 The email account does not exist", "", True),
        ("553 5.1.2 no such domain", "RCPT", True),
        ("550 5.1.8 bad sender", "RCPT", False),
        ("550 5.1.1 no such user", "MAIL", False),
        ("552 5.2.2 mailbox full", "RCPT", False),
        ("550 5.7.1 blocked", "RCPT", False),
        ("550 User not found", "RCPT", True),
        ("551 user has moved", "RCPT", True),
        ("550 User not found", "", False),
        ("554 no", "RCPT", False),
        ("550 Relay access denied", "RCPT", False),
        ("550 blocked: you are 5.1.1.7", "RCPT", False),
        ("553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", "RCPT", False),
    ],
)
def test_which_refusals_say_that_there_is_no_mailbox(said: str, to: str, gone: bool) -> None:
    assert says_no_mailbox(said, to) is gone
