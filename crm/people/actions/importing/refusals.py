"""The file of refused rows: what stood in them, on which line, and why each was refused."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from flask_babel import gettext, lazy_gettext

from crm.core.files import PRIVATE
from crm.people.actions.importing.cells import Refused, is_formula
from crm.people.rules import Reason

SENTENCES = {
    Reason.ENCODING: lazy_gettext("has bytes that are no text in this file's encoding"),
    Reason.NUL: lazy_gettext("holds a NUL byte or broken characters"),
    Reason.QUOTES: lazy_gettext("has a quotation mark that is not closed, or one in the wrong place"),
    Reason.LONG_CELL: lazy_gettext("has a cell of more than 100,000 characters"),
    Reason.FEW_CELLS: lazy_gettext("has fewer cells than there are columns"),
    Reason.MANY_CELLS: lazy_gettext("has more cells than there are columns"),
    Reason.FORMULA: lazy_gettext("holds a formula where text is expected"),
    Reason.CONTROL: lazy_gettext("holds a control character"),
    Reason.LONG_NAME: lazy_gettext("has a name of more than 200 characters"),
    Reason.NO_IDENTITY: lazy_gettext("has no identity: no address, number or account"),
    Reason.IDENTITY: lazy_gettext("has an identity that cannot be read"),
    Reason.MOMENT: lazy_gettext("has a date that cannot be read"),
    Reason.LANGUAGE: lazy_gettext("has a language that cannot be read"),
}


def sentence(reason: Reason | str, detail: str = "") -> str:
    told = str(SENTENCES[Reason(reason)])
    return gettext("%(reason)s (%(detail)s)", reason=told, detail=detail) if detail else told


def _harmless(cell: str) -> str:
    """A spreadsheet must not compute what was refused for being a formula."""
    return f"'{cell}" if cell and is_formula(cell) else cell


def append(path: Path, committed: int, columns: Sequence[str], refused: Sequence[Refused]) -> int:
    """Adds rows behind the first `committed` bytes, and returns the new length.

    What an earlier try wrote behind them, and could not commit, is cut off: no row is lost or doubled by a crash.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=PRIVATE)
    with path.open("r+b") as file:
        file.truncate(committed)
        file.seek(committed)
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        if not committed:
            writer.writerow([gettext("Line"), gettext("Reason"), *columns])
        for row in refused:
            writer.writerow([row.line, sentence(row.reason, row.detail), *map(_harmless, row.cells)])
        file.write((b"" if committed else b"\xef\xbb\xbf") + text.getvalue().encode("utf-8", "replace"))
        file.flush()
        os.fsync(file.fileno())
        return file.tell()


def lines(path: Path) -> Iterator[bytes]:
    """The file for download, without rows that have been blanked since."""
    with path.open("rb") as file:
        for line in file:
            if line.strip():
                yield line
