"""Alembic's entrance, for SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from crm.core.db import UtcDateTime

database = current_app.extensions["migrate"].db


def _written(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Migrations stand for themselves: they name no type of the program, which may change after them."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


@contextmanager
def _tables_may_be_rebuilt(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by dropping it and making it anew, which would take the rows of others that point to it.

    Keys are checked again when all is done. Inside of a transaction the switch does nothing: it stands before them.
    """
    if connection.dialect.name != "sqlite" or connection.in_transaction():
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
        if lost := driver.execute("PRAGMA foreign_key_check").fetchall():
            raise RuntimeError(f"rows point to nothing after the migration: {lost[:5]}")
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=database.metadata,
        render_as_batch=True,
        compare_type=True,
        transaction_per_migration=True,
        render_item=_written,
    )
    with _tables_may_be_rebuilt(connection), context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    with database.engine.connect() as opened:
        _run(opened)
