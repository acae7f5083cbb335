"""A file comes in: what it is, how it is read, what its columns hold, and the start of its import."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from flask_babel import gettext
from sqlalchemy import update

from crm.core import files, journal
from crm.core.db import session
from crm.core.errors import MoveRefused, NotThere, NotUnderstood
from crm.core.jobs import Job, JobState, enqueue
from crm.core.wake import wake_after_commit
from crm.people.actions.importing.encodings import find_delimiter, find_encoding
from crm.people.actions.importing.filetypes import HEAD, refuse_strangers
from crm.people.actions.importing.mapping import decide, guess
from crm.people.actions.importing.rows import Reader
from crm.people.actions.importing.working_copy import from_wide_text, from_workbook, has_lone_returns, is_workbook
from crm.people.actions.known import make_origin
from crm.people.models import PeopleImport
from crm.people.rules import ImportState, OriginKind, SiteRole

FOLDER = "imports"
JOB = "people.import"
FIRST_LINES = 20
XLSX = "xlsx"


@dataclass(frozen=True)
class Received:
    """A stored file in the form that is imported. `encoding` is what the original was in."""

    key: str
    encoding: str
    delimiter: str
    columns: list[str]


def receive(stream: BinaryIO, *, at_most: int | None = None, encoding: str = "") -> Received:
    """Stores a file and finds out how to read it; touches no database. Raises NotUnderstood, leaving nothing behind."""
    stored = files.store(stream, FOLDER, at_most=at_most, private=True)
    try:
        return _understand(stored.key, encoding)
    except BaseException:
        files.remove(stored.key)
        raise


@contextmanager
def kept_if_named(received: Received) -> Iterator[None]:
    """Within it a row that names the file is committed; if not, the file goes, as forgetting finds files by rows."""
    try:
        yield
    except BaseException:
        files.remove(received.key)
        raise


def _understand(key: str, wished: str) -> Received:
    path = files.path_of(key)
    with path.open("rb") as file:
        refuse_strangers(file.read(HEAD))
    if is_workbook(path):
        _replace(path, lambda target: from_workbook(path, target))
        return Received(key, XLSX, ",", _columns(path, "utf-8", ","))
    encoding = wished or find_encoding(path)
    decoded = encoding
    if _is_copied(encoding):
        _replace(path, lambda target: from_wide_text(path, encoding, target))
        decoded = "utf-8"
    elif has_lone_returns(path):
        _replace(path, lambda target: from_wide_text(path, encoding, target))
        encoding = decoded = "utf-8"
    delimiter = _delimiter(path, decoded)
    return Received(key, encoding, delimiter, _columns(path, decoded, delimiter))


def _is_copied(encoding: str) -> bool:
    return encoding == XLSX or encoding.startswith(("utf-16", "utf-32"))


def _replace(path: Path, write: Callable[[Path], None]) -> None:
    """The working copy takes the original's place: of somebody's data there is one file and no other."""
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        part.touch(mode=files.PRIVATE)
        write(part)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)


def _delimiter(path: Path, encoding: str) -> str:
    with path.open("rb") as file:
        lines = [file.readline(HEAD) for _ in range(FIRST_LINES)]
    try:
        return find_delimiter([line.decode(encoding, "replace") for line in lines if line.strip()])
    except LookupError as error:
        raise NotUnderstood(gettext("There is no encoding “%(name)s”.", name=encoding)) from error


def _columns(path: Path, encoding: str, delimiter: str) -> list[str]:
    columns = Reader(path, encoding, delimiter).header()
    if not columns:
        raise NotUnderstood(gettext("The first line names no columns."))
    if any("@" in column and "." in column for column in columns):
        raise NotUnderstood(
            gettext(
                "The first line must name the columns (such as Name, Mail), and it holds an address: add such a line."
            )
        )
    return columns


def working_encoding(bringer: PeopleImport) -> str:
    """How the working copy is decoded."""
    return "utf-8" if _is_copied(bringer.encoding) else bringer.encoding


def import_of(received: Received, file_name: str, *, at: datetime, by_id: int | None = None) -> PeopleImport:
    """Not in the database: for a trial, or to be added."""
    return PeopleImport(
        file_name=Path(file_name.replace("\\", "/")).name[:200] or "people",
        stored_key=received.key,
        encoding=received.encoding,
        delimiter=received.delimiter,
        mapping={"columns": received.columns, "fields": guess(received.columns)},
        by_id=by_id,
        created_at=at,
    )


def add_import(received: Received, file_name: str, *, at: datetime, by_id: int | None) -> PeopleImport:
    bringer = import_of(received, file_name, at=at, by_id=by_id)
    session().add(bringer)
    session().flush()
    return bringer


def upload(
    stream: BinaryIO, file_name: str, *, at: datetime, by_id: int | None = None, encoding: str = "",
    at_most: int | None = None,
) -> PeopleImport:  # fmt: skip
    """Takes a file in. Raises NotUnderstood when it is no table of text and no workbook."""
    received = receive(stream, at_most=at_most, encoding=encoding)
    with kept_if_named(received):
        return add_import(received, file_name, at=at, by_id=by_id)


def import_or_404(import_id: int) -> PeopleImport:
    found = session().get(PeopleImport, import_id)
    if found is None:
        raise NotThere(gettext("There is no such import."))
    return found


def describe(
    import_id: int,
    *,
    mapping: Mapping[str, str] | None = None,
    encoding: str = "",
    site: str,
    board: str = "",
    role: SiteRole | None = None,
    basis: str,
    found_at: datetime | None = None,
) -> PeopleImport:
    """Says how a file is read and where its people come from. Raises NotUnderstood, MoveRefused once it has started."""
    bringer = import_or_404(import_id)
    if bringer.state not in (ImportState.UPLOADED, ImportState.PREVIEWED) or bringer.stored_key is None:
        raise MoveRefused(gettext("This import has started already."))
    columns = bringer.mapping["columns"]
    if encoding and encoding != bringer.encoding and not _is_copied(bringer.encoding):
        received = _understand(bringer.stored_key, encoding)
        bringer.encoding, bringer.delimiter, columns = received.encoding, received.delimiter, received.columns
    bringer.mapping = {"columns": columns, "fields": []}
    say_what_it_is(bringer, mapping=mapping, site=site, board=board, role=role, basis=basis, found_at=found_at)
    session().flush()
    return bringer


def say_what_it_is(
    bringer: PeopleImport,
    *,
    mapping: Mapping[str, str] | None = None,
    site: str,
    board: str = "",
    role: SiteRole | None = None,
    basis: str,
    found_at: datetime | None = None,
) -> None:
    """What each column holds, and where its people come from. Raises NotUnderstood."""
    if not site.strip() or not basis.strip():
        raise NotUnderstood(gettext("Say where these people were found, and on what basis you may write to them."))
    columns = bringer.mapping["columns"]
    bringer.mapping = {"columns": columns, "fields": decide(columns, mapping, site.strip())}
    bringer.site, bringer.board, bringer.role = site.strip(), board.strip(), role
    bringer.basis, bringer.found_at, bringer.preview = basis.strip(), found_at, None


def start(import_id: int, *, at: datetime, by_id: int | None = None, language: str = "en") -> Job:
    """Begins the import; `language` is that of the file of refused rows. Raises MoveRefused when it has begun."""
    bringer = import_or_404(import_id)
    if not bringer.basis or bringer.stored_key is None:
        raise MoveRefused(gettext("Say first how the columns are read, and where these people come from."))
    moved = session().execute(
        update(PeopleImport)
        .where(PeopleImport.id == import_id)
        .where(PeopleImport.state.in_((ImportState.UPLOADED, ImportState.PREVIEWED)))
        .values(state=ImportState.RUNNING)
        .returning(PeopleImport.id)
    )
    if moved.first() is None:
        raise MoveRefused(gettext("This import has started already."))
    session().refresh(bringer)
    bringer.found_at = bringer.found_at or at
    bringer.by_id = bringer.by_id or by_id
    bringer.origin_id = make_origin(OriginKind.IMPORT, str(import_id), bringer.file_name)
    bringer.refused_key = f"{FOLDER}/{import_id}-{uuid4().hex}-refused.csv"
    size = files.path_of(bringer.stored_key).stat().st_size
    job = enqueue(JOB, {"import_id": import_id, "language": language}, at=at, by_id=by_id, total=size)
    bringer.job_id = job.id
    journal.record(
        "people.import", f"people_import:{import_id}", at=at,
        after={"file": bringer.file_name, "source": bringer.site, "basis": bringer.basis},
    )  # fmt: skip
    session().flush()
    return job


def go_on(import_id: int, *, at: datetime) -> Job:
    """Lets an import whose job failed try again from where it stopped. Raises MoveRefused."""
    bringer = import_or_404(import_id)
    moved = session().execute(
        update(Job)
        .where(Job.id == bringer.job_id, Job.state == JobState.FAILED)
        .values(state=JobState.WAITING, attempts=0, error=None, finished_at=None, lease_until=None)
        .returning(Job.id)
    )
    if moved.first() is None:
        raise MoveRefused(gettext("This import has not failed."))
    journal.record(
        "people.go_on_import", f"people_import:{import_id}", at=at,
        before={"state": JobState.FAILED.value}, after={"state": JobState.WAITING.value},
    )  # fmt: skip
    wake_after_commit("crm.core.jobs.run_due")
    return session().get_one(Job, bringer.job_id, populate_existing=True)


def discard(import_id: int) -> None:
    """Takes back a file that was never imported. Raises MoveRefused."""
    bringer = import_or_404(import_id)
    if bringer.state not in (ImportState.UPLOADED, ImportState.PREVIEWED):
        raise MoveRefused(gettext("This import has started already."))
    if bringer.stored_key:
        files.remove(bringer.stored_key)
    session().delete(bringer)
    session().flush()
