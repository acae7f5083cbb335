"""Rows that belong to a person: how a table is merged, un-merged, exported and forgotten, told once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, and_, delete, select, update
from sqlalchemy.exc import IntegrityError

from crm.core.db import session

Moved = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Owned:
    """A column of `table` that names a person.

    forget: "delete" the rows, "empty" the columns in `emptied` (to the given values), or "keep" them as they are
    because they hold nothing about the person but the number.
    private: columns that an export leaves out (secrets, or somebody else's data).
    """

    table: Table
    column: str = "person_id"
    forget: str = "delete"
    emptied: dict[str, Any] = field(default_factory=dict)
    private: frozenset[str] = frozenset()
    exported: bool = True

    @property
    def of(self) -> Any:
        return self.table.c[self.column]


def plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    return value.isoformat() if isinstance(value, datetime | date) else value


def _key(table: Table, row: Any) -> dict[str, Any]:
    return {column.name: plain(row._mapping[column]) for column in table.primary_key.columns}


def _same(table: Table, key: dict[str, Any]) -> Any:
    parts = []
    for column in table.primary_key.columns:
        value = key[column.name]
        if column.type.python_type is datetime and isinstance(value, str):
            value = datetime.fromisoformat(value)
        parts.append(column == value)
    return and_(*parts)


def move_rows(owned: Iterable[Owned], keep: int, lose: int) -> Moved:
    """Gives the loser's rows to the keeper and returns which they were, for `move_back`.

    A row that the keeper has already (a unique key says so) stays with the loser.
    """
    moved: Moved = {}
    for own in owned:
        rows = session().execute(select(*own.table.primary_key.columns).where(own.of == lose)).all()
        for row in rows:
            key = _key(own.table, row)
            try:
                with session().begin_nested():
                    session().execute(update(own.table).where(_same(own.table, key)).values({own.column: keep}))
            except IntegrityError:
                continue
            if own.column in key:
                key[own.column] = keep
            moved.setdefault(f"{own.table.name}.{own.column}", []).append(key)
    return moved


def move_back(owned: Iterable[Owned], moved: Moved, lose: int) -> None:
    """The reverse of `move_rows`; rows that have been deleted since are passed over."""
    for own in owned:
        for key in moved.get(f"{own.table.name}.{own.column}", ()):
            session().execute(update(own.table).where(_same(own.table, key)).values({own.column: lose}))


def export_rows(owned: Iterable[Owned], person_id: int) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for own in owned:
        if not own.exported:
            continue
        columns = [column for column in own.table.columns if column.name not in own.private]
        rows = session().execute(select(*columns).where(own.of == person_id)).all()
        if rows:
            found.setdefault(own.table.name, []).extend(
                {c.name: plain(row._mapping[c]) for c in columns} for row in rows
            )
    return found


def forget_rows(owned: Sequence[Owned], person_id: int) -> None:
    """Children are told before parents: list a room's tables in that order."""
    for own in owned:
        if own.forget == "delete":
            session().execute(delete(own.table).where(own.of == person_id))
        elif own.forget == "empty":
            session().execute(update(own.table).where(own.of == person_id).values(own.emptied))
