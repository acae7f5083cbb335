"""Empty PostgreSQL databases, for tests and benchmarks; who waits for whom."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
from sqlalchemy import make_url, text

from crm.core.db import is_postgres, session


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """The address of an empty database on this server, dropped at the end."""
    name = f"seedbed_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def waits(other: Future[Any]) -> bool:
    """Whether what another thread does in this database waits for the session in hand; False once it is done.

    On SQLite, where one writes at a time, it is looked at once.
    """
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    while is_postgres() and not other.done():
        session().execute(text("SELECT pg_stat_clear_snapshot()"))
        if session().scalar(text(waiting)) is not None:
            return True
    return not other.done()
