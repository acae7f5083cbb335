from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from crm.core.db import session
from crm.core.errors import MoveRefused
from crm.outbox.actions import (
    deliver_due,
    finish_by_hand,
    finish_many_by_hand,
    next_by_hand,
    put_off,
    put_wording,
    set_pace,
    write_letter,
)
from crm.outbox.models import Contact, Letter, Touch
from crm.outbox.rules import Lane, LetterState, Outcome
from crm.people.actions import make_origin, suppress
from crm.people.actions.suppression_list import add_one
from crm.people.models import Identity, Person
from crm.people.queries import suppressed
from crm.people.rules import OriginKind, SuppressionReason
from tests import make
from tests.crm.outbox.conftest import Write
from tests.make import T0

HOUR = timedelta(hours=1)


@pytest.fixture
def queue(people: list[Person], write: Write) -> int:
    write(people[:3], "c:1", origin="spring", hand=True)
    return make_origin(OriginKind.CAMPAIGN, "spring", "spring")


@pytest.fixture
def mei(lin: Person) -> Person:
    return make.staff("Mei")


def taken(staff: Person, origin: int, at: object = T0) -> Letter:
    found = next_by_hand(staff.id, origin, at)  # type: ignore[arg-type]  # a moment
    assert found is not None
    return found


def test_two_staff_never_get_the_same_person(queue: int, lin: Person, mei: Person) -> None:
    first, second = taken(lin, queue), taken(mei, queue)
    assert first.person_id != second.person_id
    assert taken(lin, queue).id == first.id


def test_whoever_is_on_a_screen_is_offered_by_no_other_queue(
    queue: int, people: list[Person], write: Write, lin: Person, mei: Person
) -> None:
    write(people[:2], "c:2", origin="summer", hand=True)
    other = make_origin(OriginKind.CAMPAIGN, "summer", "summer")
    first = taken(lin, queue)
    assert first.person_id != taken(mei, other).person_id
    assert taken(lin, other).person_id == first.person_id
    assert next_by_hand(make.staff("Rui").id, other, T0) is None


def test_a_lease_that_ran_out_does_not_bring_back_whom_somebody_else_has_by_now(
    people: list[Person], write: Write, lin: Person, mei: Person
) -> None:
    for number, name in enumerate(("spring", "summer")):
        write(people[:1], f"c:{number}", origin=name, hand=True)
    spring, summer = (make_origin(OriginKind.CAMPAIGN, name, name) for name in ("spring", "summer"))
    mine = taken(lin, spring)
    assert next_by_hand(mei.id, summer, T0) is None
    held = taken(mei, summer, T0 + HOUR)
    assert held.person_id == mine.person_id
    assert next_by_hand(lin.id, spring, T0 + HOUR) is None
    finish_by_hand(held.id, Outcome.SENT, mei.id, T0 + HOUR)
    assert taken(lin, spring, T0 + HOUR).id == mine.id


def test_a_lease_that_ran_out_is_free_again(queue: int, lin: Person, mei: Person) -> None:
    first = taken(lin, queue).id
    assert taken(mei, queue, T0 + HOUR).id == first


def test_each_is_written_once_and_then_nobody_is_left(queue: int, lin: Person) -> None:
    for _turn in range(3):
        finish_by_hand(taken(lin, queue).id, Outcome.SENT, lin.id, T0)
    assert next_by_hand(lin.id, queue, T0) is None
    assert {touch.channel for touch in session().scalars(select(Touch))} == {"qq"}


@pytest.mark.parametrize(
    ("outcome", "state", "touches"),
    [
        (Outcome.SENT, LetterState.SENT, {Outcome.SENT}),
        (Outcome.REPLIED, LetterState.SENT, {Outcome.SENT, Outcome.REPLIED}),
        (Outcome.JOINED, LetterState.SENT, {Outcome.SENT, Outcome.JOINED}),
        (Outcome.REFUSED, LetterState.SENT, {Outcome.SENT, Outcome.REFUSED}),
        (Outcome.NOT_FOUND, LetterState.CANCELLED, {Outcome.NOT_FOUND}),
    ],
)
def test_each_outcome_says_what_came_of_it(
    queue: int, lin: Person, outcome: Outcome, state: LetterState, touches: set[Outcome]
) -> None:
    letter = taken(lin, queue)
    finish_by_hand(letter.id, outcome, lin.id, T0, "their words")
    session().expire_all()
    assert letter.state is state
    assert {touch.outcome for touch in session().scalars(select(Touch))} == touches
    assert (letter.person_id in suppressed([letter.person_id])) is (outcome is Outcome.REFUSED)
    contact = session().get_one(Contact, letter.person_id)
    assert (contact.waiting_since is not None) is (outcome is Outcome.REPLIED)
    with pytest.raises(MoveRefused):
        finish_by_hand(letter.id, outcome, lin.id, T0)


def test_an_answer_may_come_after_the_letter_was_sent(queue: int, lin: Person) -> None:
    letter = taken(lin, queue)
    finish_by_hand(letter.id, Outcome.SENT, lin.id, T0)
    finish_by_hand(letter.id, Outcome.REPLIED, lin.id, T0 + HOUR)
    outcomes = session().scalars(select(Touch.outcome).order_by(Touch.at)).all()
    assert outcomes == [Outcome.SENT, Outcome.REPLIED]


def test_many_are_recorded_at_once(queue: int, lin: Person) -> None:
    ids = session().scalars(select(Letter.id)).all()
    pairs = [(number, Outcome.SENT) for number in ids]
    assert finish_many_by_hand(pairs, T0, staff_id=lin.id) == 3
    assert finish_many_by_hand(pairs, T0, staff_id=lin.id) == 0


def test_who_refused_meanwhile_is_passed_over(queue: int, lin: Person, people: list[Person]) -> None:
    suppress([people[0].id], SuppressionReason.DECLINED, T0)
    assert taken(lin, queue).person_id == people[1].id


def test_what_is_put_off_comes_up_later(queue: int, lin: Person) -> None:
    first = taken(lin, queue).id
    put_off(first, T0)
    assert taken(lin, queue).id != first


def test_a_paused_queue_gives_nobody(queue: int, lin: Person) -> None:
    set_pace(queue, None, paused=True, at=T0)
    assert next_by_hand(lin.id, queue, T0) is None


@pytest.mark.parametrize("outcome", [Outcome.REPLIED, Outcome.JOINED, Outcome.REFUSED])
@pytest.mark.parametrize("sent_before", [False, True])
def test_what_is_recorded_in_one_moment_is_all_of_that_moment(
    queue: int, lin: Person, outcome: Outcome, sent_before: bool
) -> None:
    """A held programme stands at one moment: whatever lay after it would not be known yet."""
    letter = taken(lin, queue)
    if sent_before:
        finish_by_hand(letter.id, Outcome.SENT, lin.id, T0)
    finish_by_hand(letter.id, outcome, lin.id, T0)
    assert set(session().scalars(select(Touch.at))) == {T0}


def test_whose_mail_comes_back_is_written_to_by_hand_and_at_another_address(
    people: list[Person], write: Write, lin: Person
) -> None:
    first = people[0]
    write([first], "c:1", origin="spring", hand=True)
    write([first], "c:2", origin="spring")
    add_one("p0@people.example", SuppressionReason.BOUNCED, T0)
    assert deliver_due(T0) == 0
    write([first], "c:3", origin="spring")
    states = {letter.occasion: letter.state for letter in session().scalars(select(Letter))}
    assert states == {
        "c:1": LetterState.QUEUED,
        "c:2": LetterState.SUPPRESSED,
        "c:3": LetterState.SUPPRESSED,
    }
    assert taken(lin, make_origin(OriginKind.CAMPAIGN, "spring", "spring")).person_id == first.id
    session().add(Identity(kind="email", value="zz@people.example", person_id=first.id))
    session().flush()
    put_wording("hello", "en", "Hello", "Hello", T0)
    made = write_letter(first.id, "n:1", "hello", {}, lane=Lane.NOTICE, at=T0)
    assert made is not None
    assert session().get_one(Letter, made).identity_value == "zz@people.example"
    assert deliver_due(T0) == 1


def test_a_complaint_bars_by_hand_too(people: list[Person], write: Write, lin: Person) -> None:
    write(people[:1], "c:1", origin="spring", hand=True)
    add_one("p0@people.example", SuppressionReason.COMPLAINT, T0)
    assert next_by_hand(lin.id, make_origin(OriginKind.CAMPAIGN, "spring", "spring"), T0) is None
    assert session().scalars(select(Letter.state)).all() == [LetterState.SUPPRESSED]
