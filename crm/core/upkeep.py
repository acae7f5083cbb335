"""What a database wants now and then: figures about its own tables, by which it chooses how to answer."""

from __future__ import annotations

from celery import shared_task
from sqlalchemy import text

from crm.core.db import is_postgres, session

ROWS_LOOKED_AT = 1000


def learn(*tables: str) -> None:
    """Lets the database look at its tables anew, or at these: after many rows have come in at once. Takes part in no
    transaction that matters; on SQLite it looks at some rows of each index only."""
    if not is_postgres():
        session().execute(text(f"PRAGMA analysis_limit={ROWS_LOOKED_AT}"))
    for table in tables or ("",):
        session().execute(text(f"ANALYZE {table}"))


def has_grown(pieces: int) -> bool:
    """Whether it is time to look again at tables that work fills piece by piece: each time they are four times as long.

    PostgreSQL looks by itself too, but a minute may pass, and a page that counts what has come in is slow until then.
    """
    return pieces > 0 and pieces & (pieces - 1) == 0 and pieces.bit_length() % 2 == 1


@shared_task
def learn_again() -> None:
    learn()
    session().commit()
