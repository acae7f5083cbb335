"""An import, one chunk of rows a step: rows, counts, refused rows and the place in the file are one transaction."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import islice

from flask_babel import force_locale, gettext
from sqlalchemy import update

from crm.core import files, journal, programme
from crm.core.db import is_postgres, session
from crm.core.errors import MoveRefused
from crm.core.jobs import Job, cancel
from crm.core.upkeep import learn
from crm.people.actions.importing.arriving import import_or_404, working_encoding
from crm.people.actions.importing.cells import Refused, RowReader, Said
from crm.people.actions.importing.matching import Matcher
from crm.people.actions.importing.refusals import append
from crm.people.actions.importing.rows import Reader
from crm.people.actions.importing.touched import touched_people
from crm.people.actions.importing.writing import created_by, write
from crm.people.identities import region_of
from crm.people.models import PeopleImport
from crm.people.queries import ids_by_identities, suppressed_pairs
from crm.people.rules import ImportState

CHUNK = 5000
# Pages of SQLite's log (4 KiB each) between two checkpoints: while many rows come in, and otherwise.
RARELY, USUALLY = 20_000, 1_000


def row_reader(bringer: PeopleImport) -> RowReader:
    known = programme.required()
    return RowReader(bringer.mapping["fields"], bringer.mapping["columns"], known.tz, region_of(known.zone))


def open_rows(bringer: PeopleImport, cursor: dict[str, int]) -> Reader:
    """The working copy, at its first row or where the last step stopped."""
    if bringer.stored_key is None:
        raise MoveRefused(gettext("The file of this import is gone: upload it again."))
    path = files.path_of(bringer.stored_key)
    if not path.exists():
        raise MoveRefused(gettext("The file of this import is gone: upload it again."))
    encoding = working_encoding(bringer)
    if "start" in cursor:
        reader = Reader(path, encoding, bringer.delimiter, start=cursor["start"], line=cursor["line"])
    else:
        reader = Reader(path, encoding, bringer.delimiter)
        reader.header()
    reader.width = len(bringer.mapping["columns"])
    return reader


def take_chunk(reader: Reader, read: RowReader, size: int) -> tuple[list[Said], list[Refused]]:
    said: list[Said] = []
    refused: list[Refused] = []
    with closing(reader.rows()) as rows:
        for row in islice(rows, size):
            one = read.read(row)
            if isinstance(one, Said):
                said.append(one)
            else:
                refused.append(one)
    return said, refused


@contextmanager
def without_collector() -> Iterator[None]:
    """A chunk makes a hundred thousand small things and no circles: to look for some takes a sixth of its time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def step(job: Job, at: datetime, *, size: int = CHUNK) -> bool:
    """One chunk; the last step removes the file, after the one before has committed its end. Whether there is more."""
    with without_collector():
        return _step(job, at, size)


def _checkpoint_every(pages: int) -> None:
    """SQLite copies its log back less often while rows stream in, which saves a fifth of a long import's time."""
    if not is_postgres():
        session().connection().exec_driver_sql(f"PRAGMA wal_autocheckpoint={pages}")


def _step(job: Job, at: datetime, size: int) -> bool:
    bringer = import_or_404(job.args["import_id"])
    if bringer.state is not ImportState.RUNNING:
        _checkpoint_every(USUALLY)
        drop_file(bringer)
        return False
    _checkpoint_every(RARELY)
    reader = open_rows(bringer, job.cursor)
    said, refused = take_chunk(reader, row_reader(bringer), size)
    _count_suppressed(bringer, said)
    with session().no_autoflush:
        outcome = Matcher(ids_by_identities(pair for row in said for pair in row.pairs), Ours(bringer.id)).match(said)
        bringer.merge_proposals += write(bringer, said, outcome, at)
    length = job.cursor.get("refused", 0)
    if refused and bringer.refused_key:
        with force_locale(job.args.get("language", "en")):
            length = append(files.path_of(bringer.refused_key), length, bringer.mapping["columns"], refused)
    bringer.read += len(said) + len(refused)
    bringer.new += outcome.new
    bringer.known += outcome.known
    bringer.refused += len(refused)
    job.cursor = {"start": reader.start, "line": reader.line, "refused": length}
    job.done = reader.start
    if len(said) + len(refused) < size:
        _finish(bringer, job, at)
    session().flush()
    return True


def _count_suppressed(bringer: PeopleImport, said: list[Said]) -> None:
    stopped = suppressed_pairs({pair for row in said for pair in row.pairs})
    if stopped:
        bringer.suppressed += sum(any(pair in stopped for pair in row.pairs) for row in said)


class Ours:
    """Whether this import made a person whom nothing has touched since; asked of the database once for each."""

    def __init__(self, import_id: int) -> None:
        self._import_id = import_id
        self._known: dict[int, bool] = {}

    def __call__(self, person_id: int) -> bool:
        if person_id not in self._known:
            ours = created_by(self._import_id, [person_id])
            self._known[person_id] = bool(ours) and not touched_people(ours, self._import_id)
        return self._known[person_id]


def _finish(bringer: PeopleImport, job: Job, at: datetime) -> None:
    bringer.state, bringer.finished_at = ImportState.DONE, at
    learn()
    job.done = job.total or job.done
    job.result = counts(bringer)
    bringer.preview = None


def drop_file(bringer: PeopleImport) -> None:
    """What has been imported is in the tables; the uploaded file is not kept."""
    if bringer.stored_key is not None:
        files.remove(bringer.stored_key)
        bringer.stored_key = None


def counts(bringer: PeopleImport) -> dict[str, int]:
    """Of the rows: read = new + known + refused; a row that joined two known people is known."""
    return {
        "read": bringer.read,
        "new": bringer.new,
        "known": bringer.known,
        "merge_proposals": bringer.merge_proposals,
        "refused": bringer.refused,
    }


def cancel_import(import_id: int, *, at: datetime) -> PeopleImport:
    """Stops after the running chunk; what has arrived stays, and can be undone. Raises MoveRefused."""
    bringer = import_or_404(import_id)
    job = session().get(Job, bringer.job_id) if bringer.job_id is not None else None
    if job is not None and job.is_open:
        cancel(job.id, at=at)
    moved = session().execute(
        update(PeopleImport)
        .where(PeopleImport.id == import_id, PeopleImport.state == ImportState.RUNNING)
        .values(state=ImportState.CANCELLED, finished_at=at)
        .returning(PeopleImport.id)
    )
    if moved.first() is None:
        raise MoveRefused(gettext("This import has ended already."))
    session().refresh(bringer)
    drop_file(bringer)
    journal.record(
        "people.cancel_import", f"people_import:{import_id}", at=at,
        before={"state": ImportState.RUNNING.value}, after={"state": ImportState.CANCELLED.value},
    )  # fmt: skip
    session().flush()
    return bringer
