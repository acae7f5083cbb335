"""What testers answer about their name, and names that staff keep off the screen, which the testers are told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import Table, bindparam, case, null, select, update
from sqlalchemy.dialects import postgresql, sqlite

from boot_screen.sanitise import sanitise
from campaigns.credits.actions.letters import HIDDEN, SHOWN, tell
from campaigns.credits.models import Consent
from campaigns.credits.queries import consent_of
from campaigns.credits.rules import LONGEST_NAME, ConsentAnswer
from campaigns.credits.rules.likeness import likeness
from crm.core import journal
from crm.core.db import is_postgres, session
from crm.core.errors import MoveRefused, NotThere, NotUnderstood

CHUNK = 5000
CONSENT = cast(Table, Consent.__table__)
Answer = tuple[int, ConsentAnswer, str, datetime]


def _sound(answer: ConsentAnswer, name: str) -> str:
    """The name as it is kept: as the person wrote it, without what no database can hold."""
    kept = name.replace("\x00", "").encode("utf-8", "ignore").decode().strip()
    if len(kept) > LONGEST_NAME:
        raise NotUnderstood(_("A name on the boot screen has at most %(most)s characters.", most=LONGEST_NAME))
    if answer is ConsentAnswer.YES and not sanitise(kept)[0]:
        raise NotUnderstood(_("There is nothing in this name that can be drawn: write another."))
    return kept


def _row(person_id: int, answer: ConsentAnswer, name: str, at: datetime) -> dict[str, Any]:
    kept = _sound(answer, name)
    return {
        "person_id": person_id,
        "answer": answer,
        "shown_name": kept,
        "likeness": likeness(kept) if answer is ConsentAnswer.YES else "",
        "answered_at": at,
    }


def answer_many(rows: Sequence[Answer]) -> int:
    """Many answers at once; a person's newest answer stands. Raises NotUnderstood for a name that cannot be drawn."""
    if not rows:
        return 0
    values = [_row(*row) for row in sorted(rows, key=lambda row: (row[0], row[3]))]
    insert = (postgresql.insert if is_postgres() else sqlite.insert)(Consent)
    new = insert.excluded
    session().execute(
        insert.on_conflict_do_update(
            index_elements=["person_id"],
            set_={
                "answer": new.answer,
                "shown_name": new.shown_name,
                "likeness": new.likeness,
                "answered_at": new.answered_at,
                "withdrawn_at": case(
                    (new.answer == ConsentAnswer.YES, null()),
                    (Consent.answer == ConsentAnswer.YES, new.answered_at),
                    else_=Consent.withdrawn_at,
                ),
            },
            where=Consent.answered_at <= new.answered_at,
        ),
        values,
    )
    return len(values)


def answer_consent(
    person_id: int, answer: ConsentAnswer, shown_name: str, at: datetime, *, by_link: bool = False
) -> None:
    """A tester's yes or no; a no stands from the next edition on. What stood before goes to the journal.

    `by_link`: over the link in their letter, so nobody was signed in.
    """
    known = consent_of(person_id)
    before = {"answer": known.answer, "shown_name": known.shown_name} if known else None
    kept = _sound(answer, shown_name)
    answer_many([(person_id, answer, kept, at)])
    after = {"answer": answer.value, "shown_name": kept} | ({"over": "the link in a letter"} if by_link else {})
    journal.record("answer_consent", f"consent:{person_id}", at=at, about_id=person_id, before=before, after=after)
    session().expire_all()


def _mark(person_id: int, *, hide: bool, why: str | None, at: datetime) -> None:
    """By compare-and-set: of two who hide a name at once one does, and the tester gets one letter."""
    stands = Consent.hidden_at.is_(None) if hide else Consent.hidden_at.is_not(None)
    marked = update(Consent).where(Consent.person_id == person_id, stands)
    marked = marked.values(hidden_at=at if hide else None, hidden_why=why)
    if session().execute(marked.returning(Consent.person_id)).first() is not None:
        return
    if consent_of(person_id) is None:
        raise NotThere(_("This person has not answered yet: there is no name to hide."))
    raise MoveRefused(_("This name is hidden already.") if hide else _("This name is not hidden any more."))


def hide_name(person_id: int, why: str, at: datetime) -> bool:
    """Keeps a name off every edition that is not frozen yet, for instance because it insults somebody.

    The tester is told, with the reason; returns whether by a letter. Raises MoveRefused when it is hidden already.
    """
    _mark(person_id, hide=True, why=why, at=at)
    told = tell(HIDDEN, person_id, at, why)
    after = {"why": why, "told_by_letter": told}
    journal.record("hide_name", f"consent:{person_id}", at=at, about_id=person_id, after=after)
    return told


def show_name(person_id: int, at: datetime) -> bool:
    """The reverse, told in the same way."""
    _mark(person_id, hide=False, why=None, at=at)
    told = tell(SHOWN, person_id, at)
    journal.record("show_name", f"consent:{person_id}", at=at, about_id=person_id, after={"told_by_letter": told})
    return told


def rebuild_likenesses() -> int:
    """Computes the stored likenesses anew, which a new table or Python may change; returns how many differed."""
    changed, last = 0, 0
    while rows := _names_after(last):
        last = rows[-1][0]
        new = [(person_id, likeness(name)) for person_id, name, _kept in rows]
        differ = [
            {"who": person_id, "alike": alike}
            for (person_id, alike), (_id, _name, kept) in zip(new, rows, strict=True)
            if alike != kept
        ]
        changed += len(differ)
        if differ:
            session().connection().execute(
                update(CONSENT).where(CONSENT.c.person_id == bindparam("who")).values(likeness=bindparam("alike")),
                differ,
            )
    return changed


def _names_after(last: int) -> Sequence[Any]:
    named = select(Consent.person_id, Consent.shown_name, Consent.likeness)
    named = named.where(Consent.answer == ConsentAnswer.YES, Consent.person_id > last)
    return session().execute(named.order_by(Consent.person_id).limit(CHUNK)).all()
