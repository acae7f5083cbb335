from __future__ import annotations

import pytest
from sqlalchemy import func, select

from crm.core.db import session
from crm.core.mailboxes import LARGEST, PART, MailboxKind
from crm.inbound import actions, tasks
from crm.inbound.models import Incoming, Mailbox
from crm.inbound.rules import IncomingKind
from crm.outbox.models import Contact, Touch
from crm.outbox.rules import Outcome
from crm.people.models import Person
from tests.crm.inbound.conftest import Box, SentLetter, Server
from tests.crm.inbound.mails import reply
from tests.make import T0

BOTH = pytest.mark.parametrize("kind", list(MailboxKind))


def everything() -> list[Incoming]:
    session().expire_all()
    return list(session().scalars(select(Incoming).order_by(Incoming.id)))


def touches(outcome: Outcome) -> int:
    return session().scalar(select(func.count()).where(Touch.outcome == outcome)) or 0


@BOTH
def test_an_answer_becomes_a_touch_and_waits(
    kind: MailboxKind, new_box: Box, mail_server: Server, user: str, bo: Person, sent: SentLetter
) -> None:
    letter = sent(bo)
    new_box(kind)
    mail_server.put(user, reply(letter))
    assert tasks.read_mailboxes.run() == 1
    one = everything()[0]
    assert (one.kind, one.person_id, one.letter_id, one.proved) == (IncomingKind.REPLY, bo.id, letter.id, True)
    assert (one.text, one.quoted) == ("Count me in!", "On Monday, Orange wrote:\n> Dear Bo")
    assert session().query(Touch).filter_by(outcome=Outcome.REPLIED).one().body == "Count me in!"
    assert session().get_one(Contact, bo.id).waiting_since == one.at


@BOTH
def test_a_mailbox_read_again_and_anew_changes_nothing(
    kind: MailboxKind, new_box: Box, mail_server: Server, user: str, bo: Person, sent: SentLetter
) -> None:
    letter = sent(bo)
    box = new_box(kind)
    for text in ("one", "two", "three"):
        mail_server.put(user, reply(letter, text=text))
    assert tasks.read_mailboxes.run() == 3
    assert tasks.read_mailboxes.run() == 0
    session().expire_all()
    assert session().get_one(Mailbox, box.id).last_key == everything()[-1].key
    session().get_one(Mailbox, box.id).last_key = ""
    session().commit()
    assert tasks.read_mailboxes.run() == 0
    assert touches(Outcome.REPLIED) == 3
    assert mail_server.kept(user) == 3


@BOTH
def test_a_reader_killed_in_the_middle_repeats_and_loses_nothing(
    kind: MailboxKind, new_box: Box, mail_server: Server, user: str, bo: Person, sent: SentLetter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    letter, box = sent(bo), new_box(kind)
    for text in ("one", "two", "three"):
        mail_server.put(user, reply(letter, text=text))
    take_in, calls = actions.take_in, []

    def killed(mailbox: Mailbox, key: str, content: bytes, **more: object) -> Incoming | None:
        made = take_in(mailbox, key, content, **more)  # type: ignore[arg-type]  # handed on as it came
        calls.append(key)
        if len(calls) == 2:
            raise KeyboardInterrupt  # after all of its writes, before the commit
        return made

    monkeypatch.setattr(actions, "take_in", killed)
    with pytest.raises(KeyboardInterrupt):
        tasks.read_mailboxes.run()
    session().rollback()
    assert [one.text for one in everything()] == ["one"]
    monkeypatch.setattr(actions, "take_in", take_in)
    assert tasks.read_mailboxes.run() == 0  # its lease still runs
    session().get_one(Mailbox, box.id).lease_until = None
    session().commit()
    assert tasks.read_mailboxes.run() == 2
    assert [one.text for one in everything()] == ["one", "two", "three"]
    assert touches(Outcome.REPLIED) == 3


@BOTH
def test_it_deletes_only_when_asked(
    kind: MailboxKind, new_box: Box, mail_server: Server, user: str, bo: Person, sent: SentLetter
) -> None:
    letter = sent(bo)
    new_box(kind, deletes=True)
    mail_server.put(user, reply(letter))
    tasks.read_mailboxes.run()
    assert (mail_server.kept(user), touches(Outcome.REPLIED)) == (0, 1)


@BOTH
def test_a_very_large_answer_is_read_in_part(
    kind: MailboxKind, new_box: Box, mail_server: Server, user: str, bo: Person, sent: SentLetter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    letter = sent(bo)
    new_box(kind)
    line = b"0123456789" * 7 + b"\r\n"
    head = reply(letter, text="See what I made").replace(
        b"Content-Type: text/plain; charset=utf-8\r\n\r\n",
        b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\n',
    )
    film = b"\r\n--x\r\nContent-Type: video/mp4\r\n\r\n" + line * (LARGEST // len(line) + 1000) + b"--x--\r\n"
    mail_server.put(user, head + film)
    sizes = []
    take_in = actions.take_in

    def weighed(mailbox: Mailbox, key: str, content: bytes, **more: object) -> Incoming | None:
        sizes.append(len(content))
        return take_in(mailbox, key, content, **more)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(actions, "take_in", weighed)
    assert tasks.read_mailboxes.run() == 1
    one = everything()[0]
    assert (one.kind, one.text, one.whole) == (IncomingKind.REPLY, "See what I made", False)
    assert sizes[0] <= PART


def test_two_readers_do_not_read_one_mailbox_at_once(new_box: Box, bo: Person) -> None:

    box = new_box()
    assert actions.take_mailbox(box.id, T0)
    assert not actions.take_mailbox(box.id, T0)
    assert actions.take_mailbox(box.id, T0 + actions.LEASE * 2)


def test_mail_from_before_is_left_alone(
    new_box: Box, mail_server: Server, user: str, bo: Person, sent: SentLetter
) -> None:
    letter = sent(bo)
    new_box()
    old = b"\r\n".join(
        line if not line.startswith(b"Date:") else b"Date: Mon, 5 Jan 2009 10:00:00 +0000"
        for line in reply(letter).split(b"\r\n")
    )
    mail_server.put(user, old)
    tasks.read_mailboxes.run()
    assert (everything()[0].kind, everything()[0].text, touches(Outcome.REPLIED)) == (IncomingKind.OTHER, "", 0)


def test_mail_that_breaks_the_reader_holds_up_no_other(
    new_box: Box, mail_server: Server, user: str, bo: Person, sent: SentLetter, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = sent(bo)
    new_box()
    mail_server.put(user, reply(letter, text="poison"))
    mail_server.put(user, reply(letter, text="good"))
    take_in = actions.take_in

    def faulty(mailbox: Mailbox, key: str, content: bytes, **more: object) -> Incoming | None:
        if b"poison" in content:
            raise ValueError
        return take_in(mailbox, key, content, **more)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(actions, "take_in", faulty)
    tasks.read_mailboxes.run()
    assert [one.kind for one in everything()] == [IncomingKind.UNREADABLE, IncomingKind.REPLY]
