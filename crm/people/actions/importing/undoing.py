"""Undoing a whole import: who came by it and was left alone goes again; others stay, and are listed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import delete, select, update

from crm.core import journal
from crm.core.db import session
from crm.core.errors import MoveRefused
from crm.core.jobs import Job, enqueue
from crm.core.restand import Restand, restand
from crm.people.actions.importing.arriving import import_or_404
from crm.people.actions.importing.touched import touched_people
from crm.people.models import (
    Identity,
    ImportedPerson,
    MergeProposal,
    Note,
    PeopleImport,
    Person,
    PersonTag,
    Source,
    Tag,
)
from crm.people.rules import ImportState, ProposalState

JOB = "people.undo_import"
CHUNK = 2000
ENDED = (ImportState.DONE, ImportState.CANCELLED, ImportState.FAILED)


def undo(import_id: int, *, at: datetime, by_id: int | None = None) -> Job:
    """Begins to undo. Raises MoveRefused while the import runs, and when it has been undone before."""
    bringer = import_or_404(import_id)
    before = {"state": bringer.state.value}
    moved = session().execute(
        update(PeopleImport)
        .where(PeopleImport.id == import_id, PeopleImport.state.in_(ENDED))
        .values(state=ImportState.UNDONE)
        .returning(PeopleImport.id)
    )
    if moved.first() is None:
        raise MoveRefused(gettext("Only an import that has ended can be undone, and only once."))
    session().refresh(bringer)
    job = enqueue(JOB, {"import_id": import_id}, at=at, by_id=by_id, total=bringer.new + bringer.known)
    bringer.job_id = job.id
    after = {"state": ImportState.UNDONE.value}
    journal.record("people.undo_import", f"people_import:{import_id}", at=at, before=before, after=after)
    session().flush()
    return job


def step(job: Job, _at: datetime) -> bool:
    """One chunk of people. Returns whether there is more."""
    import_id, last = job.args["import_id"], job.cursor.get("last", 0)
    rows = session().execute(
        select(ImportedPerson.person_id, ImportedPerson.created, ImportedPerson.added)
        .where(ImportedPerson.import_id == import_id, ImportedPerson.person_id > last)
        .order_by(ImportedPerson.person_id)
        .limit(CHUNK)
    ).all()  # fmt: skip
    made = [row[0] for row in rows if row[1]]
    stay = touched_people(made, import_id) if made else set()
    _remove([one for one in made if one not in stay])
    known = {row[0]: row[2] or {} for row in rows if not row[1]}
    _take_back(import_id, known)
    done = job.result or {"removed": 0, "kept": 0}
    job.result = {"removed": done["removed"] + len(made) - len(stay), "kept": done["kept"] + len(stay)}
    job.done += len(rows)
    if rows:
        job.cursor = {"last": rows[-1][0]}
    if len(rows) < CHUNK:
        job.done = job.total or job.done
        session().execute(
            delete(MergeProposal).where(MergeProposal.import_id == import_id, MergeProposal.state == ProposalState.OPEN)
        )
        session().execute(delete(Tag).where(~Tag.id.in_(select(PersonTag.tag_id))))
        return False
    return True


def _remove(person_ids: Collection[int]) -> None:
    """Rows that belong to a person go with them, by their foreign keys."""
    if person_ids:
        session().execute(delete(Restand).where(Restand.person_id.in_(person_ids)))
        session().execute(delete(Person).where(Person.id.in_(person_ids)).execution_options(synchronize_session=False))


def _take_back(import_id: int, known: dict[int, dict[str, Any]]) -> None:
    """What the import added to people who were known before it."""
    if not known:
        return
    session().execute(delete(Source).where(Source.import_id == import_id, Source.person_id.in_(known)))
    session().execute(delete(Note).where(Note.import_id == import_id, Note.person_id.in_(known)))
    for person_id, added in known.items():
        if added:
            _take_back_from(person_id, added)
    session().execute(
        delete(ImportedPerson).where(ImportedPerson.import_id == import_id, ImportedPerson.person_id.in_(known))
    )
    restand(known, None)


def _take_back_from(person_id: int, added: dict[str, Any]) -> None:
    for written in added.get("identities", ()):
        kind, value = split_written(written)
        session().execute(
            delete(Identity).where(Identity.kind == kind, Identity.value == value, Identity.person_id == person_id)
        )
    tags = select(Tag.id).where(Tag.name.in_(added.get("tags", ())))
    session().execute(delete(PersonTag).where(PersonTag.person_id == person_id, PersonTag.tag_id.in_(tags)))
    for key, value in added.get("filled", {}).items():
        column = getattr(Person, key)
        session().execute(
            update(Person).where(Person.id == person_id, column == value).values({key: "" if key == "name" else None})
        )


def split_written(written: str) -> tuple[str, str]:
    """The reverse of `kind:value` for normalised identities: a forum's site holds no colon."""
    kind, _colon, value = written.partition(":")
    if kind == "forum":
        site, _colon, value = value.partition(":")
        kind = f"forum:{site}"
    return kind, value
