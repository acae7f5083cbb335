"""Reading the names from a CSV file, with errors that say what to do."""

import csv
import io
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import isfinite, nan
from pathlib import Path
from typing import TextIO

from boot_screen.scene import Name

_LONGEST_FIELD = 64 * 1024 * 1024


class NamesError(ValueError):
    """The file of names cannot be used; the message says what to do."""


def read_names(source: str) -> list[Name]:
    """Names from a CSV file in UTF-8 with the column `name` and perhaps `id`, `section` and `weight`; `-` is standard
    input. The file is read row by row.

    Without an id the number of the row, counted from 1, stands for it. Empty rows are no names; an empty name is one.
    """
    try:
        with _opened(source) as file:
            return _read(source, file)
    except OSError as error:
        raise NamesError(
            f"{source} cannot be read: {error.strerror}. Give a CSV file, or - for standard input."
        ) from None


def _read(source: str, file: TextIO) -> list[Name]:
    csv.field_size_limit(_LONGEST_FIELD)
    rows = csv.reader(file)
    try:
        columns = [column.strip().lower() for column in next(rows, [])]
        if "name" not in columns:
            found = ", ".join(columns) or "nothing"
            raise NamesError(
                f"{source} has no column called name (its first line holds: {found}). Add a first line: name"
            )
        names = list(_names(source, rows, columns))
    except csv.Error as error:
        raise NamesError(f"{source}, line {rows.line_num}: {error}. Save the file as CSV again.") from None
    except UnicodeDecodeError:
        raise NamesError(
            f"{source}, near line {rows.line_num + 1}, is not UTF-8. Save the file as UTF-8 "
            "(for a Chinese file from Excel: iconv -f gb18030 -t utf-8)."
        ) from None
    if not names:
        raise NamesError(f"{source} holds no names below its first line. Add one name per line.")
    return names


def _names(source: str, rows: Iterable[list[str]], columns: list[str]) -> Iterator[Name]:
    at_name = columns.index("name")
    at_id, at_section, at_weight = (
        columns.index(column) if column in columns else None for column in ("id", "section", "weight")
    )
    for number, row in enumerate((row for row in rows if row), start=1):
        yield Name(
            _cell(row, at_id).strip() or str(number),
            _cell(row, at_name),
            _cell(row, at_section),
            _weight(source, number, _cell(row, at_weight)),
        )


def _cell(row: list[str], at: int | None) -> str:
    return row[at] if at is not None and at < len(row) else ""


def _weight(source: str, number: int, text: str) -> float:
    if not text.strip():
        return 0.0
    try:
        value = float(text)
    except ValueError:
        value = nan
    if not isfinite(value):
        raise NamesError(f"{source}: the weight of name {number} is no number: {text[:40]!r}. Write one, or nothing.")
    return value


@contextmanager
def _opened(source: str) -> Iterator[TextIO]:
    if source == "-":
        yield io.TextIOWrapper(sys.stdin.buffer, "utf-8-sig", newline="")
        return
    with Path(source).open(encoding="utf-8-sig", newline="") as file:
        yield file
