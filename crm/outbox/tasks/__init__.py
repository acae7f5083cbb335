"""Letters leave by themselves: rows are the queue, these tasks look what is due."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

import structlog
from celery import shared_task
from flask import Flask, current_app

from crm.core import clock, programme
from crm.core.db import session
from crm.core.stopping import asked_to_stop
from crm.outbox import actions
from crm.outbox.actions.claiming import ANY
from crm.outbox.queries.leaving import nowhere_to, obstacle
from crm.outbox.queries.ways import Way, ways
from crm.outbox.tasks.rounds import Rounds

log = structlog.get_logger(__name__)
MAILBOX_BATCH = 5000
_sending, _rung = Lock(), Event()


@shared_task(name="crm.outbox.tasks.send_due")
def send_due() -> int:
    """Sends everything that is due; returns how many letters the servers (or the mailbox) took.

    While the programme is held or has no postal address, and into the mailbox without a mail server, only what somebody
    asked for: a sign-in link that an admin may hand on. Nobody else's letter may count as sent.
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
    if programme.current() is None:
        return 0
    held, why = programme.is_held(), obstacle()
    if nowhere_to() == "rehearsal":
        return _into_mailbox(ANY, asked_only=held)
    going = ways()
    if why == "no_address":
        log.warning("no_sender_address", cure="set the address that letters come from in the programme's settings")
        going = [way for way in going if way.sender_id is not None]
    handed_on = _into_mailbox(None, asked_only=True) if why == "no_server" else 0
    session().commit()
    return handed_on + _over(going, asked_only=held)


def _into_mailbox(sender: int | None, *, asked_only: bool) -> int:
    total = 0
    while not asked_to_stop.is_set():
        sent = actions.deliver_due(clock.now(), MAILBOX_BATCH, sender, asked_only=asked_only)
        session().commit()
        total += sent
        if sent < MAILBOX_BATCH:
            break
    return total


def _over(going: Sequence[Way], *, asked_only: bool) -> int:
    """Each way has a crew of its own: none waits for the server of another."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 -- Flask's documented way out of the proxy, for a thread

    def run(way: Way) -> int:
        with Rounds(way, app.config["MAIL_CONNECTIONS"], app.config["MAIL_DEPTH"], asked_only=asked_only) as rounds:
            return rounds.run()

    def run_apart(way: Way) -> int:
        with app.app_context():
            return run(way)

    if len(going) < 2:
        return sum(map(run, going))
    with ThreadPoolExecutor(len(going), thread_name_prefix="crew") as crews:
        return sum(crews.map(run_apart, going))


@shared_task(name="crm.outbox.tasks.sweep_leases")
def sweep_leases() -> int:
    """Letters whose worker died while they left become uncertain, and stay so until a person decides. Those that came
    back to wait after their campaign was stopped end.
    """
    at = clock.now()
    lost = actions.sweep_leases(at)
    actions.cancel_stopped(at)
    session().commit()
    return lost
