"""A warning is a letter, in the person's language, once; history is not written to."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from crm.core.db import session
from crm.funnel.actions import recompute, recompute_for_the_day, settle
from crm.outbox.models import Letter, Wording
from crm.outbox.rules import Lane
from crm.people.models import Person
from tests.crm.funnel.test_settling import ran, week

pytestmark = pytest.mark.usefixtures("programme")


def letters(who: Person) -> list[tuple[str, str, str]]:
    rows = select(Letter.occasion, Wording.language, Wording.body).join(Wording, Wording.id == Letter.wording_id)
    found = session().execute(rows.where(Letter.person_id == who.id).order_by(Letter.id))
    return [(row[0], row[1], row[2]) for row in found]


def test_who_falls_below_is_written_to_once_with_what_is_missing_and_until_when(bo: Person) -> None:
    bo.language = "en"
    ran(bo, week(0.5))
    settle(week(0.6))
    recompute_for_the_day(week(4.5))
    assert letters(bo) == []
    for hours in (1, 2, 30):
        recompute_for_the_day(week(5) + timedelta(hours=hours))
    [(occasion, language, body)] = letters(bo)
    assert (occasion, language) == ("funnel.warning:active:2026-W07", "en")
    assert "at least 1 of the last 4 weeks" in body
    assert "before February 23, 2026" in body
    assert session().scalars(select(Letter.lane)).all() == [Lane.NOTICE]


def test_each_reads_it_in_their_language(bo: Person) -> None:
    ran(bo, week(0.5))
    settle(week(0.6))
    recompute_for_the_day(week(5.1))
    [(_, language, body)] = letters(bo)
    assert language == "zh"
    assert "2026年2月23日" in body


def test_a_warning_of_long_ago_is_history_and_no_letter(bo: Person) -> None:
    ran(bo, week(0.5))
    settle(week(6.5))
    recompute(week(6.5), recorded_at=week(6.5))
    assert letters(bo) == []


def test_who_comes_back_and_falls_silent_again_is_warned_again(bo: Person) -> None:
    ran(bo, week(0.5))
    settle(week(0.6))
    recompute_for_the_day(week(5.1))
    ran(bo, week(5.5))
    for number in range(6, 12):
        recompute_for_the_day(week(number + 0.1))
    assert [occasion for occasion, _, _ in letters(bo)] == [
        "funnel.warning:active:2026-W07",
        "funnel.warning:active:2026-W12",
    ]
