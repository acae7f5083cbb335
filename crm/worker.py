"""Celery's entrance: `celery --app crm.worker worker`."""

from __future__ import annotations

import ctypes
import signal
import sys
import warnings

from celery.exceptions import SecurityWarning
from celery.signals import beat_embedded_init, worker_process_init, worker_shutting_down

from crm.app import create_app
from crm.core.stopping import asked_to_stop

flask_app = create_app()
app = flask_app.extensions["celery"]


# It means pickled tasks; ours are JSON, and a container's only user is often root.
warnings.filterwarnings("ignore", category=SecurityWarning)


@beat_embedded_init.connect
def _end_with_the_worker(**_signal: object) -> None:
    """A worker that is killed leaves its beat behind, which would go on ringing beside the next one's."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


@worker_shutting_down.connect
def _stop_between_steps(**_signal: object) -> None:
    asked_to_stop.set()


@worker_process_init.connect
def _own_connections(**_signal: object) -> None:
    """A forked child must not share its parent's database connections."""
    from crm.core.db import db  # noqa: PLC0415 -- only a forked child needs it here

    with flask_app.app_context():
        db.engine.dispose(close=False)
