"""The database: one engine for SQLite and PostgreSQL, the base of every table, and the column types all rooms share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Dialect,
    Enum,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    TypeDecorator,
    any_,
    event,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, registry

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Key = BigInteger().with_variant(Integer, "sqlite")
Json = JSON().with_variant(JSONB, "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC. Raises ValueError when given a naive datetime."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment needs its zone: {value!r}")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def state_type(states: type[StrEnum], name: str | None = None) -> Enum:
    """States are stored as text, and the database refuses any other word.

    A second column of the same states in one table needs a `name` of its own for its CHECK.
    """
    return Enum(
        states,
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda members: [member.value for member in members],
        name=name or states.__name__.lower(),
    )


METADATA = MetaData(naming_convention=NAMING)


class Base(DeclarativeBase):
    metadata = METADATA
    registry = registry(
        metadata=METADATA,
        type_annotation_map={
            int: Key,
            str: String(),
            datetime: UtcDateTime(),
            date: Date(),
            dict[str, Any]: Json,
            list[Any]: Json,
        },
    )


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": True})

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


class Numbered(Model):
    """A row known by a number that grows and is never used again."""

    __abstract__ = True
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True, sort_order=-10)


@event.listens_for(Table, "after_parent_attach")
def _numbers_are_never_reused(table: Table, _parent: MetaData) -> None:
    keys = list(table.primary_key.columns)
    if len(keys) == 1 and keys[0].name == "id" and not keys[0].foreign_keys:
        table.dialect_kwargs["sqlite_autoincrement"] = True


_reading: ContextVar[bool] = ContextVar("reading", default=False)


@contextmanager
def reading() -> Iterator[None]:
    """Within it, SQLite transactions begin as snapshots that never wait for a writer; writing in one is a mistake."""
    token = _reading.set(True)
    try:
        yield
    finally:
        _reading.reset(token)


@contextmanager
def writing() -> Iterator[None]:
    """A short write inside a page that otherwise only reads: ends the snapshot, and the next read starts a new one."""
    session().rollback()
    token = _reading.set(False)
    try:
        yield
    finally:
        _reading.reset(token)


def start_reading() -> None:
    _reading.set(True)


def start_writing() -> None:
    _reading.set(False)


def session() -> Session:
    return cast(Session, db.session)


def disconnect() -> None:
    """Closes this process's connections; the session's first, as one that comes back to a closed pool stays open."""
    db.session.remove()
    db.engine.dispose()


def newest_migration() -> str:
    """The one that this release's tables come from."""
    return (Path(__file__).resolve().parents[2] / "migrations" / ".current-head").read_text("utf-8").strip()


def is_taken(key: Any, due: Select[Any]) -> ColumnElement[bool]:
    """For the WHERE of a claim: whether `key` is in a limited choice of keys, whose rows are locked where the database
    can.

    An array on PostgreSQL: a plain subquery may be run again for each row, so that its LIMIT limits nothing, and a join
    with it may read the whole table.
    """
    if is_postgres():
        return key == any_(func.array(due.with_for_update(skip_locked=True).scalar_subquery()))  # type: ignore[no-any-return]  # a column's == is a clause
    return key.in_(due)  # type: ignore[no-any-return]  # a column's in_ is a clause


def engine_name() -> str:
    """By which statements are kept that are made once: building one costs more than running it for a few rows."""
    return db.engine.dialect.name


def is_postgres() -> bool:
    return engine_name() == "postgresql"


@event.listens_for(Engine, "do_connect")
def _make_private(dialect: Dialect, _record: object, words: list[Any], _more: dict[str, Any]) -> None:
    """SQLite would make its file readable for everybody. One that is there is not opened, which would end its locks."""
    if dialect.name == "sqlite" and words and not words[0].startswith((":", "file:")):
        with suppress(OSError):  # it is there, or cannot be made: then SQLite says why
            os.close(os.open(words[0], os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: object) -> None:
    if type(connection).__module__.partition(".")[0] != "sqlite3":
        return
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "busy_timeout=15000",
        "journal_mode=WAL",
        "foreign_keys=ON",
        "synchronous=NORMAL",
        "cache_size=-65536",
        "temp_store=MEMORY",
        "secure_delete=ON",  # who is forgotten is not in the free pages either
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    connection.create_function("bit_count", 1, _bit_count, deterministic=True)


@event.listens_for(Engine, "connect")
def _prepare_postgres(connection: Any, _record: object) -> None:
    """Compiling costs more than it saves: a count over a million people took 1.5 s with it, 0.6 without."""
    if type(connection).__module__.partition(".")[0] == "psycopg":
        connection.autocommit = True
        connection.execute("SET jit = off")
        connection.autocommit = False


def _bit_count(bits: int | None) -> int | None:
    return None if bits is None else (bits & 0xFFFF_FFFF_FFFF_FFFF).bit_count()


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    """A deferred transaction that turns into a writer fails when another was faster: begin as what it is."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN" if _reading.get() else "BEGIN IMMEDIATE")
