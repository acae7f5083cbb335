"""What a database wants now and then: figures about its own tables, by which it chooses how to answer."""

from __future__ import annotations

from celery import shared_task
from sqlalchemy import text

from crm.core.db import is_postgres, session

ROWS_LOOKED_AT = 1000


def learn() -> None:
    """Lets the database look at its tables anew: after many rows have come in at once. Takes part in no transaction
    that matters; on SQLite it looks at some rows of each index only."""
    if is_postgres():
        session().execute(text("ANALYZE"))
    else:
        session().execute(text(f"PRAGMA analysis_limit={ROWS_LOOKED_AT}"))
        session().execute(text("ANALYZE"))


@shared_task
def learn_again() -> None:
    learn()
    session().commit()
