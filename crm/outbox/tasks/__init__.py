"""Letters leave by themselves: rows are the queue, these tasks look what is due."""

from __future__ import annotations

from threading import Event, Lock

import structlog
from celery import shared_task
from flask import current_app

from crm.core import clock, programme
from crm.core.db import session
from crm.core.mail import is_mailbox
from crm.core.stopping import asked_to_stop
from crm.outbox import actions
from crm.outbox.queries.rendering import sender_address
from crm.outbox.tasks.rounds import Rounds, smtp_url_of

log = structlog.get_logger(__name__)
MAILBOX_BATCH = 5000
_sending, _rung = Lock(), Event()


@shared_task(name="crm.outbox.tasks.send_due")
def send_due() -> int:
    """Sends everything that is due; returns how many letters the server (or the mailbox) took.

    While the programme is held, and into the mailbox without a mail server, only what somebody asked for: a sign-in
    link that an admin may hand on. Nobody else's letter may count as sent.
    One at a time in each process: who is woken meanwhile leaves word, and the one that sends looks again.
    """
    total = 0
    _rung.set()
    while _rung.is_set() and not asked_to_stop.is_set() and _sending.acquire(blocking=False):
        try:
            _rung.clear()
            total += _send_due()
        finally:
            _sending.release()
    return total


def _send_due() -> int:
    known = programme.current()
    if known is None:
        return 0
    url, held = smtp_url_of(None), programme.is_held()
    if not url or is_mailbox(url):
        return _into_mailbox(asked_only=held or not url)
    if not sender_address(known, None):
        log.warning("no_sender_address", cure="set the address that letters come from in the programme's settings")
        return 0
    with Rounds(current_app.config["MAIL_CONNECTIONS"], current_app.config["MAIL_DEPTH"], asked_only=held) as rounds:
        return rounds.run()


def _into_mailbox(*, asked_only: bool) -> int:
    total = 0
    while not asked_to_stop.is_set():
        sent = actions.deliver_due(clock.now(), MAILBOX_BATCH, asked_only=asked_only)
        session().commit()
        total += sent
        if sent < MAILBOX_BATCH:
            break
    return total


@shared_task(name="crm.outbox.tasks.sweep_leases")
def sweep_leases() -> int:
    """Letters whose worker died while they left become uncertain, and stay so until a person decides."""
    lost = actions.sweep_leases(clock.now())
    session().commit()
    return lost
