"""Letters by hand: one at a time to whoever writes, and what came of each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true, update
from sqlalchemy.dialects import postgresql, sqlite

from crm.core import journal
from crm.core.bulk import among, chunks
from crm.core.db import is_postgres, is_taken, session
from crm.core.errors import MoveRefused, NotAllowed
from crm.outbox.actions.claiming import FIELDS, Taken, still_welcome, taken_of
from crm.outbox.actions.leaving import count_for_senders
from crm.outbox.actions.moves import move_letters
from crm.outbox.actions.touches import NewTouch, record_touches
from crm.outbox.models import Letter, Sender, Touch, WritingAs
from crm.outbox.queries.accounts import account_or_404
from crm.outbox.queries.hand import account_of, on_other_screen
from crm.outbox.queries.letters import in_queue
from crm.outbox.rules import HAND_LEASE, PUT_OFF, Channel, Direction, LetterState, Outcome

CHUNK = 5000
SCREENS = 0x5EED_0000_0000_0000
"""Where the numbers of the locks begin that keep a person on one screen."""


def _take(staff_id: int, at: datetime, due: Select[int]) -> Taken | None:
    row = (
        session()
        .execute(
            update(Letter)
            .where(is_taken(Letter.id, due))
            .values(held_by_id=staff_id, lease_until=at + HAND_LEASE)
            .returning(*FIELDS)
            .execution_options(synchronize_session=False)
        )
        .first()
    )
    return taken_of(row) if row is not None else None


def _of_account(account: Sender | None) -> list[ColumnElement[bool]]:
    """Letters that may be written from it: over its channel, and meant for no other account."""
    if account is None:
        return []
    return [Letter.identity_kind == account.channel, or_(Letter.sender_id.is_(None), Letter.sender_id == account.id)]


def may_show(person_id: int, staff_id: int, at: datetime) -> bool:
    """One person, one screen, over all queues: until the commit nobody else gets them, and nobody else has them.

    On SQLite there is one writer, who sees what everybody has. On PostgreSQL two queues may offer the same person in
    the same moment, and neither sees what the other has not committed: one of them gets the lock.
    """
    if is_postgres() and not session().scalar(select(func.pg_try_advisory_xact_lock(SCREENS + person_id))):
        return False
    return not session().scalar(select(on_other_screen(person_id, staff_id, at)))


def _lease(
    staff_id: int, origin_id: int, account: Sender | None, at: datetime, passed: Collection[int]
) -> Taken | None:
    """The one this person has already, else the next that nobody has: two questions, each answered from an index."""
    free_person = ~on_other_screen(Letter.person_id, staff_id, at)
    waiting = select(Letter.id).where(*in_queue(origin_id, at), *_of_account(account), free_person).limit(1)
    if passed:
        waiting = waiting.where(Letter.id.not_in(passed))
    mine = waiting.where(Letter.held_by_id == staff_id).order_by(Letter.id)
    if (taken := _take(staff_id, at, mine)) is not None:
        return taken
    if account is not None and not account_or_404(account.id, at).has_room:
        return None
    free = or_(Letter.lease_until.is_(None), Letter.lease_until < at)
    return _take(staff_id, at, waiting.where(free).order_by(Letter.due_at, Letter.id))


def _writing_as(staff_id: int, origin_id: int, account: Sender) -> None:
    insert = postgresql.insert if is_postgres() else sqlite.insert
    statement = insert(WritingAs).values(staff_id=staff_id, origin_id=origin_id, sender_id=account.id)
    keys = ["staff_id", "origin_id"]
    session().execute(statement.on_conflict_do_update(index_elements=keys, set_={"sender_id": account.id}))


def write_as(staff_id: int, origin_id: int, account_id: int, at: datetime) -> Sender:
    """From now on this person works the queue as this account; what they hold goes back when it is not for it.

    The account's row is locked until the commit: two who take its last letter of the day go one after the other.
    """
    locked = select(Sender).where(Sender.id == account_id).with_for_update().execution_options(populate_existing=True)
    account = session().scalar(locked)
    now = account_or_404(account_id, at)
    if account is None or not now.is_for(staff_id):
        raise NotAllowed(_("This account is not yours to write from: choose another one."))
    has_room = now.has_room or (now.may_send and account_of(staff_id, origin_id) == account_id)
    _writing_as(staff_id, origin_id, account)
    mine = [Letter.held_by_id == staff_id, Letter.origin_id == origin_id, Letter.state == LetterState.QUEUED]
    _give_back(*mine, ~and_(*_of_account(account)) if has_room else true())
    return account


def _give_back(*which: ColumnElement[bool]) -> None:
    session().execute(
        update(Letter)
        .where(*which)
        .values(held_by_id=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )


def next_by_hand(staff_id: int, origin_id: int, at: datetime, account_id: int | None = None) -> Letter | None:
    """The next letter of a campaign for this person to write; nobody else gets it, nor its person by another campaign,
    for HAND_LEASE.

    None: nobody is left, or the account has no room today or may not write yet. Raises NotAllowed for an account of
    others.
    """
    account = write_as(staff_id, origin_id, account_id, at) if account_id is not None else None
    passed: list[int] = []
    while (taken := _lease(staff_id, origin_id, account, at, passed)) is not None:
        if not may_show(taken.person_id, staff_id, at):
            _give_back(Letter.id == taken.id)
            passed.append(taken.id)
        elif still_welcome([taken], at):
            return session().get_one(Letter, taken.id, populate_existing=True)
    return None


def free_lease(letter_id: int, at: datetime) -> None:
    """Takes a letter from the screen it is on: the next who asks gets it."""
    letter = session().get(Letter, letter_id, populate_existing=True)
    if letter is None or letter.held_by_id is None or letter.state is not LetterState.QUEUED:
        raise MoveRefused(_("Nobody holds this letter any more."))
    journal.record(
        "hand.free", f"letter:{letter_id}", at=at, about_id=letter.person_id, before={"held_by": letter.held_by_id}
    )
    _give_back(Letter.id == letter_id, Letter.state == LetterState.QUEUED)


def put_off(letter_id: int, at: datetime) -> bool:
    """Not now: the letter goes back into the queue and comes up again after PUT_OFF. False when it waits no longer."""
    put = session().scalar(
        update(Letter)
        .where(Letter.id == letter_id, Letter.state == LetterState.QUEUED)
        .values(held_by_id=None, lease_until=None, due_at=at + PUT_OFF)
        .returning(Letter.id)
        .execution_options(synchronize_session=False)
    )
    return put is not None


def _touches(
    letter: Taken, outcome: Outcome, *, is_new: bool, at: datetime, staff_id: int | None, body: str | None
) -> list[NewTouch]:
    """All of one moment: a held programme stands at it, and does not know of what lies after."""

    def touch(direction: Direction, what: Outcome, text: str | None) -> NewTouch:
        return NewTouch(
            person_id=letter.person_id,
            at=at,
            direction=direction,
            channel=letter.identity_kind,
            outcome=what,
            body=text,
            letter_id=letter.id,
            origin_id=letter.origin_id,
            staff_id=staff_id,
        )

    if outcome in (Outcome.SENT, Outcome.NOT_FOUND):
        return [touch(Direction.OUT, outcome, body)] if is_new else []
    written = [touch(Direction.OUT, Outcome.SENT, None)] if is_new else []
    return [*written, touch(Direction.IN, outcome, body)]


def finish_many_by_hand(
    pairs: Iterable[tuple[int, Outcome]], at: datetime, *, staff_id: int | None = None, body: str | None = None
) -> int:
    """What came of letters written by hand; returns how many it changed.

    *Replied*, *joined* and *refused* say that it was sent too. They may come later, once each, for a letter that is
    sent already; the second time changes nothing.
    """
    changed = 0
    for chunk in chunks(pairs, CHUNK):
        changed += _finish(dict(chunk), at, staff_id, body)
    return changed


def _finish(outcomes: dict[int, Outcome], at: datetime, staff_id: int | None, body: str | None) -> int:
    rows = session().execute(
        select(*FIELDS, Letter.state).where(among(Letter.id, outcomes), Letter.channel == Channel.HAND)
    )
    known = {row[0]: (taken_of(row), row[-1]) for row in rows}
    lost = [i for i in known if outcomes[i] is Outcome.NOT_FOUND]
    written = [i for i in known if outcomes[i] is not Outcome.NOT_FOUND]
    gone = set(move_letters(lost, LetterState.CANCELLED, at, reason="not_found"))
    sent = set(move_letters(written, LetterState.SENT, at, reason=None))
    answered = {
        i
        for i in _without(written, sent, outcomes)
        if known[i][1] is LetterState.SENT and outcomes[i] is not Outcome.SENT
    }
    changed = sorted(gone | sent | answered)
    touches = [
        touch
        for i in changed
        for touch in _touches(known[i][0], outcomes[i], is_new=i not in answered, at=at, staff_id=staff_id, body=body)
    ]
    record_touches(touches, at)
    count_for_senders([known[i][0] for i in sorted(sent)], at)
    return len(changed)


def _without(written: Sequence[int], sent: set[int], outcomes: dict[int, Outcome]) -> list[int]:
    """Those sent before, whose answer is not recorded yet."""
    before = [i for i in written if i not in sent]
    if not before:
        return []
    rows = session().execute(select(Touch.letter_id, Touch.outcome).where(among(Touch.letter_id, before)))
    told = {(row[0], row[1]) for row in rows}
    return [i for i in before if (i, outcomes[i]) not in told]


def finish_by_hand(letter_id: int, outcome: Outcome, staff_id: int, at: datetime, body: str | None = None) -> None:
    """The same for one letter. Raises MoveRefused when it was recorded already, or cannot be any more."""
    if not finish_many_by_hand([(letter_id, outcome)], at, staff_id=staff_id, body=body):
        raise MoveRefused(_("This was recorded already, or the letter was withdrawn in the meantime."))
