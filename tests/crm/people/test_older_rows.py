"""What stood in the tables before notes knew their import."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import select

from crm.accounts.models import Attempt
from crm.core.db import disconnect, session, start_writing
from crm.core.journal import JournalEntry
from crm.people.models import ImportedPerson, Note, PeopleImport
from tests import make
from tests.make import T0

MIGRATIONS = Path(__file__).parents[3] / "migrations"


def before_notes_knew() -> str:
    scripts = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    return str(next(one.down_revision for one in scripts if one.path.endswith("_note_import.py")))


def test_older_notes_are_told_their_import_where_one_can_be_meant(app: Flask) -> None:
    with app.app_context():
        start_writing()
        bo, mallory = make.person("Bo"), make.person("Mallory")
        imports = [PeopleImport(file_name="p", mapping={}, created_at=at) for at in (T0, T0, T0 + timedelta(days=1))]
        session().add_all(imports)
        session().flush()
        first, second, later = (one.id for one in imports)
        came = [(first, bo.id), (second, bo.id), (later, bo.id), (second, mallory.id)]
        session().add_all(ImportedPerson(import_id=number, person_id=who, created=False) for number, who in came)
        written = {"both": (bo.id, T0), "later": (bo.id, T0 + timedelta(days=1)), "hers": (mallory.id, T0)}
        session().add_all(Note(person_id=who, body=body, at=at) for body, (who, at) in written.items())
        session().add(Note(person_id=mallory.id, author_id=bo.id, body="by hand", at=T0))
        told = {"keep": "Bo", "lose": "Mallory"}
        session().add(JournalEntry(at=T0, action="people.merge", subject="person:1", before=told, after={"merged": 2}))
        session().add(Attempt(key="mail:bo@prospects.example", at=T0, failed=True))
        session().commit()
        disconnect()
        downgrade(revision=before_notes_knew())
        upgrade()
        start_writing()
        try:
            found = {row[0]: row[1] for row in session().execute(select(Note.body, Note.import_id))}
            assert found == {"both": None, "later": later, "hers": second, "by hand": None}
            entry = session().scalars(select(JournalEntry)).one()
            assert (entry.before, entry.after) == (None, {"merged": 2})
            assert session().query(Attempt).count() == 0
        finally:
            for table in (Note, ImportedPerson, PeopleImport, JournalEntry, Attempt, type(bo)):
                session().query(table).delete()
            session().commit()
            disconnect()
