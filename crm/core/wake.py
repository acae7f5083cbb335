"""Rows are the queue, Celery is the alarm clock: a wake is best effort, the tick finds what it missed."""

from __future__ import annotations

from typing import Any

import structlog
from celery import current_app
from kombu.exceptions import OperationalError
from sqlalchemy import event
from sqlalchemy.orm import Session

from crm.core.db import db, session

log = structlog.get_logger(__name__)
EXPIRES_SECONDS = 60


def wake_after_commit(task: str) -> None:
    """Asks for a task, by its dotted name, once this transaction has committed. Never raises for a lost broker."""
    session().info.setdefault("wakes", set()).add(task)


def wake_all_after_commit() -> None:
    """The same for everything that runs by itself: what stood still need not wait for its next tick."""
    for entry in current_app.conf.beat_schedule.values():
        wake_after_commit(entry["task"])


def _send(live: Session) -> None:
    for task in sorted(live.info.pop("wakes", ())):
        try:
            current_app.send_task(task, expires=EXPIRES_SECONDS, ignore_result=True, retry=False)
        except (OperationalError, OSError) as error:
            log.warning("wake_lost", task=task, error=str(error))


def _forget(live: Session) -> None:
    live.info.pop("wakes", None)


def listen() -> None:
    """Wires the session of this application; called once by create_app."""
    factory: Any = db.session
    if not event.contains(factory, "after_commit", _send):
        event.listen(factory, "after_commit", _send)
        event.listen(factory, "after_rollback", _forget)
