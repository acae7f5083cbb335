"""A consent round: each tester who has not answered is asked once for ever, and reminded once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from flask_babel import gettext as _
from sqlalchemy import Table, bindparam, select, update

from campaigns.credits.actions.letters import write_round
from campaigns.credits.models import ConsentAsk, ConsentRound
from campaigns.credits.queries.asking import (
    asking_job,
    left_out,
    letters_to,
    round_to_come,
    still_waiting,
    to_ask,
)
from campaigns.credits.rules.asking import LOOK_AGAIN, REMIND_AFTER, Asking
from crm.core import journal
from crm.core.bulk import among, load
from crm.core.db import is_taken, session
from crm.core.errors import MoveRefused
from crm.core.jobs import Job, enqueue
from crm.outbox.rules import LetterState

ASK = "credits.ask"
CHUNK = 1000
CONSENT_ASK = cast(Table, ConsentAsk.__table__)
COLUMNS = ("person_id", "round_id", "asked_at", "remind_at")
ON_ITS_WAY = (LetterState.QUEUED, LetterState.SENDING, LetterState.UNCERTAIN)


def start_round(at: datetime, *, by_id: int | None = None) -> ConsentRound:
    """Asks everybody who has not answered and was never asked; a job writes the letters.

    Raises MoveRefused while another round is being written, and when nobody would be asked.
    """
    running = asking_job()
    if running is not None and running.is_open:
        raise MoveRefused(_("The letters of a round are being written just now: look again when they are."))
    coming = round_to_come()
    if not coming.asks:
        raise MoveRefused(_("Nobody is left to ask: each tester is asked once."))
    made = ConsentRound(started_at=at, started_by_id=by_id)
    session().add(made)
    session().flush()
    made.job_id = enqueue(ASK, {"round_id": made.id}, at=at, by_id=by_id, total=coming.asks).id
    out = {reason.value: count for reason, count in coming.out.items()}
    told = {"asks": coming.asks, "left_out": out}
    journal.record("start_consent_round", f"consent_round:{made.id}", at=at, after=told)
    session().flush()
    return made


def ask_some(job: Job) -> bool:
    """One step of the job: the next thousand testers. Whether there are more. Doing it twice changes nothing.

    All are asked as of the round's beginning, also when its worker was late.
    """
    people = to_ask(int(job.cursor.get("after", 0)), CHUNK)
    if not people:
        return False
    round_id = int(job.args["round_id"])
    at = session().get_one(ConsentRound, round_id).started_at
    out = left_out(people)
    asked = [person_id for person_id in people if person_id not in out]
    rows = [(person_id, round_id, at, at + REMIND_AFTER) for person_id in asked]
    load(CONSENT_ASK, COLUMNS, rows, ignore_known=True)
    write_round(Asking.ASK, asked, at)
    job.cursor, job.done = {"after": people[-1]}, job.done + len(asked)
    return True


def remind_some(at: datetime, limit: int = CHUNK) -> int:
    """Looks at the next people whose reminder is due, however late; returns at how many.

    Written to is who is a tester, has not answered, may be written to, and whose first letter left REMIND_AFTER ago.
    """
    due = (
        select(ConsentAsk.person_id)
        .where(ConsentAsk.remind_at <= at)
        .order_by(ConsentAsk.remind_at, ConsentAsk.person_id)
        .limit(limit)
    )
    taken = session().scalars(
        update(ConsentAsk)
        .where(is_taken(ConsentAsk.person_id, due))
        .values(remind_at=None)
        .returning(ConsentAsk.person_id)
        .execution_options(synchronize_session=False)
    )
    people = sorted(taken.all())
    later, ready = _sorted_out(people, at)
    _look_again(later)
    _remind(ready, at)
    return len(people)


def _sorted_out(person_ids: Sequence[int], at: datetime) -> tuple[dict[int, datetime], list[int]]:
    """Whom to look at again and when, and whom to remind now. A letter that never left is not reminded of."""
    letters = letters_to(person_ids)
    later: dict[int, datetime] = {}
    ready = []
    for person_id in sorted(still_waiting(person_ids) & set(letters)):
        state, sent_at = letters[person_id]
        if state in ON_ITS_WAY:
            later[person_id] = at + LOOK_AGAIN
        elif state is LetterState.SENT and sent_at is not None:
            if sent_at + REMIND_AFTER > at:
                later[person_id] = sent_at + REMIND_AFTER
            else:
                ready.append(person_id)
    return later, ready


def _look_again(when: dict[int, datetime]) -> None:
    if when:
        session().connection().execute(
            update(CONSENT_ASK).where(CONSENT_ASK.c.person_id == bindparam("who")).values(remind_at=bindparam("then")),
            [{"who": person_id, "then": then} for person_id, then in when.items()],
        )


def _remind(person_ids: Sequence[int], at: datetime) -> None:
    out = left_out(person_ids)
    reminded = [person_id for person_id in person_ids if person_id not in out]
    if reminded:
        write_round(Asking.REMIND, reminded, at)
        session().execute(
            update(ConsentAsk)
            .where(among(ConsentAsk.person_id, reminded))
            .values(reminded_at=at)
            .execution_options(synchronize_session=False)
        )
