"""Check-ins from another system: CSV with the columns identity, version, at. Each row arrives or says why not."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO

from flask_babel import gettext as _

from crm.builds.actions.check_ins import NewCheckIn, Versions, record_check_ins
from crm.builds.models import CheckInImport
from crm.builds.rules import CLOCKS_DIFFER, FIRST_WEEK, LONGEST_VERSION, CheckInKind
from crm.core.bulk import chunks
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.people.identities import parse
from crm.people.queries import ids_by_identities

COLUMNS = ("identity", "version", "at")
CHUNK = 5000
REASONS_KEPT = 1000
Row = tuple[int, dict[str, str] | str]


@dataclass
class Import:
    """A file on its way in: figures so far, and whom each written identity means (None: nobody).

    Reasons name no identity: they are kept, and forgetting a person must leave nothing of them behind.
    """

    received_at: datetime
    read: int = 0
    new: int = 0
    known: int = 0
    refused: int = 0
    reasons: list[dict[str, Any]] = field(default_factory=list)
    people: dict[str, int | None] = field(default_factory=dict)
    wrong: set[str] = field(default_factory=set)

    def refuse(self, line: int, reason: str) -> None:
        self.refused += 1
        if len(self.reasons) < REASONS_KEPT:
            self.reasons.append({"line": line, "reason": reason})


def _clean_lines(text: io.TextIOWrapper) -> Iterator[str]:
    """A NUL byte would end csv's reading: as U+FFFD it makes only its own row strange."""
    for line in text:
        yield line.replace("\x00", "�") if "\x00" in line else line


def _rows(text: io.TextIOWrapper) -> Iterator[Row]:
    rows = csv.reader(_clean_lines(text))
    header = [name.strip().lower() for name in next(rows, [])]
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise NotUnderstood(
            _(
                "The file's first line must name the columns identity, version and at; missing: %(missing)s.",
                missing=", ".join(missing),
            )
        )
    places = [header.index(name) for name in COLUMNS]
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield rows.line_num, str(error)
            continue
        if not row:
            continue
        if len(row) != len(header):
            yield rows.line_num, _("%(found)s fields instead of %(wanted)s", found=len(row), wanted=len(header))
            continue
        yield rows.line_num, {name: row[place].strip() for name, place in zip(COLUMNS, places, strict=True)}


def _read(stream: BinaryIO) -> Iterator[Row]:
    """Each row with its line, read or as the reason why not. Raises NotUnderstood for a file without the columns."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")
    try:
        yield from _rows(text)
    finally:
        text.detach()  # the stream is its owner's to close


def _moment(text: str, now: datetime) -> datetime:
    """Raises NotUnderstood, saying why."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise NotUnderstood(_("the time %(text)s is not like 2026-06-05T17:00:00+08:00", text=text[:60])) from error
    if at.tzinfo is None:
        raise NotUnderstood(_("the time %(text)s names no offset, such as +08:00 or Z", text=text[:60]))
    if at > now + CLOCKS_DIFFER:
        raise NotUnderstood(_("the time %(text)s lies in the future", text=text[:60]))
    if at < FIRST_WEEK:
        raise NotUnderstood(_("the time %(text)s lies before 1970-01-05", text=text[:60]))
    return at.astimezone(UTC)


def _learn(work: Import, written: set[str]) -> None:
    """Looks up, set-wise, whom these identities mean."""
    parsed: dict[str, tuple[str, str]] = {}
    for text in written:
        try:
            parsed[text] = parse(text)
        except NotUnderstood:
            work.wrong.add(text)
    found = ids_by_identities(set(parsed.values()))
    work.people.update({text: found.get(pair) for text, pair in parsed.items()})


def _check(work: Import, row: dict[str, str]) -> NewCheckIn:
    """Raises NotUnderstood with the reason why the row is refused."""
    identity, version = row["identity"], row["version"]
    if identity in work.wrong:
        raise NotUnderstood(_("the identity is not one written as kind:value, such as email:ada@example.org"))
    person_id = work.people[identity]
    if person_id is None:
        raise NotUnderstood(_("nobody is known by this identity"))
    if not version:
        raise NotUnderstood(_("the version is missing"))
    if len(version) > LONGEST_VERSION or not version.isprintable() or "�" in version:
        raise NotUnderstood(_("the version is not a line of at most %(most)s characters", most=LONGEST_VERSION))
    at = _moment(row["at"], work.received_at)
    key = f"import:{int(at.timestamp() * 1_000_000)}:{version}"
    return NewCheckIn(person_id, version, CheckInKind.HEARTBEAT, at, key)


def _take(work: Import, rows: list[Row], versions: Versions) -> None:
    """One chunk of the file."""
    written = {row["identity"] for _line, row in rows if not isinstance(row, str)}
    _learn(work, written - work.people.keys() - work.wrong)
    sound = []
    for line, row in rows:
        work.read += 1
        try:
            if isinstance(row, str):
                raise NotUnderstood(row)
            sound.append(_check(work, row))
        except NotUnderstood as error:
            work.refuse(line, str(error))
    recorded = record_check_ins(sound, received_at=work.received_at, versions=versions)
    work.new += recorded.new
    work.known += recorded.known


def import_check_ins(
    stream: BinaryIO,
    file_name: str,
    *,
    at: datetime,
    by_id: int | None = None,
    after_chunk: Callable[[], None] | None = None,
) -> CheckInImport:
    """Takes history from another system; the same file again adds nothing, so a broken-off import is simply repeated.

    Rows that cannot be taken are refused with their line and reason (the first 1,000 are kept), all others arrive, also
    those of people without a tester agreement. `after_chunk` is the door's commit: no writer waits for the file.
    """
    work, versions = Import(at), Versions()
    for rows in chunks(_read(stream), CHUNK):
        _take(work, rows, versions)
        if after_chunk is not None:
            after_chunk()
    done = CheckInImport(
        file_name=file_name,
        at=at,
        by_id=by_id,
        read=work.read,
        new=work.new,
        known=work.known,
        refused=work.refused,
        reasons=work.reasons,
    )
    session().add(done)
    session().flush()
    return done
