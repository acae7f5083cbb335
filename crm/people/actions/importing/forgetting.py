"""Files that still hold a forgotten person: their rows are blanked in place, so that no other row moves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from sqlalchemy import select, update

from crm.core import files
from crm.core.db import session
from crm.people.actions.importing.cells import Said
from crm.people.actions.importing.running import open_rows, row_reader
from crm.people.models import PeopleImport

SHORTEST = 5
Place = tuple[int, int]


def blank_in_files(pairs: Collection[tuple[str, str]], names: Collection[str]) -> None:
    """Erases rows with any of these identities from uploaded files and from files of refused rows, and every preview.

    A refused row is also erased when a cell is the name: it may hold an identity that could not be read.
    """
    session().execute(update(PeopleImport).values(preview=None))
    wanted = frozenset(pairs)
    needles = [value.casefold() for _kind, value in wanted if len(value) >= SHORTEST]
    spots = [value.casefold() for _kind, value in wanted] + [name.casefold() for name in names]

    def is_theirs(text: str) -> bool:
        return _mentions(text, needles) or _has_cell(text, spots)

    for bringer in session().scalars(select(PeopleImport).order_by(PeopleImport.id)):
        if bringer.stored_key is not None and files.path_of(bringer.stored_key).exists():
            _blank(files.path_of(bringer.stored_key), _places(bringer, wanted, needles))
        if bringer.refused_key is not None and files.path_of(bringer.refused_key).exists():
            path = files.path_of(bringer.refused_key)
            _blank(path, _records(path, is_theirs))


def _places(bringer: PeopleImport, wanted: frozenset[tuple[str, str]], needles: list[str]) -> Iterator[Place]:
    """Where rows about the person stand in an uploaded file, whether or not its columns have been named."""
    fields = bringer.mapping.get("fields", [])
    read = row_reader(bringer).read if any(fields) and "forum" not in fields else None
    for row in open_rows(bringer, {}).rows():
        if _mentions("\n".join(row.cells or [row.text]), needles):
            yield row.start, row.end
        elif read is not None:
            said = read(row)
            if isinstance(said, Said) and not wanted.isdisjoint(said.pairs):
                yield row.start, row.end


def _mentions(text: str, needles: list[str]) -> bool:
    folded = text.casefold()
    return any(needle in folded for needle in needles)


def _has_cell(text: str, spots: list[str]) -> bool:
    cells = {cell.strip(" \"'\r\n").casefold() for cell in text.replace("\n", ",").split(",")}
    return not cells.isdisjoint(spots)


def _records(path: Path, is_theirs: Callable[[str], bool]) -> Iterator[Place]:
    """Places of whole records of a CSV that we wrote ourselves; the header is left alone."""
    with path.open("rb") as file:
        end = len(file.readline())
        record, start = b"", end
        for line in file:
            record += line
            end += len(line)
            if record.count(b'"') % 2:
                continue
            if is_theirs(record.decode("utf-8")):
                yield start, end
            record, start = b"", end


def _blank(path: Path, places: Iterator[Place]) -> None:
    """Line ends stay, so that every other row keeps its line and its place."""
    found = list(places)
    if not found:
        return
    with path.open("r+b") as file:
        for start, end in found:
            file.seek(start)
            content = file.read(end - start)
            file.seek(start)
            file.write(bytes(byte if byte in b"\r\n" else 0x20 for byte in content))
