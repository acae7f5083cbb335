"""Many rows at once: COPY on PostgreSQL, executemany on SQLite, behind one name."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain, islice
from typing import Any, TypeVar

from sqlalchemy import BindParameter, ColumnElement, String, Table, any_, bindparam, cast, func, select, text
from sqlalchemy.dialects import postgresql, sqlite

from crm.core.db import Key, UtcDateTime, is_postgres, session

Item = TypeVar("Item")
VARIABLES = 30_000
FEW = 1000


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def reserve_ids(table: Table, count: int) -> list[int]:
    """Takes the next `count` numbers of a Numbered table, so that children can be written in the same breath."""
    if count <= 0:
        return []
    if is_postgres():
        sequence = func.pg_get_serial_sequence(table.name, "id")
        return list(session().scalars(select(func.nextval(sequence)).select_from(func.generate_series(1, count))))
    connection = session().connection()
    last = connection.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
    if last is None:
        last = connection.scalar(select(func.coalesce(func.max(table.c.id), 0))) or 0
        connection.execute(
            text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"),
            {"name": table.name, "seq": last + count},
        )
    else:
        connection.execute(
            text("UPDATE sqlite_sequence SET seq = :seq WHERE name = :name"),
            {"name": table.name, "seq": last + count},
        )
    return list(range(last + 1, last + 1 + count))


def among(column: Any, ids: Collection[int]) -> ColumnElement[bool]:
    """`column` is one of these numbers, handed over as one value: a thousand parameters cost more than their answer."""
    return _among(column, bindparam(None, these(ids), _numbers()))


def among_those(column: Any, name: str) -> ColumnElement[bool]:
    """The same in a statement that is made once for each engine: its parameter `name` is what `these` makes."""
    return _among(column, bindparam(name, type_=_numbers()))


def these(ids: Collection[int]) -> list[int] | str:
    return list(ids) if is_postgres() else json.dumps(list(ids))


def _numbers() -> Any:
    return postgresql.ARRAY(Key) if is_postgres() else String()


def _among(column: Any, numbers: BindParameter[Any]) -> ColumnElement[bool]:
    if is_postgres():
        return column == any_(numbers)  # type: ignore[no-any-return]  # a column's == is a clause
    each = func.json_each(numbers).table_valued("value")
    return column.in_(select(cast(each.c.value, Key)))  # type: ignore[no-any-return]  # a column's in_ is a clause


@lru_cache(maxsize=256)  # many rows share the moment at which they arrived
def _sqlite_moment(value: datetime | None) -> str | None:
    """What SQLAlchemy writes for a moment, four times as fast: imports and replays write hundreds of thousands."""
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(f"a moment needs its zone: {value!r}")
    return value.astimezone(UTC).isoformat(" ", "microseconds")[:26]


def _processors(table: Table, columns: Sequence[str]) -> list[Callable[[Any], Any] | None]:
    dialect = session().connection().dialect
    types = [table.c[name].type for name in columns]
    return [
        _sqlite_moment
        if dialect.name == "sqlite" and isinstance(one, UtcDateTime)
        else one.dialect_impl(dialect).bind_processor(dialect)
        for one in types
    ]


def _prepared(table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterable[Sequence[Any]]:
    processors = _processors(table, columns)
    needed = [(i, p) for i, p in enumerate(processors) if p is not None]
    if not needed:
        return rows

    def prepare(row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for position, processor in needed:
            values[position] = processor(values[position])
        return values

    return map(prepare, rows)


def _few(cursor: Any, table: Table, columns: Sequence[str], names: str, rows: list[Sequence[Any]]) -> int:
    """One statement that passes over what is known: making a table to copy a few rows into costs more than they do."""
    dialect = session().connection().dialect
    lists = ", ".join(f"%s::{table.c[name].type.compile(dialect)}[]" for name in columns)
    insert = f'INSERT INTO "{table.name}" ({names}) SELECT * FROM unnest({lists}) ON CONFLICT DO NOTHING'  # noqa: S608 -- names of our own tables
    cursor.execute(insert, [list(column) for column in zip(*rows, strict=True)])
    return int(cursor.rowcount)


def _copy(cursor: Any, table: Table, names: str, rows: Iterable[Sequence[Any]], *, ignore_known: bool) -> int:
    target = table.name
    if ignore_known:
        target = f"load_{table.name}"
        cursor.execute(
            f'CREATE TEMP TABLE IF NOT EXISTS "{target}" (LIKE "{table.name}" INCLUDING DEFAULTS) ON COMMIT DROP'
        )
        cursor.execute(f'TRUNCATE "{target}"')
    with cursor.copy(f'COPY "{target}" ({names}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(row)
    if ignore_known:
        insert = f'INSERT INTO "{table.name}" ({names}) SELECT {names} FROM "{target}" ON CONFLICT DO NOTHING'  # noqa: S608 -- names of our own tables
        cursor.execute(insert)
    return int(cursor.rowcount)


def load(table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, ignore_known: bool = False) -> int:
    """Inserts tuples in the order of `columns`, by the driver's fastest way, in this transaction; returns how many.

    With `ignore_known`, rows that meet a unique key are passed over. Python-side defaults do not apply: name
    every column that has no default in the database.
    """
    connection = session().connection()
    names = ", ".join(f'"{name}"' for name in columns)
    prepared = _prepared(table, columns, rows)
    driver: Any = connection.connection.driver_connection
    if is_postgres():
        with driver.cursor() as cursor:
            if ignore_known:
                rest = iter(prepared)
                start = list(islice(rest, FEW + 1))
                if len(start) <= FEW:
                    return _few(cursor, table, columns, names, start) if start else 0
                prepared = chain(start, rest)
            return _copy(cursor, table, names, prepared, ignore_known=ignore_known)
    marks = ", ".join("?" * len(columns))
    ending = " ON CONFLICT DO NOTHING" if ignore_known else ""
    cursor = driver.executemany(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks}){ending}', prepared)  # noqa: S608 -- names of our own tables
    return int(max(0, cursor.rowcount))


def insert_or_pass(table: Table, rows: Sequence[dict[str, Any]]) -> int:
    """Inserts rows by SQLAlchemy Core, passing over those that a unique key knows; returns how many were new."""
    if not rows:
        return 0
    insert = postgresql.insert if is_postgres() else sqlite.insert
    key = next(iter(table.primary_key.columns))
    new = 0
    for chunk in chunks(rows, max(1, VARIABLES // len(rows[0]))):
        statement = insert(table).values(chunk).on_conflict_do_nothing().returning(key)
        new += len(session().execute(statement).all())
    return new
