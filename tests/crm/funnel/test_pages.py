"""The reports, the rules and the panels, as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask, render_template
from flask.testing import FlaskClient
from sqlalchemy import event, select

from crm.core.db import db, session
from crm.core.errors import NotUnderstood
from crm.core.offers import conditions
from crm.core.programme import Programme
from crm.funnel.actions import settle
from crm.funnel.models import RuleSet, Standing
from crm.funnel.offers import OFFERS
from crm.funnel.queries.cohorts import compute_cohorts
from crm.funnel.queries.lifecycle import compute_weeks
from crm.funnel.views.reports import FOUND_BY
from crm.people.actions.merging import merge, unmerge
from crm.people.models import Person
from crm.people.queries import matching
from tests import make
from tests.crm.funnel.test_settling import contacted, joined, ran, week

REPORTS = ("/reports/funnel", "/reports/cohorts", "/reports/weeks", "/settings/rules", "/settings/rules/new")


@pytest.fixture
def story(programme: Programme) -> list[Person]:
    """Six people: all contacted, four joined, three ran a build, in two weeks."""
    programme.held_at = week(3)
    people = []
    for number in range(6):
        who = make.person(f"Person {number}")
        make.source(who, site=f"forum{number % 2}")
        contacted(who, week(0.1))
        if number < 4:
            joined(who, week(0.3))
        if number < 3:
            ran(who, week(0.5 + number % 2), week(2.5))
        people.append(who)
    settle(week(3))
    session().commit()
    return people


@contextmanager
def asked() -> Iterator[list[str]]:
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE")):
            found.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def found_by(**filters: str) -> set[str]:
    ids = select(Person.name).where(Person.id.in_(matching(filters, week(3))))
    return set(session().scalars(ids))


@pytest.mark.parametrize("path", REPORTS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_page_opens_with_and_without_people(
    lins_browser: FlaskClient, language: str, path: str, request: pytest.FixtureRequest
) -> None:
    lins_browser.set_cookie("language", language)
    assert lins_browser.get(path).status_code == 200
    request.getfixturevalue("story")
    assert lins_browser.get(path).status_code == 200


@pytest.mark.parametrize(
    "path", [*REPORTS[:3], *(f"/reports/funnel?by={way}" for way in ("campaign", "channel", "week"))]
)
def test_a_report_asks_at_most_fifteen_questions(lins_browser: FlaskClient, story: list[Person], path: str) -> None:
    lins_browser.get(path)
    with asked() as questions:
        assert lins_browser.get(path).status_code == 200
    assert len(questions) <= 15, "\n".join(questions)


def test_the_funnel_page_shows_the_four_figures_and_their_conversion(
    lins_browser: FlaskClient, story: list[Person]
) -> None:
    page = lins_browser.get("/reports/funnel").get_data(as_text=True)
    assert "66.7%" in page
    assert "75.0%" in page
    assert "forum0" in page


def test_each_figure_opens_exactly_its_people(story: list[Person]) -> None:
    assert found_by(reached="contacted") == {f"Person {n}" for n in range(6)}
    assert found_by(reached="joined", found_at="forum0") == {"Person 0", "Person 2"}
    assert found_by(stage="active") == {"Person 0", "Person 1", "Person 2"}
    assert found_by(cohort="2026-W03") == {"Person 1"}
    assert found_by(active_in="2026-W02") == {"Person 0", "Person 2"}
    assert found_by(came_in="2026-W02", channel="mail") == {f"Person {n}" for n in range(6)}
    assert found_by(stage="prospect") == set()


def test_each_figure_of_a_week_and_each_cell_of_a_cohort_opens_its_people(
    lins_browser: FlaskClient, story: list[Person]
) -> None:
    ran(story[0], week(5.2))
    ran(story[2], week(4.1))
    settle(week(6))
    session().commit()
    for row in compute_weeks()["rows"]:
        for kind, condition in FOUND_BY.items():
            assert len(found_by(**{condition: row["week"]})) == row[kind], (row["week"], kind)
    computed = compute_cohorts()
    page = lins_browser.get("/reports/cohorts").text
    for row in computed["rows"]:
        start = computed["weeks"].index(row["cohort"])
        for count, name in zip(row["active"], computed["weeks"][start:], strict=False):
            people = found_by(cohort=row["cohort"], active_in=name)
            assert len(people) == count
            assert (f"?cohort={row['cohort']}&amp;active_in={name}" in page) == bool(count)


def test_every_condition_refuses_nonsense_in_words(database: Flask, programme: Programme) -> None:
    for key in ("stage", "reached", "came_by", "came_in", "cohort", "active_in", "back_in", "silent_in"):
        with pytest.raises(NotUnderstood):
            conditions()[key].clause("nonsense", week(3))


def test_the_cohort_page_keeps_what_it_computed_until_the_data_changes(
    lins_browser: FlaskClient, story: list[Person]
) -> None:
    assert "2026-W03" in lins_browser.get("/reports/cohorts").get_data(as_text=True)
    ran(story[5], week(2.2))
    settle(week(3))
    session().commit()
    assert "2026-W04" in lins_browser.get("/reports/cohorts").get_data(as_text=True)


def test_weeks_in_which_nobody_of_a_cohort_was_active_are_zeros_and_those_to_come_are_empty(
    lins_browser: FlaskClient, story: list[Person]
) -> None:
    ran(story[5], week(9.2))
    settle(week(10))
    session().commit()
    page = lins_browser.get("/reports/cohorts").get_data(as_text=True)
    first = page[page.index("2026-W03") :].split("</tr>")[0]
    assert first.count('<td class="h') == 9


def test_rules_are_tried_before_they_are_published(lins_browser: FlaskClient, story: list[Person]) -> None:
    effective_on = (week(6) + timedelta(days=1)).date().isoformat()
    wanted = {"a": "3", "b": "3", "m": "52", "k": "3", "n": "13", "g": "2", "effective_on": effective_on}
    lins_browser.get("/settings/rules")
    tried = lins_browser.post("/settings/rules/new", data={**wanted, "do": "try"}).get_data(as_text=True)
    assert "3 people would lose their place" in tried or "3 人会失去" in tried
    assert session().scalars(select(RuleSet.version)).all() == [1]
    assert lins_browser.post("/settings/rules/new", data={**wanted, "do": "publish"}).status_code == 302
    assert session().scalars(select(RuleSet.a).order_by(RuleSet.version)).all() == [1, 3]


def test_a_rule_that_judges_the_past_is_refused(lins_browser: FlaskClient, story: list[Person]) -> None:
    past = {"a": "2", "b": "3", "m": "5", "k": "3", "n": "13", "g": "2", "effective_on": "2026-01-01", "do": "publish"}
    assert lins_browser.post("/settings/rules/new", data=past).status_code == 200
    backwards = {**past, "a": "9", "effective_on": "2030-01-01"}
    assert lins_browser.post("/settings/rules/new", data=backwards).status_code == 200
    assert session().scalar(select(RuleSet.version).where(RuleSet.version > 1)) is None


def test_a_tester_may_not_see_the_reports(adas_browser: FlaskClient) -> None:
    for path in REPORTS:
        assert adas_browser.get(path).status_code == 403


def test_the_panels_say_why_and_what_is_missing(
    lins_browser: FlaskClient, story: list[Person], database: Flask
) -> None:
    for panel in (*OFFERS.person, *OFFERS.tester):
        with database.test_request_context(headers={"Accept-Language": "en"}):
            context = panel.context(story[0].id, week(3))
            assert context is not None
            page = render_template(panel.template, **context)
        assert "To be active: ran a build in 2 of the last 4 weeks (needed: 1)." in page
        assert "Ran a build in 1 of the last 4 weeks (needed: 1)." in page
    assert OFFERS.person[0].context(make.person().id, week(3)) is None


def test_moves_are_told_in_the_timeline(story: list[Person], database: Flask) -> None:
    assert OFFERS.timeline is not None
    with database.test_request_context(headers={"Accept-Language": "en"}):
        told = [one.text for one in OFFERS.timeline(story[0].id, None, 10)]
    assert told == ["Became active", "Joined", "We wrote for the first time"]


def test_a_merge_tells_the_way_of_both_anew_and_its_undoing_too(story: list[Person]) -> None:
    keep, lose = story[5], story[0]
    made = merge(keep.id, lose.id, at=week(3))
    settle(week(3))
    kept = session().get_one(Standing, keep.id, populate_existing=True)
    assert (kept.stage, kept.reached) == ("active", 3)
    assert session().get(Standing, lose.id) is None
    unmerge(made.id, at=week(3))
    settle(week(3))
    assert session().get_one(Standing, keep.id, populate_existing=True).stage == "contacted"
    assert session().get_one(Standing, lose.id, populate_existing=True).stage == "active"
