"""Putting an archive back: refused unless it fits, in one transaction, checked before it counts."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask import current_app
from sqlalchemy import Table, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from crm.core import bulk
from crm.core.backup.archive import (
    ERASURES,
    KEPT_KEYS,
    KEYS,
    BackupRefused,
    Manifest,
    erasure_log,
    manifest_of,
    open_archive,
    rows_of,
    stored_files,
)
from crm.core.backup.dumping import last_given, numbered
from crm.core.db import db, is_postgres, session
from crm.core.files import BLOCK, mode_of_new, path_of
from crm.core.migrating import known_migration
from crm.core.offers import offers
from crm.core.programme import Programme


@dataclass(frozen=True)
class Restored:
    """`forgotten_again`: people whom the backup brought back and a later erasure has taken out again."""

    manifest: Manifest
    keys: dict[str, str]
    forgotten_again: int


def restore(path: Path, *, at: datetime, replace: bool = False, hold: bool = False) -> Restored:
    """Everything in this transaction; commit it, then call `finish`. Raises BackupRefused with what to do.

    With `hold` the programme stands still afterwards, so that nothing leaves before somebody has looked.
    """
    with open_archive(path) as archive:
        manifest = manifest_of(archive)
        _refuse_another_revision(manifest)
        keys: dict[str, str] = json.loads(archive.read(KEYS))
        _refuse_another_key(path, keys)
        _empty(replace=replace)
        for table in db.metadata.sorted_tables:
            _load(archive, table, manifest.tables.get(table.name, 0))
        _restore_sequences(manifest)
        _restore_files(archive, manifest)
        _merge_erasures(archive.read(ERASURES).decode("ascii"))
    again = _forget_again(at, keys[KEPT_KEYS[0]])
    if hold:
        session().query(Programme).update({"held_at": at})
    return Restored(manifest, keys, again)


def _refuse_another_revision(manifest: Manifest) -> None:
    here = known_migration(session().connection())
    if here != manifest.revision:
        raise BackupRefused(
            f"this backup was made at migration {manifest.revision}, this database is at {here}: restore it with the "
            "release of Seedbed that made it, into a database of that release, then upgrade (make migrate)"
        )


def _key_file(name: str) -> Path | None:
    """Where an embedded installation keeps this key, when it is the one in use."""
    path = Path(current_app.config["DATA_DIR"]) / f"{name.lower()}.txt"
    if path.exists() and path.read_text("ascii").strip() == current_app.config[name]:
        return path
    return None


def _refuse_another_key(path: Path, keys: dict[str, str]) -> None:
    name = KEPT_KEYS[0]
    if not hmac.compare_digest(keys[name], current_app.config[name]) and _key_file(name) is None:
        raise BackupRefused(
            f"the hashes of forgotten people in this backup were made with another {name}: set {name} to the backup's "
            f"own, which `flask --app crm.app data keys {path.name}` shows, and restore again"
        )


def _take_keys(keys: dict[str, str]) -> bool:
    """An embedded installation writes the backup's keys into its key files; whether all keys are the backup's now."""
    for name, key in keys.items():
        own = _key_file(name)
        if own is not None:
            part = own.with_suffix(".part")
            part.touch(mode=0o600)
            part.write_text(key, "ascii")
            part.rename(own)
            current_app.config[name] = key
    return all(hmac.compare_digest(key, current_app.config[name]) for name, key in keys.items())


def _is_empty() -> bool:
    tables = db.metadata.sorted_tables
    return not any(session().execute(select(1).select_from(table).limit(1)).first() for table in tables)


def _empty(*, replace: bool) -> None:
    if is_postgres():
        if not replace and not _is_empty():
            _refuse_data()
        every = ", ".join(f'"{table.name}"' for table in db.metadata.sorted_tables)
        session().execute(text(f"TRUNCATE {every}"))
        return
    session().execute(text("PRAGMA defer_foreign_keys=ON"))
    if _is_empty():
        return
    if not replace:
        _refuse_data()
    for table in reversed(db.metadata.sorted_tables):
        session().execute(table.delete())


def _refuse_data() -> None:
    raise BackupRefused("this database holds data already: restore into an empty one, or say --replace to lose it")


def _load(archive: zipfile.ZipFile, table: Table, expected: int) -> None:
    columns, rows = rows_of(archive, table)
    try:
        bulk.load(table, columns, rows)
    except (SQLAlchemyError, ValueError, OSError) as error:
        raise BackupRefused(f"table {table.name} cannot be loaded: {error}") from error
    found = session().scalar(select(func.count()).select_from(table))
    if found != expected:
        raise BackupRefused(f"table {table.name} has {found} rows after loading, the backup says {expected}")


def _restore_sequences(manifest: Manifest) -> None:
    """On from the highest number ever given, here or there: a number never means two things."""
    connection = session().connection()
    for table in numbered():
        highest = session().scalar(select(func.coalesce(func.max(table.c.id), 0))) or 0
        last = max(highest, manifest.sequences.get(table.name, 0))
        if is_postgres():
            last = max(last, last_given(connection, table))
            name = session().scalar(text("SELECT pg_get_serial_sequence(:table, 'id')"), {"table": table.name})
            session().execute(text(f"ALTER SEQUENCE {name} RESTART WITH {last + 1}"))
        elif last:
            bound = {"name": table.name, "seq": last}
            changed = session().execute(
                text("UPDATE sqlite_sequence SET seq = max(seq, :seq) WHERE name = :name RETURNING name"), bound
            )
            if changed.first() is None:
                session().execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"), bound)


def _restore_files(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Beside those that are there: keys are never used twice, and what is too much goes after the commit."""
    for key, expected in manifest.files.items():
        path = path_of(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        hashed = hashlib.sha256()
        part.touch(mode=mode_of_new())
        with archive.open(f"files/{key}") as stream, part.open("wb") as out:
            while block := stream.read(BLOCK):
                hashed.update(block)
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
        if hashed.hexdigest() != expected:
            part.unlink()
            raise BackupRefused(f"the stored file {key} is damaged in this backup")
        part.rename(path)


def finish(restored: Restored) -> bool:
    """After the commit: removes stored files that no row names, takes the keys over where they are kept in files.

    Returns False when SECRET_KEY comes from the environment and is not the backup's.
    """
    root = stored_files()
    for path in root.rglob("*"):
        if path.is_file() and path.relative_to(root).as_posix() not in restored.manifest.files:
            path.unlink()
    return _take_keys(restored.keys)


def _merge_erasures(kept: str) -> None:
    """The log here and the backup's, together: whichever machine the erasure was asked on."""
    log = erasure_log()
    here = log.read_text("ascii").splitlines() if log.exists() else []
    missing = [line for line in kept.splitlines() if line.strip() and line not in set(here)]
    if missing:
        log.touch(mode=0o600)
        with log.open("a", encoding="ascii") as out:
            out.writelines(f"{line}\n" for line in missing)


def _forget_again(at: datetime, key: str) -> int:
    """Hashes are made with the backup's key, which is this installation's from the commit on."""
    log = erasure_log()
    lines = log.read_text("ascii").splitlines() if log.exists() else []
    own, current_app.config["SUPPRESSION_KEY"] = current_app.config["SUPPRESSION_KEY"], key
    try:
        return sum(room.forget_again(lines, at) for room in offers() if room.forget_again is not None)
    finally:
        current_app.config["SUPPRESSION_KEY"] = own
