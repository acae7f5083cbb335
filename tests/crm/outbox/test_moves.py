from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import update

from crm.core.db import session
from crm.core.errors import MoveRefused
from crm.outbox.actions.moves import move_letter
from crm.outbox.models import Letter
from crm.outbox.rules import LETTER_MOVES, LetterState, pause_after
from crm.people.models import Person
from tests.crm.outbox.conftest import Write
from tests.make import T0


@pytest.fixture
def letter(people: list[Person], write: Write) -> int:
    write(people[:1], "n:1")
    return session().query(Letter).one().id


def stand(letter: int, state: LetterState) -> None:
    fields = {"state": state, "lease_until": T0 if state is LetterState.SENDING else None, "sent_at": T0}
    session().execute(update(Letter).where(Letter.id == letter).values(fields))


@pytest.mark.parametrize(("source", "to"), list(product(LetterState, LetterState)))
def test_a_letter_moves_only_along_the_table(letter: int, source: LetterState, to: LetterState) -> None:
    stand(letter, source)
    more = {"lease_until": T0 + timedelta(minutes=1)} if to is LetterState.SENDING else {}
    if to in LETTER_MOVES[source]:
        move_letter(letter, to, T0, **more)
        expected = to
    else:
        with pytest.raises(MoveRefused):
            move_letter(letter, to, T0, **more)
        expected = source
    session().expire_all()
    assert session().get_one(Letter, letter).state is expected


def test_pauses_grow_and_have_an_end() -> None:
    pauses = [pause_after(attempt) for attempt in range(1, 9)]
    assert pauses[:3] == [timedelta(minutes=1), timedelta(minutes=4), timedelta(minutes=16)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(hours=12)
