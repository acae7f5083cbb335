"""Files of the suppression list, as they are read: a plain list of identities, or an export of an installation."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import BinaryIO, NamedTuple

from flask_babel import gettext as _

from crm.core import files
from crm.core.errors import NotThere, NotUnderstood
from crm.core.tokens import keyed_hash
from crm.people.identities import home_region, parse
from crm.people.queries import Pair
from crm.people.rules import BY_STAFF, SuppressionReason

FOLDER = "suppressions"
LARGEST = 64 << 20
FEW = 20
KEPT = timedelta(days=1)
LONGEST_CELL = 1000
ENCODINGS = ("utf-8-sig", "gb18030")
HEADINGS = frozenset({"email", "mail", "address", "identity", "邮箱", "地址", "e-mail"})
EXPORTED = ("hash", "reason", "at", "identity", "key")
IS_EXPORT = frozenset({"hash", "reason"})
HASH = re.compile(r"[0-9a-f]{64}")


class OtherKey(NotUnderstood):
    """A hash that was made under another SUPPRESSION_KEY says nothing here."""


class Line(NamedTuple):
    """One identity for the list; `pair` where it can be read, `since` where its file says when it came on a list."""

    hash: str
    pair: Pair | None
    reason: SuppressionReason
    since: datetime | None = None


def key_mark() -> str:
    """Says in an export under which key its hashes were made, and nothing else of the key."""
    return f"k{keyed_hash('the key under which an exported suppression list was made')[:16]}"


def read_identity(written: str, region: str | None = None) -> Pair:
    """`kind:value`, or a mail address by itself. Raises NotUnderstood."""
    text = written.strip()
    return parse(f"email:{text}" if "@" in text and ":" not in text else text, region)


@dataclass
class Preview:
    """What a file will do. `refused` holds the first of the refused rows: line, what stands there, why.

    `foreign` counts the hashes among them that another key made.
    """

    new: int = 0
    known: int = 0
    twice: int = 0
    reasons: Counter[SuppressionReason] = field(default_factory=Counter)
    refused_count: int = 0
    foreign: int = 0
    refused: list[tuple[int, str, str]] = field(default_factory=list)

    def refuse(self, line: int, cell: str, why: str) -> None:
        self.refused_count += 1
        if len(self.refused) < FEW:
            self.refused.append((line, cell[:80], why))


def receive(stream: BinaryIO) -> str:
    """Keeps the file until it is decided; its key. Raises NotUnderstood."""
    return files.store(stream, FOLDER, suffix=".csv", at_most=LARGEST, private=True).key


def _rows(key: str) -> Iterator[tuple[int, list[str]]]:
    """Raises NotUnderstood for a file that is no text, NotThere for one that is gone."""
    path = files.path_of(key)
    if not path.exists():
        raise NotThere(_("This file is no longer here: upload it again."))
    content = path.read_bytes()
    for encoding in ENCODINGS:
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise NotUnderstood(_("This file is no text: save it as CSV in UTF-8."))
    if "\x00" in text:
        raise NotUnderstood(_("This file is no text: save it as CSV in UTF-8."))
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise NotUnderstood(_("Line %(line)s cannot be read as CSV.", line=reader.line_num)) from error


def _moment(written: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _line(written: str, region: str | None, reason: SuppressionReason, since: datetime | None = None) -> Line:
    """Raises NotUnderstood."""
    pair = read_identity(written[:LONGEST_CELL], region)
    return Line(keyed_hash(":".join(pair)), pair, reason, since)


def _readable(written: str, region: str | None) -> Pair | None:
    try:
        return read_identity(written[:LONGEST_CELL], region) if written else None
    except NotUnderstood:
        return None


def _exported_line(cells: dict[str, str], region: str | None, reason: SuppressionReason) -> Line:
    """A hash under our key as it is, else by the identity. Raises NotUnderstood, OtherKey."""
    since, identity = _moment(cells["at"]), cells["identity"]
    if cells["key"] == key_mark() and HASH.fullmatch(cells["hash"]):
        return Line(cells["hash"], _readable(identity, region), reason, since)
    if identity:
        return _line(identity, region, reason, since)
    if not HASH.fullmatch(cells["hash"]):
        raise NotUnderstood(_("This is no hash of an exported list."))
    if not cells["key"]:
        raise OtherKey(
            _("The file does not say under which SUPPRESSION_KEY this hash was made: export the list again.")
        )
    raise OtherKey(
        _(
            "This hash was made under another SUPPRESSION_KEY, so nobody can be recognised by it here: import it "
            "where that key is set, or write the identity into its column."
        )
    )


class _Columns:
    """How the rows of a file are read: an export by the names of its columns, a list by their places."""

    def __init__(self, first: list[str], default: SuppressionReason) -> None:
        names = [cell.strip().casefold() for cell in first]
        self.names = names if set(names) >= IS_EXPORT else None
        self.has_heading = self.names is not None or names[0] in HEADINGS
        self.default = default
        self.reasons = {reason.value: reason for reason in (SuppressionReason if self.names else BY_STAFF)}
        self.region = home_region()

    def shown(self, row: list[str]) -> str:
        """What of a row a refusal shows: the row itself where it is short."""
        cells = self.cells(row)
        return cells["identity"] or cells["hash"]

    def cells(self, row: list[str]) -> dict[str, str]:
        named = dict(zip(self.names or ("identity", "reason"), (cell.strip() for cell in row), strict=False))
        return {name: named.get(name, "") for name in EXPORTED}

    def line(self, row: list[str]) -> Line:
        """Raises NotUnderstood, OtherKey."""
        cells = self.cells(row)
        word = cells["reason"].casefold()
        if word and word not in self.reasons:
            known = ", ".join(self.reasons)
            raise NotUnderstood(_("This reason is not known: use one of %(words)s.", words=known))
        reason = self.reasons[word] if word else self.default
        if self.names:
            return _exported_line(cells, self.region, reason)
        return _line(cells["identity"], self.region, reason)


def read_lines(key: str, default: SuppressionReason, told: Preview) -> Iterator[Line]:
    """Each identity of the file once, with its reason: the file's own, else the default."""
    seen, columns = set[str](), None
    for number, row in _rows(key):
        if columns is None:
            columns = _Columns(row, default)
            if columns.has_heading:
                continue
        try:
            line = columns.line(row)
        except NotUnderstood as error:
            told.foreign += isinstance(error, OtherKey)
            told.refuse(number, columns.shown(row), str(error))
            continue
        if line.hash in seen:
            told.twice += 1
            continue
        seen.add(line.hash)
        yield line


def drop_list(key: str) -> None:
    files.remove(key)


def sweep_lists(at: datetime) -> int:
    """Files that nobody decided about; returns how many."""
    folder, oldest, gone = files.path_of(FOLDER), (at - KEPT).timestamp(), 0
    for path in folder.glob("*.csv") if folder.exists() else ():
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
            gone += 1
    return gone
