"""One message or event comes in: whose it is, and what it changes. Again is a no-op."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table

from crm.core.bulk import insert_or_pass
from crm.core.db import session
from crm.inbound.actions.consequences import (
    bounce,
    complain,
    count_soft_bounce,
    delivered,
    hear,
    unsubscribe,
)
from crm.inbound.models import Incoming, Mailbox
from crm.inbound.queries import last_letter_to, letter_named, person_at
from crm.inbound.rules import BOUNCES, IncomingKind
from crm.inbound.rules.classifying import Told, classify
from crm.outbox.models import Letter
from crm.people.models import Person
from crm.people.queries import standing_for

TABLE = cast(Table, Incoming.__table__)
OLDEST = timedelta(days=30)
SIMILAR = 4096


@dataclass(frozen=True, slots=True)
class Whose:
    """The letter that mail is about and the person it is from. `proved`: it names the letter by its keyed id."""

    letter: Letter | None
    person_id: int | None
    proved: bool


def _whose(told: Told) -> Whose:
    letter = letter_named(told.ids)
    if letter is not None:
        return Whose(letter, standing_for(letter.person_id), True)
    if told.kind in BOUNCES or told.kind is IncomingKind.COMPLAINT:
        letter = last_letter_to(told.recipient)
        return Whose(letter, standing_for(letter.person_id) if letter else None, False)
    return Whose(None, _not_staff(person_at(told.from_address)), False)


def _not_staff(person_id: int | None) -> int | None:
    """One of us who writes to that mailbox waits for no answer."""
    return person_id if person_id is None or not session().get_one(Person, person_id).is_staff else None


def fingerprint(content: bytes) -> str:
    """The same for two copies of a message, whichever way they came: what servers write on top is left out."""
    from_on = content.lower().find(b"\nmessage-id:")
    return hashlib.sha256(content[max(from_on, 0) :][:SIMILAR]).hexdigest()


def take_in(mailbox: Mailbox, key: str, content: bytes, *, whole: bool, at: datetime) -> Incoming | None:
    """Records a message of a mailbox and does what it calls for. None when it is here already."""
    told = classify(content)
    if told.at is not None and told.at < mailbox.reads_from:
        return insert_incoming(_row(mailbox, key, fingerprint(content), IncomingKind.OTHER, told.at, at))
    whose = _whose(told)
    kind = told.kind if whose.person_id is not None else _of_nobody(told.kind)
    row = _row(mailbox, key, fingerprint(content), kind, _moment(told, at), at)
    made = insert_incoming(row | _said(told, whose) | {"whole": whole})
    if made is not None:
        react(made, whose, at)
    return made


def take_unreadable(mailbox: Mailbox, key: str, at: datetime) -> None:
    """So that one message that nobody can read holds up no other."""
    mark = hashlib.sha256(f"{mailbox.id}:{key}".encode()).hexdigest()
    insert_incoming(_row(mailbox, key, mark, IncomingKind.UNREADABLE, at, at) | {"whole": False})


def react(made: Incoming, whose: Whose, at: datetime) -> None:
    """What it changes. Only proof suppresses: anybody can write a report about anybody's address."""
    if whose.person_id is None:
        return
    kind, letter = made.kind, whose.letter
    if kind is IncomingKind.REPLY:
        hear(made, whose.person_id, letter)
    elif letter is None:
        return
    elif kind is IncomingKind.HARD_BOUNCE and whose.proved:
        bounce(letter, whose.person_id, made.text or made.status, at)
    elif kind in (IncomingKind.SOFT_BOUNCE, IncomingKind.HARD_BOUNCE):
        count_soft_bounce(letter, whose.person_id, made.text or made.status, at)
    elif kind is IncomingKind.COMPLAINT and whose.proved:
        complain(letter, whose.person_id, at)
    elif kind is IncomingKind.UNSUBSCRIBED:
        unsubscribe(letter, whose.person_id, at)
    elif kind is IncomingKind.DELIVERED and whose.proved:
        delivered(letter, at)


def _of_nobody(kind: IncomingKind) -> IncomingKind:
    return kind if kind in BOUNCES or kind is IncomingKind.COMPLAINT else IncomingKind.OTHER


def _moment(told: Told, at: datetime) -> datetime:
    """When they wrote it, where that can be true."""
    return told.at if told.at is not None and at - OLDEST <= told.at <= at else at


def _row(
    mailbox: Mailbox, key: str, mark: str, kind: IncomingKind, written_at: datetime, at: datetime
) -> dict[str, Any]:
    return {
        "mailbox_id": mailbox.id, "key": key, "fingerprint": mark, "kind": kind, "at": written_at, "read_at": at,
    }  # fmt: skip


def _said(told: Told, whose: Whose) -> dict[str, Any]:
    return {
        "person_id": whose.person_id,
        "letter_id": whose.letter.id if whose.letter else None,
        "proved": whose.proved,
        "from_address": told.recipient if told.kind in BOUNCES and told.recipient else told.from_address,
        "subject": told.subject,
        "message_id": told.message_id,
        "thread": told.thread,
        "status": told.status,
        "text": told.text,
        "quoted": told.quoted,
    }


def insert_incoming(row: dict[str, Any]) -> Incoming | None:
    """None when its place or its fingerprint is known."""
    empty = dict.fromkeys(("from_address", "subject", "message_id", "thread", "status", "text", "quoted"), "")
    full = {"person_id": None, "letter_id": None, "proved": False, "whole": True, **empty, **row}
    if not insert_or_pass(TABLE, [full]):
        return None
    return session().query(Incoming).filter_by(fingerprint=row["fingerprint"]).one()
