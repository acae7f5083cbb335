"""Writing the archive: one snapshot of the database, then the files it names."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from flask import current_app
from sqlalchemy import Connection, Table, text

from crm.core.backup.archive import (
    ERASURES,
    KEPT_KEYS,
    KEYS,
    MANIFEST,
    BackupRefused,
    Manifest,
    erasure_log,
    plain,
    reading,
    stored_files,
)
from crm.core.db import db
from crm.core.db import reading as reading_only
from crm.core.files import BLOCK
from crm.core.migrating import known_migration

ROWS = 2000


@contextmanager
def _snapshot() -> Iterator[Connection]:
    """All tables as they were at one moment, while others go on writing."""
    postgres = db.engine.dialect.name == "postgresql"
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if postgres else {}
    with reading_only(), db.engine.connect().execution_options(**options) as connection:
        yield connection


def dump(path: Path, *, at: datetime) -> Manifest:
    """Writes the archive whole or not at all. Raises BackupRefused when the file is there already."""
    if path.exists():
        raise BackupRefused(f"{path} is there already: choose another name, or remove it first")
    part = path.with_name(f".{path.name}.part")
    handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "w+b") as out:
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                manifest = _fill(archive, at)
            out.flush()
            os.fsync(out.fileno())
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    return manifest


def _fill(archive: zipfile.ZipFile, at: datetime) -> Manifest:
    with _snapshot() as connection:
        revision = known_migration(connection)
        if revision is None:
            raise BackupRefused("the database has no tables yet: there is nothing to back up")
        manifest = Manifest(at.isoformat(), revision, connection.dialect.name)
        for table in db.metadata.sorted_tables:
            manifest.tables[table.name] = _write_table(archive, connection, table)
        manifest.sequences = _sequences(connection)
    log = erasure_log()
    erasures = log.read_text("ascii") if log.exists() else ""
    manifest.erasures = len(erasures.splitlines())
    archive.writestr(ERASURES, erasures)
    archive.writestr(KEYS, json.dumps({name: current_app.config[name] for name in KEPT_KEYS}))
    _write_files(archive, manifest)
    archive.writestr(MANIFEST, manifest.as_json())
    return manifest


def _write_table(archive: zipfile.ZipFile, connection: Connection, table: Table) -> int:
    count = 0
    write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=plain, check_circular=False).encode
    rows = connection.execute(reading(table), execution_options={"stream_results": True, "yield_per": ROWS})
    with archive.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as out:
        out.write(write([column.name for column in table.columns]).encode() + b"\n")
        for several in rows.partitions():
            out.write("".join([write(list(row)) + "\n" for row in several]).encode())
            count += len(several)
    return count


def numbered() -> list[Table]:
    """Tables whose key is a number that the database gives and never gives twice."""
    return [
        table
        for table in db.metadata.sorted_tables
        if table.dialect_kwargs.get("sqlite_autoincrement") and table.primary_key.columns["id"].autoincrement is True
    ]


def _sequences(connection: Connection) -> dict[str, int]:
    if connection.dialect.name == "sqlite":
        given = connection.execute(text("SELECT name, seq FROM sqlite_sequence"))
        return {name: int(last) for name, last in given if name in db.metadata.tables}
    return {table.name: last_given(connection, table) for table in numbered()}


def last_given(connection: Connection, table: Table) -> int:
    """The last number that PostgreSQL's sequence of this table has given; 0 for none."""
    name = connection.scalar(text("SELECT pg_get_serial_sequence(:table, 'id')"), {"table": table.name})
    last, called = connection.execute(text(f"SELECT last_value, is_called FROM {name}")).one()  # noqa: S608 -- named by the server
    return int(last) if called else 0


def _write_files(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """A file that goes while we copy belongs to somebody who was just forgotten: the log of erasures knows."""
    root = stored_files()
    for path in sorted(root.rglob("*")):
        if path.is_dir() or path.name.startswith("."):
            continue
        key = path.relative_to(root).as_posix()
        try:
            manifest.files[key] = _write_file(archive, path, key)
        except FileNotFoundError:
            continue


def _write_file(archive: zipfile.ZipFile, path: Path, key: str) -> str:
    hashed = hashlib.sha256()
    with path.open("rb") as stream, archive.open(zipfile.ZipInfo(f"files/{key}"), "w", force_zip64=True) as out:
        while block := stream.read(BLOCK):
            hashed.update(block)
            out.write(block)
    return hashed.hexdigest()
