"""What testers answer about their name, and names that staff keep off the screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite

from boot_screen.sanitise import sanitise
from campaigns.credits.models import Consent
from campaigns.credits.queries import consent_of
from campaigns.credits.rules import LONGEST_NAME, ConsentAnswer
from crm.core import journal
from crm.core.db import is_postgres, session
from crm.core.errors import NotThere, NotUnderstood

Answer = tuple[int, ConsentAnswer, str, datetime]


def _sound(answer: ConsentAnswer, name: str) -> str:
    """The name as it is kept: as the person wrote it, without what no database can hold."""
    kept = name.replace("\x00", "").encode("utf-8", "ignore").decode().strip()
    if len(kept) > LONGEST_NAME:
        raise NotUnderstood(_("A name on the boot screen has at most %(most)s characters.", most=LONGEST_NAME))
    if answer is ConsentAnswer.YES and not sanitise(kept)[0]:
        raise NotUnderstood(_("There is nothing in this name that can be drawn: write another."))
    return kept


def answer_many(rows: Sequence[Answer]) -> int:
    """Many answers at once; a person's newest answer stands. Raises NotUnderstood for a name that cannot be drawn."""
    if not rows:
        return 0
    values = [
        {"person_id": person_id, "answer": answer, "shown_name": _sound(answer, name), "answered_at": at}
        for person_id, answer, name, at in sorted(rows, key=lambda row: (row[0], row[3]))
    ]
    insert = (postgresql.insert if is_postgres() else sqlite.insert)(Consent)
    new = insert.excluded
    session().execute(
        insert.on_conflict_do_update(
            index_elements=["person_id"],
            set_={"answer": new.answer, "shown_name": new.shown_name, "answered_at": new.answered_at},
            where=Consent.answered_at <= new.answered_at,
        ),
        values,
    )
    return len(values)


def answer_consent(person_id: int, answer: ConsentAnswer, shown_name: str, at: datetime) -> None:
    """A tester's yes or no; a no stands from the next edition on. What stood before goes to the journal."""
    known = consent_of(person_id)
    before = {"answer": known.answer, "shown_name": known.shown_name} if known else None
    kept = _sound(answer, shown_name)
    answer_many([(person_id, answer, kept, at)])
    after = {"answer": answer.value, "shown_name": kept}
    journal.record("answer_consent", f"consent:{person_id}", at=at, about_id=person_id, before=before, after=after)
    session().expire_all()


def _hidden(person_id: int, why: str | None, at: datetime | None) -> None:
    marked = update(Consent).where(Consent.person_id == person_id).values(hidden_at=at, hidden_why=why)
    if session().execute(marked.returning(Consent.person_id)).first() is None:
        raise NotThere(_("This person has not answered yet: there is no name to hide."))


def hide_name(person_id: int, why: str, at: datetime) -> None:
    """Keeps a name off every edition that is not frozen yet, for instance because it insults somebody."""
    _hidden(person_id, why, at)
    journal.record("hide_name", f"consent:{person_id}", at=at, about_id=person_id, after={"why": why})


def show_name(person_id: int, at: datetime) -> None:
    _hidden(person_id, None, None)
    journal.record("show_name", f"consent:{person_id}", at=at, about_id=person_id)
