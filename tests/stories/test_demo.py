"""The demo's story at a hundredth of its size: the figures are exact, and the same each time."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, select

from campaigns.credits.models import Consent, EditionName, Rendering
from campaigns.credits.queries import rounds
from campaigns.credits.rules import ConsentAnswer
from crm.core import programme, weeks
from crm.core.db import Base, session
from crm.core.journal import JournalEntry
from crm.demo.plan import WEEKS, Size, draw
from crm.demo.story import Story, last_friday
from crm.feedback.models import Request
from crm.feedback.rules import RequestState
from crm.funnel.models import Standing
from crm.funnel.queries import retained_on
from crm.funnel.rules import Stage
from crm.outbox.models import Letter
from crm.outbox.rules import END_STATES
from crm.people.models import MergeProposal, PeopleImport

FRIDAY = date(2026, 11, 20)
SMALL = Size(0.01)


def reached(step: int) -> int:
    return session().scalar(select(func.count()).where(Standing.reached >= step)) or 0


def count(what: type[Base]) -> int:
    return session().scalar(select(func.count()).select_from(what)) or 0


@pytest.mark.parametrize("scale", [0.01, 0.1, 1])
def test_the_plan_has_exactly_as_many_people_as_the_story(scale: float) -> None:
    size = Size(scale)
    members = draw(size)
    assert sum(m.contacted is not None or m.by_fcode for m in members) == size.contacted
    assert sum(m.joined is not None for m in members) == size.joined
    assert sum(bool(m.active) for m in members) == size.active
    assert sum(m.stays for m in members) == size.retained
    assert [m.name for m in members] == [m.name for m in draw(size)]


@pytest.mark.parametrize(
    ("today", "friday"),
    [
        (date(2026, 11, 20), date(2026, 11, 13)),
        (date(2026, 11, 21), date(2026, 11, 20)),
        (date(2026, 11, 26), date(2026, 11, 20)),
        (date(2027, 1, 2), date(2027, 1, 1)),
    ],
)
def test_the_story_ends_on_the_last_friday_before_the_first_start(today: date, friday: date) -> None:
    assert last_friday(today) == friday
    assert friday.weekday() == 4


def test_replayed_through_the_rooms_the_figures_are_exact(database: Flask) -> None:
    Story(SMALL, FRIDAY, lambda _line: None).replay()
    assert [reached(step) for step in (1, 2, 3, 4)] == [560, 230, 56, 12]
    known = programme.required()
    assert known.held_at is not None
    assert known.held_at.astimezone(ZoneInfo("Asia/Shanghai")).date() == FRIDAY
    assert session().scalars(select(Rendering.at)).all() == [known.held_at], (
        "drawn on the day on which time stands still"
    )
    doers = {"register_build": "Zhao Yong", "campaign.create": "陈静", "shipped_edition": "Zhao Yong"}
    entries = session().execute(
        select(JournalEntry.action, JournalEntry.actor_name).where(JournalEntry.action.in_(doers))
    )
    assert {row[0]: row[1] for row in entries} == doers
    assert session().scalar(select(Request.id).where(Request.state == RequestState.SHIPPED).limit(1))
    on_the_last_day = set(session().scalars(retained_on(known.held_at)))
    assert len(on_the_last_day) == 12
    at_retained = select(Standing.person_id).where(Standing.stage == Stage.RETAINED)
    assert set(session().scalars(at_retained)) == on_the_last_day
    yes = select(Consent.person_id).where(Consent.answer == ConsentAnswer.YES)
    assert on_the_last_day <= set(session().scalars(yes))
    assert set(session().scalars(select(EditionName.person_id))) == on_the_last_day
    assert count(Rendering) == 1
    assert session().scalar(select(func.count(func.distinct(Request.author_id)))) == SMALL.writers
    assert set(session().scalars(select(Letter.state).distinct())) <= END_STATES
    assert session().scalar(select(func.sum(PeopleImport.refused))) == 3
    assert count(MergeProposal) > 0
    asked = rounds()[0]
    assert asked.yes > 0 < asked.waiting
    assert asked.reminded == 0
    assert asked.remind_at is not None
    assert asked.remind_at > known.held_at


def test_the_first_week_of_the_story_is_seventy_weeks_before_its_end() -> None:
    story = Story(SMALL, FRIDAY, lambda _line: None)
    assert story.first == weeks.week_of_date(FRIDAY) - WEEKS + 1
