"""Celery, which only wakes workers: configured for any broker, its tasks run inside the Flask application."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from celery import Celery, Task
from flask import Flask, has_app_context
from kombu import Connection
from kombu.transport import TRANSPORT_ALIASES

from crm.core import programme
from crm.core.db import start_writing

SECONDS = 2
TRANSPORT_ALIASES["spool"] = "crm.core.spool:Transport"


def broker_options(broker_url: str) -> dict[str, Any]:
    """The embedded spool is a folder; a Redis that lost a worker gives its wakes back after a minute."""
    parts = urlsplit(broker_url)
    if parts.scheme == "spool":
        folder = Path(parts.netloc + parts.path)
        for name in ("queue", "taken", "control"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        return {
            "data_folder_in": str(folder / "queue"),
            "data_folder_out": str(folder / "queue"),
            "processed_folder": str(folder / "taken"),
            "control_folder": str(folder / "control"),
        }
    return {"visibility_timeout": 60} if parts.scheme.startswith("redis") else {}


def broker_trouble(app: Flask) -> str | None:
    """Why the broker does not answer within a few seconds; None when it does. A folder of ours needs no answer."""
    address = app.config["BROKER_URL"]
    scheme = urlsplit(address).scheme
    if scheme in ("spool", "memory"):
        return None
    limits = {"socket_timeout": SECONDS, "socket_connect_timeout": SECONDS} if scheme.startswith("redis") else {}
    with Connection(address, connect_timeout=SECONDS, transport_options=limits) as connection:
        troubles: tuple[type[BaseException], ...] = (
            *connection.connection_errors,
            *connection.channel_errors,
            OSError,
            ValueError,
        )
        try:
            connection.connect()
        except troubles as error:
            return f"{connection.as_uri()} does not answer ({error})"
    return None


def make_celery(app: Flask, schedule: dict[str, Any], while_held: frozenset[str]) -> Celery[Any]:
    """`schedule` is Celery beat's; tasks named in `while_held` also run while the programme is held."""

    class FlaskTask(Task[Any, Any]):
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            if has_app_context():
                return self.run(*args, **kwargs)
            with app.app_context():
                start_writing()
                if self.name not in while_held and programme.is_held():
                    return None
                return self.run(*args, **kwargs)

    broker = app.config["BROKER_URL"]
    is_spool = broker.startswith("spool:")
    celery: Celery[Any] = Celery("seedbed", task_cls=FlaskTask)
    celery.conf.update(
        broker_url="spool://" if is_spool else broker,
        broker_transport_options=broker_options(broker),
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=2,
        task_ignore_result=True,
        task_default_queue="seedbed",
        task_store_errors_even_if_ignored=False,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_prefetch_multiplier=1,
        beat_schedule=schedule,
        beat_schedule_filename=str(Path(app.config["DATA_DIR"]) / "beat"),
        timezone="UTC",
    )
    celery.set_default()
    app.extensions["celery"] = celery
    return celery
