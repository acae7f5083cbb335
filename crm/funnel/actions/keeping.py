"""Keeping what was computed from the data until the data changes."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from crm.core.db import is_postgres, session
from crm.funnel.models import DataVersion
from crm.funnel.queries.cohorts import COHORTS, compute_cohorts, data_version


def keep_cohorts() -> dict[str, Any]:
    """Computes the cohorts and keeps them under the version of the data that they were computed from."""
    version, table = data_version(), compute_cohorts()
    insert = postgresql.insert if is_postgres() else sqlite.insert
    row = {"version": version, "computed": table}
    statement = insert(DataVersion).values(name=COHORTS, settled_at=None, **row)
    session().execute(statement.on_conflict_do_update(index_elements=["name"], set_=row))
    return table
