from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from crm.core.db import db, session
from crm.core.errors import MoveRefused, NotAllowed, NotUnderstood
from crm.core.journal import JournalEntry
from crm.funnel.actions import settle
from crm.outbox.actions import AccountDraft, next_by_hand, record_by_hand, save_account, undo_by_hand
from crm.outbox.actions.hand import finish_by_hand
from crm.outbox.models import HandRecord, Letter, Sender
from crm.outbox.rules import UNDO_WITHIN, HandEnd, LetterState, Outcome
from crm.people.actions import make_origin, merge, suppress
from crm.people.models import Person
from crm.people.queries import suppressed
from crm.people.rules import OriginKind, SuppressionReason
from tests import make
from tests.crm.outbox.conftest import Write
from tests.make import T0

TABLES = ("letter", "touch", "contact", "suppression", "sender_day", "standing", "funnel_cell")
SOON = timedelta(minutes=1)


def everything() -> dict[str, list[Any]]:
    """All that an outcome changes, but for a lease that is newer, and cells of the funnel in which nobody stands."""
    session().flush()
    found = {}
    for name in TABLES:
        table = db.metadata.tables[name]
        columns = [column for column in table.columns if column.name not in ("lease_until", "version", "settled_at")]
        rows = map(tuple, session().execute(select(*columns)))
        found[name] = sorted((row for row in rows if name != "funnel_cell" or any(row[-4:])), key=repr)
    return found


@pytest.fixture
def account(lin: Person) -> Sender:
    return save_account(None, AccountDraft("seed_qq", "qq", per_day=5, zone="Asia/Shanghai"), at=T0)


@pytest.fixture
def letter(people: list[Person], write: Write, lin: Person, account: Sender) -> Letter:
    """The first of three, on Lin's screen; the person is reached by mail too and waits for a letter there."""
    write(people[:3], "c:1", origin="spring", hand=True)
    write(people[:1], "c:2", origin="summer")
    origin = make_origin(OriginKind.CAMPAIGN, "spring", "spring")
    settle(T0)
    found = next_by_hand(lin.id, origin, T0, account.id)
    assert found is not None
    return found


def record(letter: Letter, end: HandEnd, lin: Person, account: Sender) -> HandRecord:
    return record_by_hand(
        letter.id, end, lin.id, T0 + SOON, recorded_at=T0 + SOON, account_id=account.id, text="their words"
    )


@pytest.mark.parametrize("end", list(HandEnd))
def test_what_is_taken_back_never_was(letter: Letter, lin: Person, account: Sender, end: HandEnd) -> None:
    before = everything()
    made = record(letter, end, lin, account)
    settle(T0 + SOON)
    assert everything() != before
    undo_by_hand(made.id, lin.id, T0 + 2 * SOON, "the wrong key")
    settle(T0 + 2 * SOON)
    session().expire_all()
    assert everything() == before
    assert letter.held_by_id == lin.id
    told = session().scalars(select(JournalEntry).where(JournalEntry.action == "hand.undo")).one()
    assert (told.about_id, told.before) == (letter.person_id, {"what": end.value})


def test_what_is_taken_back_goes_to_no_second_screen(
    letter: Letter, people: list[Person], lin: Person, account: Sender, write: Write
) -> None:
    made = record(letter, HandEnd.SENT, lin, account)
    write(people[:1], "c:3", origin="autumn", hand=True)
    mei = make.staff("Mei")
    shown = next_by_hand(mei.id, make_origin(OriginKind.CAMPAIGN, "autumn", "autumn"), T0 + SOON)
    assert shown is not None
    assert shown.person_id == letter.person_id
    undo_by_hand(made.id, lin.id, T0 + 2 * SOON)
    session().expire_all()
    assert (letter.state, letter.held_by_id, letter.lease_until) == (LetterState.QUEUED, None, None)


@pytest.mark.parametrize("end", list(HandEnd))
def test_what_was_taken_back_can_be_recorded_anew(letter: Letter, lin: Person, account: Sender, end: HandEnd) -> None:
    made = record(letter, end, lin, account)
    after = everything()
    undo_by_hand(made.id, lin.id, T0 + SOON, "the wrong key")
    record(letter, end, lin, account)
    again = everything()
    for name in ("letter", "contact", "suppression", "sender_day"):
        assert again[name] == after[name]


def test_a_refusal_is_not_taken_back_without_a_reason(letter: Letter, lin: Person, account: Sender) -> None:
    made = record(letter, HandEnd.REFUSED, lin, account)
    with pytest.raises(NotUnderstood):
        undo_by_hand(made.id, lin.id, T0 + SOON)
    undo_by_hand(made.id, lin.id, T0 + SOON, "pressed 4 instead of 1")
    told = session().scalars(select(JournalEntry).where(JournalEntry.action == "hand.undo")).one()
    assert (told.after or {})["why"] == "pressed 4 instead of 1"


def test_what_was_barred_before_the_refusal_stays_barred(letter: Letter, lin: Person, account: Sender) -> None:
    suppress([letter.person_id], SuppressionReason.UNSUBSCRIBED, T0)
    before = everything()["suppression"]
    undo_by_hand(record(letter, HandEnd.REFUSED, lin, account).id, lin.id, T0 + SOON, "the wrong key")
    assert everything()["suppression"] == before


def test_a_refusal_by_somebody_who_became_one_with_another_counts_for_both_and_is_taken_back_for_both(
    letter: Letter, people: list[Person], lin: Person, account: Sender
) -> None:
    keep, other = people[1].id, letter.person_id
    merge(keep, other, at=T0)
    assert letter.person_id == other, "the keeper has a letter of this occasion"
    before = everything()
    made = record(letter, HandEnd.REFUSED, lin, account)
    assert suppressed([keep]) == {keep}
    theirs = session().query(Letter).filter_by(person_id=keep).all()
    assert [one.state for one in theirs] == [LetterState.CANCELLED] * 2
    undo_by_hand(made.id, lin.id, T0 + 2 * SOON, "the wrong key")
    after = everything()
    assert (after["letter"], after["suppression"]) == (before["letter"], before["suppression"])


def test_it_can_be_taken_back_for_some_minutes_once_and_by_nobody_else(
    letter: Letter, lin: Person, account: Sender
) -> None:
    made = record(letter, HandEnd.SENT, lin, account)
    with pytest.raises(MoveRefused):
        undo_by_hand(made.id, lin.id, T0 + SOON + UNDO_WITHIN + SOON)
    with pytest.raises(NotAllowed):
        undo_by_hand(made.id, make.staff("Mei").id, T0 + SOON)
    undo_by_hand(made.id, lin.id, T0 + SOON)
    with pytest.raises(MoveRefused):
        undo_by_hand(made.id, lin.id, T0 + SOON)


def test_what_has_more_on_top_of_it_stays(letter: Letter, lin: Person, account: Sender) -> None:
    made = record(letter, HandEnd.SENT, lin, account)
    finish_by_hand(letter.id, Outcome.REPLIED, lin.id, T0 + SOON)
    with pytest.raises(MoveRefused):
        undo_by_hand(made.id, lin.id, T0 + SOON)


def test_the_next_person_goes_back_into_the_queue(letter: Letter, lin: Person, account: Sender) -> None:
    made = record(letter, HandEnd.SENT, lin, account)
    origin = letter.origin_id or 0
    following = next_by_hand(lin.id, origin, T0 + SOON, account.id)
    undo_by_hand(made.id, lin.id, T0 + SOON)
    session().expire_all()
    assert following is not None
    assert following.held_by_id is None
    now_shown = next_by_hand(lin.id, origin, T0 + SOON, account.id)
    assert now_shown is not None
    assert now_shown.id == letter.id


def test_not_suitable_ends_the_letter_with_that_reason(letter: Letter, lin: Person, account: Sender) -> None:
    record(letter, HandEnd.NOT_SUITABLE, lin, account)
    session().expire_all()
    assert (letter.state, letter.reason) == (LetterState.CANCELLED, "not_suitable")


def test_other_needs_its_reason_and_whoever_holds_it_alone_may_skip(
    letter: Letter, lin: Person, account: Sender
) -> None:
    with pytest.raises(NotUnderstood):
        record_by_hand(letter.id, HandEnd.OTHER, lin.id, T0, recorded_at=T0)
    with pytest.raises(MoveRefused):
        record_by_hand(letter.id, HandEnd.LATER, make.staff("Mei").id, T0, recorded_at=T0)
