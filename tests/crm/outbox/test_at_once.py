"""Fifty managers at one queue, each with a connection of their own, on both databases; and a queue of 100,000."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select, text

from crm.core.db import db, disconnect, is_postgres, session, start_writing
from crm.outbox.actions import AccountDraft, NewLetter, next_by_hand, plan_letters, put_wording, save_account
from crm.outbox.actions.recording import record_by_hand
from crm.outbox.models import HandRecord, Letter, SenderDay, Touch
from crm.outbox.rules import HAND_LEASE, Channel, HandEnd, Lane, LetterState, Outcome
from crm.people.actions import make_origin
from crm.people.models import Person
from crm.people.rules import OriginKind
from tests import make
from tests.make import T0

MANAGERS = 50
PEOPLE = 120


def queue_of(count: int) -> int:
    """Letters by hand to this many people; the campaign's origin."""
    session().bulk_insert_mappings(
        Person.__mapper__, [{"name": f"P{n}", "collected_at": T0, "is_staff": False} for n in range(count)]
    )
    return queue_to_everybody("spring")


def queue_to_everybody(name: str) -> int:
    origin = make_origin(OriginKind.CAMPAIGN, name, name)
    wording = put_wording(name, "en", "", "Dear {{ name }}", T0)
    letters = [
        NewLetter(
            person_id=number,
            occasion=f"{name}:1",
            channel=Channel.HAND,
            lane=Lane.CAMPAIGN,
            wording_id=wording,
            values={"name": "you"},
            identity_kind="qq",
            identity_value=str(number),
            origin_id=origin,
        )
        for number in session().scalars(select(Person.id).where(Person.is_staff.is_(False)))
    ]
    plan_letters(letters, T0)
    return origin


def at_once(house: Flask, managers: list[int], work: Callable[[int], list[int]]) -> list[list[int]]:
    together = Barrier(len(managers))

    def manager(staff_id: int) -> list[int]:
        with house.app_context():
            start_writing()
            together.wait()
            try:
                return work(staff_id)
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(managers)) as pool:
        return list(pool.map(manager, managers))


@pytest.mark.parametrize("per_day", [None, 30])
def test_fifty_managers_never_get_the_same_person(house: Flask, per_day: int | None) -> None:
    """They write until nobody is left, or the day of the one account that all of them share is used up."""
    with house.app_context():
        start_writing()
        managers = [make.staff(f"M{n}").id for n in range(MANAGERS)]
        origin = queue_of(PEOPLE)
        account = save_account(None, AccountDraft("seed_qq", "qq", per_day=per_day), at=T0).id if per_day else None
        session().commit()
        disconnect()

    def write_to_all(staff_id: int) -> list[int]:
        got = []
        while (letter := next_by_hand(staff_id, origin, T0, account)) is not None:
            letter_id, person_id = letter.id, letter.person_id
            session().commit()
            record_by_hand(letter_id, HandEnd.SENT, staff_id, T0, recorded_at=T0, account_id=account)
            session().commit()
            got.append(person_id)
        session().rollback()
        return got

    got = Counter(person for one in at_once(house, managers, write_to_all) for person in one)
    expected = per_day or PEOPLE
    assert (len(got), got.total()) == (expected, expected)
    with house.app_context():
        assert session().scalar(select(func.count()).where(Touch.outcome == Outcome.SENT)) == expected
        assert session().scalar(select(func.count()).select_from(HandRecord)) == expected
        assert session().scalar(select(func.count()).where(Letter.state == LetterState.SENT)) == expected
        assert session().scalar(select(SenderDay.sent)) == (per_day or None)
        disconnect()


def test_fifty_who_press_next_in_the_same_moment_see_fifty_people(house: Flask) -> None:
    with house.app_context():
        start_writing()
        managers = [make.staff(f"M{n}").id for n in range(MANAGERS)]
        origin = queue_of(MANAGERS)
        session().commit()
        disconnect()

    def one(staff_id: int) -> list[int]:
        letter = next_by_hand(staff_id, origin, T0)
        found = [letter.person_id] if letter is not None else []
        session().commit()
        return found

    got = at_once(house, managers, one)
    assert len({person for found in got for person in found}) == MANAGERS


def test_eight_at_two_queues_of_the_same_people_never_have_one_on_two_screens(house: Flask) -> None:
    """All press next in the same moment, eight times over; whoever found nobody free presses once more."""
    with house.app_context():
        start_writing()
        managers = [make.staff(f"M{n}").id for n in range(8)]
        origins = [queue_of(8), queue_to_everybody("summer")]
        session().commit()
        disconnect()
    moment = T0

    def one(staff_id: int) -> list[int]:
        letter = next_by_hand(staff_id, origins[managers.index(staff_id) % 2], moment)
        found = [letter.person_id] if letter is not None else []
        session().commit()
        return found

    for _turn in range(8):
        first = at_once(house, managers, one)
        shown = [person for found in first for person in found]
        assert len(shown) == len(set(shown))
        again = [one_at_last for staff in managers for one_at_last in at_once(house, [staff], one)[0]]
        assert sorted(again) == sorted(set(again))
        assert len(again) == 8
        moment += 2 * HAND_LEASE


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    said: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        said.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def plan_of(statement: str, parameters: Any) -> str:
    word = "EXPLAIN " if is_postgres() else "EXPLAIN QUERY PLAN "
    rows = session().connection().exec_driver_sql(word + statement, parameters).all()
    return "\n".join(str(part) for row in rows for part in row)


def test_the_next_of_a_hundred_thousand_is_found_by_an_index(house: Flask) -> None:
    """However long the queue: few questions, each by an index, nothing sorted."""
    with house.app_context():
        start_writing()
        lin = make.staff("Lin").id
        origin = queue_of(100_000)
        account = save_account(None, AccountDraft("seed_qq", "qq", per_day=30), at=T0).id
        session().commit()
        session().execute(text("ANALYZE letter"))  # not all: another test's transaction holds the shared catalogues
        session().commit()
        with statements() as said:
            assert next_by_hand(lin, origin, T0, account) is not None
        assert len(said) <= 24
        takes = [(sql, values) for sql, values in said if "UPDATE letter SET" in sql and "due" in sql]
        assert len(takes) == 2
        plans = [plan_of(sql, values) for sql, values in takes]
        session().rollback()
        disconnect()
    assert "ix_letter_held_by" in plans[0], plans[0]
    assert "ix_letter_turn" in plans[1], plans[1]
    for plan in plans:
        assert "Seq Scan on letter" not in plan, plan
        assert "SCAN letter" not in plan, plan
    assert "TEMP B-TREE" not in plans[1], plans[1]
    assert "Sort" not in plans[1], plans[1]
