"""Celery's entrance: `celery --app crm.worker worker`."""

from __future__ import annotations

from celery.signals import worker_process_init, worker_shutting_down

from crm.app import create_app
from crm.core.stopping import asked_to_stop

flask_app = create_app()
app = flask_app.extensions["celery"]


@worker_shutting_down.connect
def _stop_between_steps(**_signal: object) -> None:
    asked_to_stop.set()


@worker_process_init.connect
def _own_connections(**_signal: object) -> None:
    """A forked child must not share its parent's database connections."""
    from crm.core.db import db  # noqa: PLC0415 -- only a forked child needs it here

    with flask_app.app_context():
        db.engine.dispose(close=False)
