"""Alembic's entrance, for SQLite and PostgreSQL alike."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from crm.core.db import UtcDateTime

database = current_app.extensions["migrate"].db


def _written(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Migrations stand for themselves: they name no type of the program, which may change after them."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=database.metadata,
        render_as_batch=True,
        compare_type=True,
        transaction_per_migration=True,
        render_item=_written,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    with database.engine.connect() as opened:
        _run(opened)
