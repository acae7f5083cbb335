"""The rollup that the funnel page reads, kept in the transaction that changes a standing; and the version of the
data.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, delete
from sqlalchemy.dialects import postgresql, sqlite

from crm.core.db import is_postgres, session
from crm.funnel.models import DataVersion, FunnelCell
from crm.funnel.queries.cohorts import FUNNEL
from crm.funnel.queries.passing import DAY
from crm.funnel.queries.verifying import Key, counted_cells

CELL = cast(Table, FunnelCell.__table__)
KEYS = ("week", "origin_id", "source_key", "channel")
COUNTS = ("n1", "n2", "n3", "n4")


class Cells:
    """Changes of the rollup, gathered: what standings are taken away and what are given."""

    def __init__(self) -> None:
        self.changes: dict[Key, list[int]] = {}

    def take(self, row: Any) -> None:
        self._add(row.reached, (row.week, row.origin_id or 0, row.source_key, row.channel or ""), -1)

    def give(self, row: Mapping[str, Any]) -> None:
        key = (row["week"], row["origin_id"] or 0, row["source_key"], row["channel"] or "")
        self._add(row["reached"], key, 1)

    def _add(self, reached: int, key: Key, by: int) -> None:
        if reached:
            counts = self.changes.setdefault(key, [0, 0, 0, 0])
            for rung in range(reached):
                counts[rung] += by


def add_cells(cells: Cells) -> None:
    """In key order, so that two writers cannot wait for each other in a circle."""
    rows = [
        {**dict(zip(KEYS, key, strict=True)), **dict(zip(COUNTS, counts, strict=True))}
        for key, counts in sorted(cells.changes.items())
        if any(counts)
    ]
    if not rows:
        return
    insert = postgresql.insert if is_postgres() else sqlite.insert
    statement = insert(CELL)
    added = {name: CELL.c[name] + statement.excluded[name] for name in COUNTS}
    session().execute(statement.on_conflict_do_update(index_elements=KEYS, set_=added), rows)


def rebuild_cells() -> int:
    """Writes the rollup anew from the standings; returns the number of cells."""
    session().execute(delete(FunnelCell))
    cells = Cells()
    cells.changes = counted_cells()
    add_cells(cells)
    return len(cells.changes)


def bump(at: datetime) -> None:
    """The data has changed: what is cached by its version is computed anew when it is asked for."""
    _upsert(FUNNEL, at)


def passed(at: datetime) -> None:
    """Time has been let pass for everybody up to this moment."""
    _upsert(DAY, at)


def _upsert(name: str, at: datetime) -> None:
    insert = postgresql.insert if is_postgres() else sqlite.insert
    statement = insert(DataVersion).values(name=name, version=1, settled_at=at)
    session().execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"version": DataVersion.version + 1, "settled_at": at}
        )
    )
