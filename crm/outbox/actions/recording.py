"""What somebody records in a queue: outcomes and skips, each with what it found, so that it can be taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update

from crm.core import journal
from crm.core.db import session
from crm.core.errors import MoveRefused, NotUnderstood
from crm.core.tokens import keyed_hash
from crm.outbox.actions.hand import finish_by_hand, put_off
from crm.outbox.actions.moves import move_letter
from crm.outbox.models import HandRecord, Letter, Sender, Touch
from crm.outbox.queries.accounts import zone_of
from crm.outbox.rules import ENDS_THE_LETTER, SKIPS, WRITTEN, HandEnd, Lane, LetterState, Outcome, day_in
from crm.people.queries import all_that_are, identities_of, suppressed_pairs


def touches_on(letter_id: int) -> set[str]:
    """What has been recorded of a letter: each outcome stands once."""
    return {outcome.value for outcome in session().scalars(select(Touch.outcome).where(Touch.letter_id == letter_id))}


def _what_a_refusal_changes(letter: Letter) -> dict[str, Any]:
    """The letters that it will cancel, and the identities that it will bar and that were not barred before."""
    whose = all_that_are([letter.person_id])
    waiting = select(Letter.id).where(
        Letter.person_id.in_(whose),
        Letter.id != letter.id,
        Letter.state == LetterState.QUEUED,
        Letter.lane != Lane.ASKED,
    )
    pairs = {(kind, value) for _person_id, kind, value in identities_of(whose)}
    barred = sorted(keyed_hash(f"{kind}:{value}") for kind, value in pairs - suppressed_pairs(pairs))
    return {"cancels": list(session().scalars(waiting)), "bars": barred}


def _before(letter: Letter, end: HandEnd) -> dict[str, Any]:
    found: dict[str, Any] = {
        "state": letter.state.value,
        "sender_id": letter.sender_id,
        "due_at": letter.due_at.isoformat(),
        "touches": sorted(touches_on(letter.id)),
    }
    return found | (_what_a_refusal_changes(letter) if end is HandEnd.REFUSED else {})


def _skip(letter: Letter, why: HandEnd, staff_id: int, at: datetime, text: str | None) -> None:
    if letter.held_by_id not in (None, staff_id):
        raise MoveRefused(_("Somebody else has this person on the screen now: nothing was recorded."))
    if why is HandEnd.OTHER and not text:
        raise NotUnderstood(_("Say why you skip them: whoever sees this person next reads it."))
    if why in ENDS_THE_LETTER:
        move_letter(letter.id, LetterState.CANCELLED, at, reason=why.value)
    elif not put_off(letter.id, at):
        raise MoveRefused(_("This was recorded already, or the letter was withdrawn in the meantime."))


def _write_as(letter: Letter, account: Sender | None) -> None:
    if account is None or letter.state is not LetterState.QUEUED:
        return
    session().execute(
        update(Letter)
        .where(Letter.id == letter.id, Letter.state == LetterState.QUEUED)
        .values(sender_id=account.id)
        .execution_options(synchronize_session=False)
    )


def record_by_hand(
    letter_id: int,
    end: HandEnd,
    staff_id: int,
    at: datetime,
    *,
    recorded_at: datetime,
    account_id: int | None = None,
    text: str | None = None,
) -> HandRecord:
    """Records what came of a letter that was written as `account_id`, or why it was skipped; journaled.

    Raises MoveRefused when it was recorded already, NotUnderstood when a reason is missing.
    """
    letter = session().get_one(Letter, letter_id, populate_existing=True)
    before = _before(letter, end)
    account = session().get(Sender, account_id) if account_id is not None else None
    counted = account if account is not None else session().get(Sender, letter.sender_id or 0)
    if end in SKIPS:
        _skip(letter, end, staff_id, at, text)
    else:
        _write_as(letter, account)
        finish_by_hand(letter_id, Outcome(end.value), staff_id, at, text)
        if counted is not None and end in WRITTEN and before["state"] == LetterState.QUEUED:
            before |= {"day": day_in(zone_of(counted), at)}
    record = HandRecord(
        letter_id=letter_id,
        person_id=letter.person_id,
        staff_id=staff_id,
        sender_id=counted.id if counted is not None else None,
        outcome=end,
        text=text if end in SKIPS else None,
        at=at,
        recorded_at=recorded_at,
        before=before,
    )
    session().add(record)
    session().flush()
    journal.record(
        "outbox.record_touch",
        f"letter:{letter_id}",
        at=at,
        about_id=letter.person_id,
        before={"state": before["state"]},
        after={"what": end.value, "channel": letter.identity_kind, "account": record.sender_id},
    )
    return record
