from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from crm.core.db import session
from crm.core.offers import conditions
from crm.outbox.actions import NewTouch, deliver_due, derive, record_touches
from crm.outbox.models import Contact, Letter
from crm.outbox.queries import waiting
from crm.outbox.rules import Direction, LetterState, Outcome
from crm.people.actions import merge, unmerge
from crm.people.models import Person
from crm.people.queries import matching, suppressed
from tests.crm.outbox.conftest import Write
from tests.make import T0

DAY = timedelta(days=1)
KINDS = (
    (Direction.OUT, Outcome.SENT),
    (Direction.OUT, Outcome.NOT_FOUND),
    (Direction.IN, Outcome.REPLIED),
    (Direction.IN, Outcome.JOINED),
    (Direction.IN, Outcome.REFUSED),
)


def touch(person: Person, day: int, direction: Direction, outcome: Outcome, **more: Any) -> NewTouch:
    return NewTouch(person.id, T0 + day * DAY, direction, more.pop("channel", "qq"), outcome, **more)


def contacts() -> list[tuple[Any, ...]]:
    return sorted(tuple(row) for row in session().execute(select(*Contact.__table__.columns)))


@pytest.mark.parametrize("seed", range(6))
def test_contacts_kept_one_by_one_equal_those_derived_from_all(people: list[Person], write: Write, seed: int) -> None:
    rng = Random(seed)
    write(people, "n:1")
    letters = session().scalars(select(Letter.id)).all()
    recorded = []
    for number in range(200):
        direction, outcome = rng.choice(KINDS)
        automatic = (direction, outcome) == (Direction.OUT, Outcome.SENT) and number < len(letters)
        recorded.append(
            touch(
                rng.choice(people),
                rng.randrange(40),
                direction,
                outcome,
                channel=rng.choice(("qq", "email")),
                letter_id=letters[number] if automatic else None,
            )
        )
    while recorded:
        size = rng.randrange(1, 20)
        record_touches(recorded[:size], T0)
        recorded = recorded[size:]
    kept = contacts()
    derive(None)
    assert contacts() == kept


@pytest.mark.parametrize("seed", range(4))
def test_contacts_kept_as_letters_leave_equal_those_derived_from_all(
    people: list[Person], write: Write, seed: int
) -> None:
    """Letters leave before, between and after what is recorded by hand; two to one person at one moment."""
    rng = Random(seed)
    for number in range(6):
        write(rng.sample(people, 3), f"n:{number}")
        write(rng.sample(people, 3), f"c:{number}", origin=rng.choice(("spring", "summer")))
        if number % 2:
            deliver_due(T0 + rng.randrange(40) * DAY)
        told = [touch(rng.choice(people), rng.randrange(40), *rng.choice(KINDS), channel="qq") for _ in range(8)]
        record_touches(told, T0)
    deliver_due(T0 + 50 * DAY)
    assert session().query(Letter).filter(Letter.state == LetterState.SENT).count() > 3
    kept = contacts()
    derive(None)
    assert contacts() == kept


def test_who_waits_longest_stands_first(people: list[Person]) -> None:
    record_touches([touch(people[0], 3, *KINDS[2]), touch(people[1], 1, *KINDS[2]), touch(people[1], 2, *KINDS[2])], T0)
    assert [(row.id, row.waiting_since) for row in waiting(None, 10).rows] == [
        (people[1].id, T0 + DAY),
        (people[0].id, T0 + 3 * DAY),
    ]


def test_an_answer_ends_the_waiting_but_a_letter_to_all_does_not(people: list[Person], write: Write) -> None:
    write(people[:1], "n:1")
    letter = session().scalars(select(Letter.id)).one()
    record_touches([touch(people[0], 1, *KINDS[2]), touch(people[0], 2, *KINDS[0], letter_id=letter)], T0)
    assert len(waiting(None, 10).rows) == 1
    record_touches([touch(people[0], 3, *KINDS[0])], T0)
    assert waiting(None, 10).rows == []


def test_an_answer_recorded_late_leaves_what_came_after_it(people: list[Person]) -> None:
    record_touches([touch(people[0], 1, *KINDS[2]), touch(people[0], 5, *KINDS[2])], T0)
    record_touches([touch(people[0], 3, *KINDS[0])], T0)
    assert waiting(None, 10).rows[0].waiting_since == T0 + 5 * DAY


def test_a_refusal_is_final_over_all_identities_and_cancels_what_waits(people: list[Person], write: Write) -> None:
    write(people[:2], "n:1")
    record_touches([touch(people[0], 1, *KINDS[2]), touch(people[0], 2, *KINDS[4])], T0)
    session().expire_all()
    states = {letter.person_id: letter.state for letter in session().scalars(select(Letter))}
    assert states == {people[0].id: LetterState.CANCELLED, people[1].id: LetterState.QUEUED}
    assert suppressed([person.id for person in people]) == {people[0].id}
    assert waiting(None, 10).rows == []


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("quiet_days", "3", [0]),
        ("touched_days", "3", [1, 2]),
        ("never_contacted", "1", [1, 2, 3, 4, 5]),
        ("contacted", "1", [0]),
        ("waiting", "1", [1, 2]),
        ("replied", "1", [1, 2]),
    ],
)
def test_conditions_find_their_people(
    database: Flask, people: list[Person], key: str, value: str, found: list[int]
) -> None:
    record_touches([touch(people[0], 1, *KINDS[0]), *(touch(p, 9, *KINDS[2]) for p in people[1:3])], T0)
    assert key in conditions()
    ids = session().scalars(matching({key: value}, T0 + 10 * DAY).order_by(Person.id)).all()
    assert list(ids) == [people[index].id for index in found]


def test_who_is_given_back_has_their_contact_again(people: list[Person]) -> None:
    record_touches([touch(one, day, Direction.OUT, Outcome.SENT) for day, one in enumerate(people[:2])], T0)
    before = contacts()
    unmerge(merge(people[0].id, people[1].id, at=T0).id, at=T0)
    assert contacts() == before


def test_merged_people_have_one_contact_of_both(people: list[Person]) -> None:
    record_touches([touch(people[0], 4, *KINDS[0]), touch(people[1], 2, *KINDS[0], channel="email")], T0)
    merge(people[0].id, people[1].id, at=T0)
    kept = session().get_one(Contact, people[0].id)
    assert (kept.first_sent_at, kept.first_channel) == (T0 + 2 * DAY, "email")
    assert session().get(Contact, people[1].id) is None


def test_rebuild_is_a_command(database: Flask, people: list[Person]) -> None:
    record_touches([touch(people[0], 1, *KINDS[0])], T0)
    session().commit()
    ran = database.test_cli_runner().invoke(args=["outbox", "rebuild"])
    assert ran.exit_code == 0, ran.output
    assert "1 people" in ran.output


def test_of_touches_of_one_moment_what_was_recorded_later_came_later(people: list[Person]) -> None:
    for turn in (KINDS[0], KINDS[2]):
        record_touches([touch(people[0], 1, *turn)], T0)
    record_touches([touch(people[1], 1, *KINDS[2]), touch(people[1], 1, *KINDS[0])], T0)
    assert [row.id for row in waiting(None, 10).rows] == [people[0].id]
    derive(None)
    assert [row.id for row in waiting(None, 10).rows] == [people[0].id]
