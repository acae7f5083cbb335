"""A prospect becomes a retained tester; a release week; a request gets shipped: on both databases, by verbs alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from campaigns.releases.models import Release
from campaigns.releases.rules import ReleaseState
from crm.accounts import queries as accounts
from crm.accounts.actions import accept_agreement, end_agreement
from crm.builds.models import BuildAccess, CheckIn
from crm.core.db import session
from crm.core.errors import Refusal
from crm.feedback.actions import answer, move, support, write_request
from crm.feedback.models import Request
from crm.feedback.rules import RequestKind, RequestState, Severity
from crm.funnel.models import Move
from crm.funnel.queries import retained_on, stage_of, totals
from crm.funnel.rules import Stage
from crm.outbox.actions import NewTouch, record_touches
from crm.outbox.models import Letter
from crm.outbox.rules import Direction, LetterState, Outcome
from crm.people.models import Person
from tests.stories.seasons import Season

HOUR = timedelta(hours=1)


def refuse(person: int, season: Season) -> None:
    said = NewTouch(person_id=person, at=season.at + HOUR, direction=Direction.IN, channel="email",
                    outcome=Outcome.REFUSED)  # fmt: skip
    record_touches([said], recorded_at=season.at + HOUR)
    session().commit()


def stages(people: dict[str, int]) -> dict[str, Stage]:
    return {name: stage_of(person) for name, person in people.items()}


def test_a_prospect_becomes_a_retained_tester(database: Flask) -> None:
    season = Season()
    people = season.collect("Ada", "Bo", "Cai", "Dora", "Eve")
    assert set(stages(people).values()) == {Stage.PROSPECT}
    season.write_to_all()
    refuse(people["Eve"], season)
    season.next_week()
    assert stages(people)["Ada"] is Stage.CONTACTED
    assert stages(people)["Eve"] is Stage.DECLINED
    accept_agreement([people[name] for name in ("Ada", "Bo", "Cai")], at=season.at)
    session().commit()
    season.next_week()
    assert stages(people)["Ada"] is Stage.JOINED
    reached: dict[tuple[str, Stage], int] = {}
    for week in range(60):
        build = season.release(f"1.{week}.0")
        active = [people["Ada"]]
        if week < 20:
            active.append(people["Bo"])
        if week < 56 and week % 4 == 0:
            active.append(people["Cai"])
        season.run(build, active)
        season.next_week()
        for name, stage in stages(people).items():
            reached.setdefault((name, stage), week)
    assert reached["Ada", Stage.ACTIVE] == 0
    assert 51 <= reached["Ada", Stage.RETAINED] <= 53, "after a year"
    assert 23 <= reached["Bo", Stage.LAPSED] <= 27, "four weeks without a build, a warning, two weeks of grace"
    assert stages(people) == {
        "Ada": Stage.RETAINED, "Bo": Stage.LAPSED, "Cai": stages(people)["Cai"], "Dora": Stage.CONTACTED,
        "Eve": Stage.DECLINED,
    }  # fmt: skip
    assert ("Cai", Stage.RETAINED) in reached, "once in four weeks is enough"
    assert people["Ada"] in session().scalars(retained_on(season.at)).all()
    why = session().scalars(select(Move).where(Move.person_id == people["Ada"]).order_by(Move.id)).all()
    assert [step.to_stage for step in why] == [Stage.CONTACTED, Stage.JOINED, Stage.ACTIVE, Stage.RETAINED]
    assert all(step.why for step in why), "every move says why"
    assert totals() == {"contacted": 5, "joined": 3, "active": 3, "retained": 2}


def test_who_leaves_the_programme_and_comes_back_starts_where_they_left(database: Flask) -> None:
    season = Season()
    people = season.collect("Ada")
    season.write_to_all()
    accept_agreement(people.values(), at=season.at + HOUR)
    season.run(season.release("1.0"), people.values())
    season.next_week()
    assert stage_of(people["Ada"]) is Stage.ACTIVE
    end_agreement(people["Ada"], at=season.at, reason="no time")
    season.next_week()
    assert stage_of(people["Ada"]) is Stage.LAPSED
    assert people["Ada"] not in session().scalars(accounts.testers()).all()
    accept_agreement(people.values(), at=season.at)
    season.run(season.release("1.1"), people.values())
    season.next_week()
    assert stage_of(people["Ada"]) is Stage.ACTIVE


def test_a_release_week(database: Flask) -> None:
    """Friday 17:00 in Shanghai: each tester gets the build and one letter, a prospect gets neither, and no week two."""
    season = Season()
    people = season.collect("Ada", "Bo", "Dora")
    accept_agreement([people["Ada"], people["Bo"]], at=season.at)
    build = season.release("1.0")
    release = session().scalars(select(Release).where(Release.build_id == build.id)).one()
    assert release.state is ReleaseState.OPEN
    assert release.opened_at == season.friday()
    staff = set(session().scalars(select(Person.id).where(Person.is_staff)))
    have = set(session().scalars(select(BuildAccess.person_id).where(BuildAccess.build_id == build.id)))
    assert have - staff == {people["Ada"], people["Bo"]}
    letters = session().scalars(select(Letter).where(Letter.person_id.in_(people.values()))).all()
    assert {letter.person_id for letter in letters} == {people["Ada"], people["Bo"]}
    assert len(letters) == 2
    assert {letter.state for letter in letters} == {LetterState.SENT}
    with pytest.raises(Refusal):
        season.release("1.1")
    session().rollback()


def test_a_request_gets_shipped(database: Flask) -> None:
    season = Season()
    people = season.collect("Ada", "Bo", "Dora")
    accept_agreement(people.values(), at=season.at)
    first = season.release("1.0")
    lin = session().scalars(select(Person.id).where(Person.is_staff)).first()
    assert lin is not None
    fault = write_request(
        people["Ada"], RequestKind.FAULT, "The alarm is silent", "It rang on the old build.",
        severity=Severity.MAJOR, build_id=first.id, at=season.at + HOUR,
    )  # fmt: skip
    idea = write_request(people["Dora"], RequestKind.IDEA, "A darker theme", "For the night.", at=season.at + HOUR)
    assert support(fault.id, people["Bo"], season.at + 2 * HOUR)
    assert not support(fault.id, people["Bo"], season.at + 3 * HOUR), "the second time is a no-op"
    session().commit()
    hottest = session().scalars(select(Request.id).order_by(Request.heat.desc())).all()
    assert hottest == [fault.id, idea.id]
    answer(fault.id, "Found it: it goes into Friday's build.", staff_id=lin, at=season.at + 4 * HOUR)
    move(fault.id, RequestState.PLANNED, at=season.at + 4 * HOUR)
    session().commit()
    season.next_week()
    second = season.release("1.1")
    move(fault.id, RequestState.SHIPPED, at=season.friday(), shipped_in_id=second.id)
    session().commit()
    shipped = session().get_one(Request, fault.id, populate_existing=True)
    assert (shipped.state, shipped.shipped_in_id, shipped.supporters) == (RequestState.SHIPPED, second.id, 2)
    reports = session().scalars(select(CheckIn.person_id).where(CheckIn.build_id == first.id)).all()
    assert reports == [people["Ada"]], "a report on a build counts as a sign that it ran"
