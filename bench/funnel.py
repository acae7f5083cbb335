"""What settling costs: `python bench/funnel.py [--database URL] [--people N] [--weeks N]`.

Seeds an empty database of its own (SQLite in a temporary folder, or the database of the URL, which must be empty) with
facts alone: people collected, contacted, joined, and weeks of check-ins that decay. Then it lets the funnel settle them
as the weeks pass, recompute everybody from nothing, and compute the cohorts, and prints how many people a second.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import Table

from crm.app import create_app
from crm.builds.models import CheckIn, OpenWeek
from crm.core import weeks
from crm.core.bulk import load
from crm.core.db import Model, session, start_writing
from crm.core.programme import Programme
from crm.core.restand import restand
from crm.funnel import actions
from crm.funnel.queries import totals
from crm.funnel.queries.cohorts import compute_cohorts
from crm.funnel.queries.lifecycle import compute_weeks
from crm.groups.models import Group, Membership
from crm.outbox.models import Contact
from crm.people.models import Person, Source
from crm.settings import read

START = datetime(2025, 1, 6, 1, tzinfo=UTC)
WEEK = timedelta(weeks=1)
CONTACTED, JOINED, TESTING = 0.97, 0.40, 0.097
RECRUITING = 16
STAYS = (3, 10, 30, 100, 100)  # weeks; one of them is drawn for each tester
RUNS = 0.8


def table(model: type[Model]) -> Table:
    return cast(Table, model.__table__)


def prepare(folder: str, url: str | None) -> Flask:
    address = url or f"sqlite:///{folder}/bench.db"
    keys = {
        "SECRET_KEY": "a secret of the bench and nobody else",
        "SUPPRESSION_KEY": "another one of the bench and nobody else",
    }
    app = create_app(read({"DATA_DIR": folder, "DATABASE_URL": address, "BROKER_URL": "memory://", **keys}))
    with app.app_context():
        upgrade()
    return app


def settle_all(at: datetime) -> int:
    total = 0
    while taken := actions.settle(at):
        session().commit()
        total += taken
    session().commit()
    return total


def timed(what: str, act: Callable[[], int]) -> None:
    began, cpu = time.perf_counter(), time.process_time()
    count = act()
    took, worked = time.perf_counter() - began, time.process_time() - cpu
    print(f"{what:48}{count:>9,} people {took:>7.2f} s ({worked:.2f} s of it here) {count / max(took, 1e-9):>9,.0f}/s")


def collect(count: int) -> None:
    ids = range(1, count + 1)
    load(table(Person), ("id", "name", "is_staff", "collected_at"), [(i, f"p{i}", False, START - WEEK) for i in ids])
    found = [(i, f"forum{i % 5}", "", "public", START - WEEK) for i in ids]
    load(table(Source), ("person_id", "site", "board", "basis", "found_at"), found)
    restand(ids, None)
    session().commit()


def contact(count: int) -> None:
    moments = ((i, START + timedelta(minutes=i % 1000)) for i in range(1, count + 1))
    columns = ("person_id", "first_sent_at", "last_out_at", "last_touch_at", "first_channel")
    load(table(Contact), columns, [(i, at, at, at, "email") for i, at in moments])
    restand(range(1, count + 1), START)
    session().commit()


def join(count: int) -> None:
    session().add(Group(id=1, kind="qq", name="one", capacity=count + 1, created_at=START))
    session().flush()
    joins = [(1, i, START + timedelta(hours=30, minutes=i % 1000)) for i in range(1, count + 1)]
    load(table(Membership), ("group_id", "person_id", "joined_at"), joins)
    restand(range(1, count + 1), START)
    session().commit()


class Weeks:
    """Testers come in the recruiting weeks, run most builds, and leave by and by."""

    def __init__(self, testers: int, chance: random.Random) -> None:
        self.chance, self.testers, self.left = chance, testers, dict[int, int]()
        self.at = START
        self.days = 0.0

    def pass_one(self, number: int) -> int:
        opened = START + WEEK * number + timedelta(days=4, hours=8)
        each = self.testers // RECRUITING
        if number < RECRUITING:
            newcomers = range(number * each + 1, (number + 1) * each + 1)
            self.left |= {person_id: self.chance.choice(STAYS) for person_id in newcomers}
        ran = [person_id for person_id in self.left if self.chance.random() < RUNS]
        self.left = {person_id: left - 1 for person_id, left in self.left.items() if left > 1}
        rows = [(p, "1", "heartbeat", opened + timedelta(minutes=self.chance.randrange(4000)), opened) for p in ran]
        session().add(OpenWeek(week=weeks.week_of_date(opened.date()), opened_at=opened))
        load(table(CheckIn), ("person_id", "version", "kind", "at", "received_at"), rows)
        restand(ran, opened)
        session().commit()
        self.at = opened + timedelta(days=3)
        settled = settle_all(self.at)
        began = time.perf_counter()
        actions.recompute_for_the_day(self.at)
        session().commit()
        self.days += time.perf_counter() - began
        return settled


def measure(count: int, number_of_weeks: int) -> None:
    session().add(Programme(id=1, name="Bench", zone="Asia/Shanghai", languages=["zh", "en"], created_at=START))
    session().commit()
    collect(count)
    timed("collected", lambda: settle_all(START))
    contact(int(count * CONTACTED))
    timed("contacted", lambda: settle_all(START + WEEK))
    join(int(count * JOINED))
    timed("joined", lambda: settle_all(START + WEEK))
    passing = Weeks(int(count * TESTING), random.Random(1))
    timed(f"{number_of_weeks} weeks of check-ins", lambda: sum(map(passing.pass_one, range(number_of_weeks))))
    print(f"{'of these, letting time pass':48}{passing.days:>23.2f} s")
    timed("everybody from nothing", lambda: actions.recompute(passing.at, recorded_at=passing.at))
    session().commit()
    timed("cohorts", lambda: sum(row["size"] for row in compute_cohorts()["rows"]))
    timed("weeks", lambda: sum(row["new"] for row in compute_weeks()["rows"]))
    print(totals())


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--database")
    words.add_argument("--people", type=int, default=58_000)
    words.add_argument("--weeks", type=int, default=70)
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app = prepare(folder, given.database)
        with app.app_context():
            start_writing()
            measure(given.people, given.weeks)


if __name__ == "__main__":
    main()
