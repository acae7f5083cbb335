"""Reading the names from a CSV file, with errors that say what to do."""

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from boot_screen.scene import Name

_LONGEST_FIELD = 64 * 1024 * 1024


class NamesError(ValueError):
    """The file of names cannot be used; the message says what to do."""


def read_names(source: str) -> list[Name]:
    """Names from a CSV file in UTF-8 with the column `name` and perhaps `id`; `-` is standard input.

    Without an id the number of the row, counted from 1, stands for it. Empty rows are no names; an empty name is one.
    """
    text = _text(source)
    csv.field_size_limit(_LONGEST_FIELD)
    rows = csv.DictReader(io.StringIO(text, newline=""))
    columns = [column.strip().lower() for column in rows.fieldnames or []]
    if "name" not in columns:
        found = ", ".join(columns) or "nothing"
        raise NamesError(f"{source} has no column called name (its first line holds: {found}). Add a first line: name")
    rows.fieldnames = columns
    try:
        names = list(_names(rows))
    except csv.Error as error:
        raise NamesError(f"{source}, line {rows.line_num}: {error}. Save the file as CSV again.") from None
    if not names:
        raise NamesError(f"{source} holds no names below its first line. Add one name per line.")
    return names


def _names(rows: "csv.DictReader[str]") -> Iterator[Name]:
    for number, row in enumerate(rows, start=1):
        yield Name((row.get("id") or "").strip() or str(number), row.get("name") or "")


def _text(source: str) -> str:
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise NamesError(
            f"{source} cannot be read: {error.strerror}. Give a CSV file, or - for standard input."
        ) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise NamesError(
            f"{source}, line {line}, is not UTF-8. Save the file as UTF-8 "
            "(for a Chinese file from Excel: iconv -f gb18030 -t utf-8)."
        ) from None
