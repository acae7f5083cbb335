"""Mailboxes are read by themselves: each message in one transaction with all that it changes."""

from __future__ import annotations

from datetime import datetime

import structlog
from celery import shared_task
from sqlalchemy import select, update

from crm.core import clock, programme
from crm.core.db import session
from crm.core.mailboxes import Entry, MailboxAway, MailboxKind, Open, Unreadable, opened
from crm.core.stopping import asked_to_stop
from crm.inbound import actions
from crm.inbound.models import Mailbox
from crm.inbound.queries import known_keys

log = structlog.get_logger(__name__)
RENEW_EVERY = 100


@shared_task
def read_mailboxes() -> int:
    """Reads what is new in every mailbox; returns how many messages came in."""
    if programme.current() is None:
        return 0
    ids = list(session().scalars(select(Mailbox.id).where(Mailbox.active).order_by(Mailbox.id)))
    session().commit()
    return sum(_read(number) for number in ids if not asked_to_stop.is_set())


def _read(mailbox_id: int) -> int:
    taken = actions.take_mailbox(mailbox_id, clock.now())
    session().commit()
    if not taken:
        return 0
    fault, count = None, 0
    try:
        account = actions.account_of(session().get_one(Mailbox, mailbox_id, populate_existing=True))
        session().commit()
        with opened(account) as box:
            count = _read_all(mailbox_id, box)
    except MailboxAway as error:
        session().rollback()
        fault = error
        log.warning("mailbox_away", mailbox=mailbox_id, fault=error.fault.value, said=str(error))
    actions.hand_back_mailbox(mailbox_id, fault, clock.now())
    session().commit()
    return count


def _read_all(mailbox_id: int, box: Open) -> int:
    mailbox = session().get_one(Mailbox, mailbox_id, populate_existing=True)
    last, deletes, by_key = mailbox.last_key, mailbox.deletes, mailbox.kind is MailboxKind.POP3
    known = known_keys(mailbox_id) if by_key else set()
    session().commit()
    count = 0
    for place, entry in enumerate(box.entries(last)):
        if asked_to_stop.is_set():
            break
        if place % RENEW_EVERY == RENEW_EVERY - 1:
            _renew(mailbox_id, clock.now())
        if entry.key not in known:
            count += _read_one(mailbox_id, box, entry)
        if deletes:
            box.delete(entry)
    return count


def _renew(mailbox_id: int, at: datetime) -> None:
    session().execute(update(Mailbox).where(Mailbox.id == mailbox_id).values(lease_until=at + actions.LEASE))
    session().commit()


def _read_one(mailbox_id: int, box: Open, entry: Entry) -> int:
    """The message, what it changes and how far we have read are one commit: a crash repeats or loses nothing."""
    at = clock.now()
    try:
        raw = box.fetch(entry)
    except Unreadable:
        raw = None
    mailbox = session().get_one(Mailbox, mailbox_id, populate_existing=True)
    mailbox.last_key = entry.key
    try:
        if raw is not None:
            made = actions.take_in(mailbox, entry.key, raw.content, whole=raw.whole, at=at)
            session().commit()
            return made is not None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        session().rollback()
        log.exception("mail_not_understood", mailbox=mailbox_id, key=entry.key)
        mailbox = session().get_one(Mailbox, mailbox_id, populate_existing=True)
        mailbox.last_key = entry.key
    actions.take_unreadable(mailbox, entry.key, at)
    session().commit()
    return 0


@shared_task
def settle_answers() -> int:
    """Who was answered waits no longer."""
    settled = actions.settle_answers()
    session().commit()
    return settled
