"""Reading a member list as it comes: a file or pasted text, in any encoding, with a head or without."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, NamedTuple

from flask_babel import gettext as _

from crm.core.errors import NotUnderstood
from crm.people.actions.importing.encodings import find_delimiter, find_encoding
from crm.people.actions.importing.filetypes import HEAD, is_wide, refuse_strangers
from crm.people.actions.importing.mapping import guess
from crm.people.actions.importing.rows import Reader
from crm.people.actions.importing.working_copy import from_wide_text
from crm.people.identities import CONTROL, normalise, parse
from crm.people.rules import LONGEST_NAME, is_identity_kind

PROBE_LINES = 20
Pair = tuple[str, str]


class Member(NamedTuple):
    """One row: who it names, or why it names nobody."""

    line: int
    name: str
    pairs: list[Pair]
    fault: str = ""


def _identity(kind: str, cell: str, group_kind: str) -> Pair:
    """Raises NotUnderstood. In a column `identity`, a value without a kind is of the group's."""
    if kind != "identity":
        return kind, normalise(kind, cell)
    head = cell.partition(":")[0].strip().casefold()
    if is_identity_kind(head) or head == "forum":
        return parse(cell)
    return group_kind, normalise(group_kind, cell)


def _member(line: int, cells: Sequence[str], fields: Sequence[str], group_kind: str) -> Member:
    """Faults name no identity: they are kept with the list, and forgetting a person must leave nothing behind."""
    name, pairs = "", []
    for field, cell in zip(fields, cells, strict=False):
        text = cell.strip()
        if field == "name":
            name = text
        elif text and (field == "identity" or is_identity_kind(field)):
            try:
                pairs.append(_identity(field, text, group_kind))
            except NotUnderstood:
                return Member(line, "", [], _("the column %(column)s holds no valid identity", column=field))
    if not pairs:
        return Member(line, "", [], _("no identity in this row"))
    if len(name) > LONGEST_NAME or CONTROL(name):
        return Member(line, "", [], _("the name is too long, or holds control characters"))
    return Member(line, name, pairs)


def _is_value(kind: str, cell: str) -> bool:
    try:
        normalise(kind, cell.strip())
    except NotUnderstood:
        return False
    return True


def _fields(columns: list[str], group_kind: str) -> tuple[list[str], bool]:
    """What each column says, and whether the first row was a head. Raises NotUnderstood when it cannot be told."""
    guessed = guess(columns)
    if any(field == "identity" or is_identity_kind(field) for field in guessed):
        return guessed, True
    if len(columns) == 1 and ":" in columns[0] and _is_value_of_any(columns[0]):
        return ["identity"], False
    if len(columns) in (1, 2) and _is_value(group_kind, columns[-1]):
        return ["name", group_kind][-len(columns) :], False
    raise NotUnderstood(
        _(
            "The list needs a column identity (kind:value), or the columns name and %(kind)s. "
            "Name them in its first line.",
            kind=group_kind,
        )
    )


def _is_value_of_any(cell: str) -> bool:
    try:
        parse(cell)
    except NotUnderstood:
        return False
    return True


def _table(path: Path) -> tuple[Path, str]:
    """A form of the file in which it can be read line by line, and its encoding."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    refuse_strangers(head)
    wide = is_wide(head)
    if wide is None:
        return path, find_encoding(path)
    narrow = path.with_suffix(".utf-8")
    from_wide_text(path, wide, narrow)
    return narrow, "utf-8"


def _delimiter(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        lines = [line for line, _n in zip(file, range(PROBE_LINES), strict=False) if line.strip()]
    return find_delimiter(lines) if lines else ","


def read_members(stream: BinaryIO, group_kind: str) -> Iterator[Member]:
    """Raises NotUnderstood for a file that is no list."""
    with TemporaryDirectory(prefix="members-") as folder:
        path = Path(folder) / "list"
        with path.open("wb") as out:
            shutil.copyfileobj(stream, out)
        table, encoding = _table(path)
        delimiter = _delimiter(table, encoding)
        reader = Reader(table, encoding, delimiter)
        columns = reader.header()
        fields, has_head = _fields(columns, group_kind)
        if not has_head:
            reader = Reader(table, encoding, delimiter)
            reader.width = len(columns)
        for row in reader.rows():
            if row.cells is None:
                yield Member(row.line, "", [], _("this row cannot be read: %(reason)s", reason=row.reason))
            else:
                yield _member(row.line, row.cells, fields, group_kind)
