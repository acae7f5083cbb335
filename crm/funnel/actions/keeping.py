"""Keeping what was computed from the data until the data changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from crm.core.db import is_postgres, session
from crm.funnel.models import DataVersion
from crm.funnel.queries.cohorts import data_version


def keep(name: str, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Computes a table and keeps it under the version of the data that it was computed from."""
    version, table = data_version(), compute()
    insert = postgresql.insert if is_postgres() else sqlite.insert
    row = {"version": version, "computed": table}
    statement = insert(DataVersion).values(name=name, settled_at=None, **row)
    session().execute(statement.on_conflict_do_update(index_elements=["name"], set_=row))
    return table
