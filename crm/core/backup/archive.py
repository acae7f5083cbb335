"""What stands in an archive, and how a row is written in it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, cast

from flask import current_app
from sqlalchemy import JSON, Column, Date, DateTime, Enum, Select, String, Table, Text, Time, null, select, type_coerce
from sqlalchemy import cast as as_type
from sqlalchemy.types import TypeDecorator

from crm.core.errors import NotUnderstood, Refusal

FORMAT = 1
MANIFEST = "manifest.json"
KEYS = "keys.json"
ERASURES = "erasures.jsonl"
KEPT_KEYS = ("SUPPRESSION_KEY", "SECRET_KEY")


class BackupRefused(Refusal):
    """The archive and this installation do not fit; nothing has been changed."""


@dataclass
class Manifest:
    """`tables` counts rows, `sequences` holds the last number given in each, `files` each stored file's SHA-256."""

    made_at: str
    revision: str
    database: str
    format: int = FORMAT
    tables: dict[str, int] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    erasures: int = 0

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=1, sort_keys=True)


def open_archive(path: Path) -> zipfile.ZipFile:
    """Raises NotUnderstood for what is no archive of ours."""
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise NotUnderstood(f"{path} cannot be read as a backup: {error}") from error
    if MANIFEST not in archive.namelist():
        archive.close()
        raise NotUnderstood(f"{path} is no backup of Seedbed: it has no {MANIFEST}")
    return archive


def manifest_of(archive: zipfile.ZipFile) -> Manifest:
    said = json.loads(archive.read(MANIFEST))
    if said.get("format") != FORMAT:
        raise BackupRefused(f"this backup has format {said.get('format')}, this program reads format {FORMAT}")
    return Manifest(**said)


def read_manifest(path: Path) -> Manifest:
    with open_archive(path) as archive:
        return manifest_of(archive)


def read_keys(path: Path) -> dict[str, str]:
    """The secrets without which the hashes of forgotten people and the links in sent letters mean nothing."""
    with open_archive(path) as archive:
        return cast("dict[str, str]", json.loads(archive.read(KEYS)))


def stored_files() -> Path:
    return Path(current_app.config["DATA_DIR"]) / "files"


def erasure_log() -> Path:
    """Kept beside the database, not in it, so that a restored backup does not forget who was to be forgotten."""
    return Path(current_app.config["DATA_DIR"]) / ERASURES


def _kind(column: Column[Any]) -> Any:
    kind = column.type
    return kind.impl if isinstance(kind, TypeDecorator) else kind


def reading(table: Table) -> Select[Any]:
    """Every row, in the order of its key. JSON comes as its text: SQL's NULL and JSON's null stay two things."""
    columns: list[Any] = []
    for column in table.columns:
        kind = _kind(column)
        if isinstance(kind, JSON):
            columns.append(as_type(column, Text).label(column.name))
        elif isinstance(kind, Enum):
            columns.append(type_coerce(column, String).label(column.name))
        else:
            columns.append(column)
    return select(*columns).order_by(*table.primary_key.columns)


def plain(value: Any) -> Any:
    """For json.dumps: what it does not know itself."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    raise TypeError(f"a backup cannot hold {type(value).__name__}")


def _json(value: str) -> Any:
    found = json.loads(value)
    return JSON.NULL if found is None else found


def _reader(column: Column[Any]) -> tuple[Callable[[Any], Any], Any] | None:
    """What makes the column's value of JSON's, and what stands for none."""
    kind = _kind(column)
    if isinstance(kind, JSON):
        return _json, null()
    for known, parse in (
        (DateTime, datetime.fromisoformat),
        (Date, date.fromisoformat),
        (Time, time.fromisoformat),
    ):
        if isinstance(kind, known):
            return parse, None
    return None


def rows_of(archive: zipfile.ZipFile, table: Table) -> tuple[list[str], Iterator[list[Any]]]:
    """The columns and the rows of a table, read as they are asked for."""
    lines = archive.open(f"tables/{table.name}.jsonl")
    columns: list[str] = json.loads(lines.readline())
    if unknown := set(columns) ^ {column.name for column in table.columns}:
        raise BackupRefused(f"table {table.name} differs from the backup's in {', '.join(sorted(unknown))}")
    readers = [(place, reader) for place, name in enumerate(columns) if (reader := _reader(table.c[name]))]

    def read() -> Iterator[list[Any]]:
        with lines:
            for line in lines:
                row: list[Any] = json.loads(line)
                for place, (parse, none) in readers:
                    value = row[place]
                    row[place] = none if value is None else parse(value)
                yield row

    return columns, read()
