"""Cohorts and weeks against a plain count over check-ins; and the commands that print them."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from crm.core.db import session
from crm.core.programme import Programme
from crm.funnel.actions import settle
from crm.funnel.queries import by, cohorts, totals
from crm.funnel.queries.figures import median_times
from crm.funnel.queries.lifecycle import compute_weeks
from crm.people.models import Person
from tests import make
from tests.crm.funnel.test_settling import contacted, joined, ran, week

RANDOM = Random(20100816)


def iso(at: datetime, zone: str) -> str:
    year, number, _ = at.astimezone(ZoneInfo(zone)).isocalendar()
    return f"{year}-W{number:02d}"


def check_ins() -> dict[Person, list[datetime]]:
    """Thirty people over a year and more, many of them near midnight at the turn of a week."""
    found: dict[Person, list[datetime]] = {}
    for _ in range(30):
        first = RANDOM.randrange(60)
        moments = [week(first + RANDOM.randrange(90)) + timedelta(hours=RANDOM.randrange(-9, 9)) for _ in range(12)]
        found[make.person()] = moments
    return found


def plainly(found: dict[Person, list[datetime]], zone: str) -> list[dict[str, object]]:
    seen = {who: sorted({iso(at, zone) for at in moments}) for who, moments in found.items()}
    order = sorted({name for weeks in seen.values() for name in weeks})
    first, last = order[0], order[-1]
    names, at = [first], datetime.fromisocalendar(int(first[:4]), int(first[6:]), 1)
    while names[-1] != last:
        at += timedelta(weeks=1)
        year, number, _ = at.isocalendar()
        names.append(f"{year}-W{number:02d}")
    cells: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for weeks in seen.values():
        for name in weeks:
            cells[weeks[0]][names.index(name) - names.index(weeks[0])] += 1
    return [
        {"cohort": name, "size": row[0], "active": [row[offset] for offset in range(max(row) + 1)]}
        for name, row in sorted(cells.items())
    ]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York"])
def test_cohorts_are_those_of_a_plain_count_in_the_programmes_zone(database: Flask, zone: str) -> None:
    make.programme(zone=zone)
    found = check_ins()
    for who, moments in found.items():
        ran(who, *moments)
    while settle(week(200)):
        pass
    assert cohorts()["rows"] == plainly(found, zone)


def test_weeks_tell_who_is_new_returning_back_again_or_silent(programme: Programme) -> None:
    ran(make.person(), week(0.5), week(1.5), week(3.5))
    ran(make.person(), week(1.5))
    settle(week(4))
    rows = [tuple(row.values())[1:] for row in compute_weeks()["rows"]]
    assert rows == [(1, 0, 0, 0), (1, 1, 0, 0), (0, 0, 0, 2), (0, 0, 1, 0)]


def test_the_figures_are_people_who_ever_reached_each_stage(programme: Programme) -> None:
    for number in range(4):
        who = make.person()
        make.source(who, site="gfan.com" if number else "weiphone.com")
        contacted(who, week(number + 0.1))
        if number:
            joined(who, week(number + 0.1 + number))
    ran(make.person(), week(2.5))
    settle(week(9))
    assert totals() == {"contacted": 5, "joined": 4, "active": 1, "retained": 0}
    assert {row.key: row.counts for row in by("source")} == {
        "": (1, 1, 1, 0),
        "gfan.com": (3, 3, 0, 0),
        "weiphone.com": (1, 0, 0, 0),
    }
    assert {row.key: row.counts[0] for row in by("channel")} == {"": 1, "mail": 4}
    assert [row.key for row in by("week")] == ["2026-W02", "2026-W03", "2026-W04", "2026-W05"]
    assert median_times()[0] == timedelta(weeks=2)


def test_the_commands_print_what_the_pages_show(database: Flask, programme: Programme) -> None:
    programme.held_at = week(3)
    ran(make.person(), week(0.5), week(2.5))
    session().commit()
    runner = database.test_cli_runner()
    shown = runner.invoke(args=["funnel", "show", "--json"])
    assert json.loads(shown.output) == {"contacted": 1, "joined": 1, "active": 1, "retained": 0}
    rows = json.loads(runner.invoke(args=["funnel", "show", "--json", "--by", "week"]).output)
    assert rows == [{"key": "2026-W02", "contacted": 1, "joined": 1, "active": 1, "retained": 0}]
    assert json.loads(runner.invoke(args=["funnel", "cohorts", "--json"]).output) == {
        "weeks": ["2026-W02", "2026-W03", "2026-W04"],
        "rows": [{"cohort": "2026-W02", "size": 1, "active": [1, 0, 1]}],
    }
    assert runner.invoke(args=["funnel", "recompute"]).exit_code == 0
    assert runner.invoke(args=["funnel", "recompute", "--as-of", "2026-01-06"]).exit_code == 0
    assert runner.invoke(args=["funnel", "verify"]).output == "0 cells differ\n"
