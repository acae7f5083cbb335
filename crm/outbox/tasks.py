"""Letters leave by themselves: rows are the queue, these tasks look what is due."""

from __future__ import annotations

import structlog
from celery import shared_task
from flask import current_app

from crm.core import clock, programme
from crm.core.db import session
from crm.core.mail import Answer, Fate, Line, Message, ServerAway, as_bytes, is_mailbox
from crm.core.stopping import asked_to_stop
from crm.outbox import actions
from crm.outbox.actions.claiming import Taken
from crm.outbox.queries.rendering import messages, sender_address

log = structlog.get_logger(__name__)
MAILBOX_BATCH = 5000
BATCH = 25
"""Few enough that the slowest server gets through them within the lease."""


@shared_task
def send_due() -> int:
    """Sends everything that is due; returns how many letters the server (or the mailbox) took."""
    known = programme.current()
    if known is None:
        return 0
    url = current_app.config["SMTP_URL"]
    if is_mailbox(url):
        return _into_mailbox()
    if not sender_address(known, None):
        log.warning("no_sender_address", cure="set the address that letters come from in the programme's settings")
        return 0
    with Line(url) as line:
        return _over(line)


def _into_mailbox() -> int:
    total = 0
    while not asked_to_stop.is_set():
        sent = actions.deliver_due(clock.now(), MAILBOX_BATCH)
        session().commit()
        total += sent
        if sent < MAILBOX_BATCH:
            break
    return total


def _over(line: Line) -> int:
    sent = 0
    while not asked_to_stop.is_set():
        taken = actions.take_due(clock.now(), BATCH)
        session().commit()
        if not taken:
            break
        welcome = actions.still_welcome(taken, clock.now())
        session().commit()
        try:
            line.connect()
            sent += _one_by_one(line, welcome)
        except ServerAway as error:
            session().rollback()
            actions.hand_back(welcome)
            session().commit()
            log.warning("mail_server_away", error=str(error))
            break
    return sent


def _one_by_one(line: Line, taken: list[Taken]) -> int:
    """A letter is marked as being sent, and that is committed, before its first byte leaves.

    The end of one letter and the beginning of the next are one commit: at any moment at most one letter of this
    connection is on its way.
    """
    parcels = _parcels(taken)
    sent = 0
    for position, (letter, message, content) in enumerate(parcels):
        if asked_to_stop.is_set():
            actions.hand_back([rest for rest, _message, _content in parcels[position:]])
            break
        began = actions.begin(letter, clock.now())
        session().commit()
        if not began:
            continue
        answer = _hand_over(line, message, content)
        actions.end(letter, answer, clock.now())
        sent += answer.fate is Fate.ACCEPTED
    session().commit()
    return sent


def _hand_over(line: Line, message: Message, content: bytes) -> Answer:
    try:
        return line.send(message.from_address, message.to_address, content)
    except ServerAway as error:
        return Answer(Fate.PUT_OFF, str(error))


def _parcels(taken: list[Taken]) -> list[tuple[Taken, Message, bytes]]:
    found = messages([letter.id for letter in taken], clock.now())
    return [(letter, found[letter.id], as_bytes(found[letter.id])) for letter in taken if letter.id in found]


@shared_task
def sweep_leases() -> int:
    """Letters whose worker died while they left become uncertain, and stay so until a person decides."""
    lost = actions.sweep_leases(clock.now())
    session().commit()
    return lost
