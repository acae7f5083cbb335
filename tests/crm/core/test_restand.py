from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from crm.core.db import session
from crm.core.restand import Restand, restand
from tests.make import T0

LATER = T0 + timedelta(days=1)


def marks() -> dict[int, object]:
    return {row.person_id: row.since for row in session().execute(select(Restand.person_id, Restand.since))}


def test_the_earliest_fact_is_kept(database: Flask) -> None:
    restand([1, 2], LATER)
    restand([2, 3], T0)
    restand([3], LATER)
    assert marks() == {1: LATER, 2: T0, 3: T0}


@pytest.mark.parametrize("order", [(None, T0), (T0, None)])
def test_everything_wins_over_any_fact(database: Flask, order: tuple[object, object]) -> None:
    for since in order:
        restand([1], since)  # type: ignore[arg-type]  # a pair of moments or None
    assert marks() == {1: None}
