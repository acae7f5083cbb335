"""The one form that is imported: text in which every line end is one byte, so that a place in it is a byte's number.

CSV and TSV in UTF-8, GB18030 and their like are read as they are. XLSX, UTF-16 and old Mac files are written anew once.
"""

from __future__ import annotations

import codecs
import csv
import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from xml.parsers import expat

from flask_babel import gettext
from python_calamine import CalamineError, CalamineWorkbook

from crm.core.errors import NotUnderstood
from crm.people.actions.importing.filetypes import HEAD, is_zip

LINE_SEPARATOR = "\u2028"
FORMULA = re.compile(rb'<c r="([A-Z]{1,3})([0-9]+)"[^>]*>\s*<f[\s>/]')
WORKBOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
MOST_UNPACKED = 1 << 31
BLOCK = 1 << 20
OVERLAP = 1 << 12
BROKEN = "seedbed.broken"
codecs.register_error(BROKEN, lambda error: ("\x00", getattr(error, "end", 0)))
BREAKS = str.maketrans({"\r": None, "\n": LINE_SEPARATOR})


def _damaged() -> NotUnderstood:
    return NotUnderstood(gettext("This workbook is damaged: open it, save it again, or save it as CSV."))


def is_workbook(path: Path) -> bool:
    """Raises NotUnderstood for a zip that is no XLSX."""
    with path.open("rb") as file:
        if not is_zip(file.read(HEAD)):
            return False
    try:
        with zipfile.ZipFile(path) as archive:
            if WORKBOOK in archive.namelist():
                if sum(entry.file_size for entry in archive.infolist()) > MOST_UNPACKED:
                    raise NotUnderstood(gettext("This workbook is too large when unpacked: save it as CSV."))
                return True
    except zipfile.BadZipFile as error:
        raise _damaged() from error
    raise NotUnderstood(
        gettext("This is a zip file, not a list of people: unpack it, and choose the CSV, TSV or XLSX.")
    )


def from_workbook(path: Path, target: Path) -> None:
    """Writes the first sheet that holds anything as CSV, one line per row of the sheet. Raises NotUnderstood."""
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        sheets = ((number, workbook.get_sheet_by_index(number)) for number in range(len(workbook.sheet_names)))
        number, sheet = next(((number, sheet) for number, sheet in sheets if sheet.height), (0, None))
        if sheet is None:
            raise NotUnderstood(gettext("This workbook is empty."))
        formulas = _formulas(path, number)
        _top, left = sheet.start or (0, 0)
        with target.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            for line, row in enumerate(sheet.iter_rows(), 1):
                cells = [_plain(cell) for cell in row]
                for column in formulas.get(line, ()):
                    if 0 <= column - left < len(cells):
                        cells[column - left] = f"=({cells[column - left]})"
                writer.writerow(cells)
    except CalamineError as error:
        raise _damaged() from error


def _plain(cell: Any) -> str:
    """What a cell shows, on one line; numbers such as QQ numbers without a decimal part."""
    if isinstance(cell, str):
        return cell.translate(BREAKS) if "\n" in cell or "\r" in cell else cell
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return "" if cell is None else str(cell)


def _formulas(path: Path, index: int) -> dict[int, set[int]]:
    """Which cells of a sheet are formulas: row numbers from 1 to column numbers from 0."""
    found: dict[int, set[int]] = {}
    with zipfile.ZipFile(path) as archive, archive.open(_sheet_file(archive, index)) as file:
        rest = b""
        while block := file.read(BLOCK):
            for column, row in FORMULA.findall(rest + block):
                found.setdefault(int(row), set()).add(_column(column))
            rest = block[-OVERLAP:]
    return found


def _sheet_file(archive: zipfile.ZipFile, index: int) -> str:
    """The file of the sheet that stands there: numbers in names of files follow who was made when, not their order.

    Raises NotUnderstood.
    """
    places = {one.get("Id"): one.get("Target", "") for one in _elements(archive, RELATIONS, "Relationship")}
    names = {name.lower(): name for name in archive.namelist()}
    try:
        place = places[_elements(archive, WORKBOOK, "sheet")[index]["id"]]
        return names[posixpath.normpath(posixpath.join("/xl", place)).removeprefix("/").lower()]
    except (KeyError, IndexError) as error:
        raise _damaged() from error


def _elements(archive: zipfile.ZipFile, name: str, wanted: str) -> list[dict[str, str]]:
    """The attributes of every such element, without namespaces: Excel and its like use different ones."""
    found: list[dict[str, str]] = []

    def begin(tag: str, attributes: dict[str, str]) -> None:
        if tag.rpartition(" ")[2] == wanted:
            found.append({key.rpartition(" ")[2]: value for key, value in attributes.items()})

    def refuse(*_declared: object) -> None:
        raise _damaged()

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = begin
    parser.EntityDeclHandler = refuse  # no workbook has any, and some make a short file endless
    try:
        with archive.open(name) as file:
            parser.ParseFile(file)
    except (KeyError, expat.ExpatError) as error:
        raise _damaged() from error
    return found


def _column(letters: bytes) -> int:
    """AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def from_wide_text(path: Path, encoding: str, target: Path) -> None:
    """Writes a text anew as UTF-8 with line feeds. What cannot be decoded becomes NUL, whose row is refused later."""
    with target.open("w", encoding="utf-8", newline="") as out:
        for piece in _decoded(path, encoding):
            out.write(piece)


def _decoded(path: Path, encoding: str) -> Iterator[str]:
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(BROKEN), translate=True)
    first = True
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            text = decoder.decode(block)
            yield text.removeprefix("\ufeff") if first else text
            first = False
        yield decoder.decode(b"", final=True)


def has_lone_returns(path: Path) -> bool:
    """An old Mac file: its lines end in a carriage return alone."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    return b"\r" in head and b"\n" not in head
