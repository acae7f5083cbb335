"""Staff answer what somebody wrote: a letter in its thread, which closes the waiting once it has left."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select, update

from crm.core import journal, programme
from crm.core.db import session
from crm.core.errors import MoveRefused, NotUnderstood
from crm.core.restand import restand
from crm.inbound.models import Incoming, MailAnswer
from crm.outbox.actions import derive, put_wording, write_letter
from crm.outbox.models import Letter, Touch
from crm.outbox.queries.mail_accounts import sender_choices
from crm.outbox.rules import Lane, LetterState, Outcome
from crm.people.queries import addresses, barred_addresses, suppressed

WORDING = "inbound.answer"
MOST_SETTLED = 500
LONGEST_SUBJECT = 200
MOST_REFERENCES = 20
GONE = (LetterState.SENT, LetterState.BOUNCED)
STAYED = (LetterState.REFUSED, LetterState.SUPPRESSED, LetterState.CANCELLED, LetterState.EXPIRED)


def subject_to(subject: str) -> str:
    """`Re: ` once, however often it has gone back and forth."""
    bare = subject.strip()
    begins = bare.lower().startswith(("re:", "re：", "回复:", "回复："))
    return (bare if begins else f"Re: {bare}")[:LONGEST_SUBJECT]


def _references(mail: Incoming) -> str:
    """The thread as RFC 5322 wants it: theirs, and the mail itself; of a long one the first and the last."""
    ids = [*(one for one in mail.thread.split() if one.startswith("<")), mail.message_id]
    kept = ids if len(ids) <= MOST_REFERENCES else [ids[0], *ids[1 - MOST_REFERENCES :]]
    return " ".join(one for one in kept if one)


def _written_to(mail: Incoming) -> int | None:
    """The sender whose letter they answered, while it is in use: the thread goes on from the address they know."""
    letter = session().get(Letter, mail.letter_id) if mail.letter_id is not None else None
    in_use = {number for number, _name in sender_choices()}
    return letter.sender_id if letter is not None and letter.sender_id in in_use else None


def goes_to(mail: Incoming, person_id: int) -> str | None:
    """Where they wrote from; where mail to it comes back, another address of theirs."""
    here = (person_id, "email", mail.from_address)
    if mail.from_address and not barred_addresses({here}):
        return mail.from_address
    return addresses([person_id], "email").get(person_id)


def answer(mail: Incoming, person_id: int, subject: str, text: str, *, key: str, by_id: int, at: datetime) -> int:
    """The letter's number. The same `key` again is the same letter. Raises NotUnderstood, MoveRefused."""
    if not text.strip():
        raise NotUnderstood(_("Write your answer."))
    if suppressed([person_id]):
        raise MoveRefused(_("This person is on the suppression list: nobody may write to them."))
    for language in programme.required().languages:
        put_wording(WORDING, language, "{{ answered }}", "{{ answer }}", at)
    values = {
        "answer": text.replace("\r\n", "\n").strip(),
        "answered": subject_to(subject),
        "in_reply_to": mail.message_id,
        "references": _references(mail),
    }
    occasion = f"answer:{key}"
    written = write_letter(
        person_id,
        occasion,
        WORDING,
        values,
        lane=Lane.NOTICE,
        at=at,
        to=goes_to(mail, person_id),
        sender_id=_written_to(mail),
    )
    if written is None:
        raise MoveRefused(_("We know no mail address of theirs to answer to."))
    if session().get(MailAnswer, written) is None:
        session().add(MailAnswer(letter_id=written, incoming_id=mail.id, staff_id=by_id))
        session().flush()
        journal.record(
            "inbound.answer", f"letter:{written}", at=at, about_id=person_id, after={"subject": values["answered"]}
        )
    return written


def settle_answers() -> int:
    """Answers that have left become touches of whoever wrote them; returns how many."""
    open_ones = select(MailAnswer, Letter).join(Letter, Letter.id == MailAnswer.letter_id).where(~MailAnswer.settled)
    rows = session().execute(open_ones.where(Letter.state.in_(GONE + STAYED)).limit(MOST_SETTLED)).all()
    people = []
    for one, letter in rows:
        one.settled = True
        if letter.state in GONE:
            theirs = [Touch.letter_id == letter.id, Touch.outcome == Outcome.SENT]
            said = (letter.values or {}).get("answer")
            session().execute(update(Touch).where(*theirs).values(staff_id=one.staff_id, body=said))
            people.append(letter.person_id)
    session().flush()
    if people:
        derive(people)
        restand(set(people), min(letter.sent_at for _one, letter in rows if letter.sent_at))
    return len(rows)
