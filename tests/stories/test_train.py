"""Sixty weeks of a train as fast as the clock turns: outages, doubled workers, kills, a database that falls
over, summer time, a holiday.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from threading import Barrier, Lock
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import event, select
from sqlalchemy.exc import DBAPIError

from campaigns.releases.actions import (
    change_release,
    create_train,
    hold_release,
    open_chunk,
    overrule,
    resume_release,
)
from campaigns.releases.models import Release, Train, Wave
from campaigns.releases.queries import planned_turns
from campaigns.releases.rules import Course, Gate, Notify, ReleaseState, Step, Turn, WaveKind, mark
from campaigns.releases.tasks import advance_due, open_due, plan_weeks, welcome
from crm.accounts.actions import accept_agreement, create_programme
from crm.app import create_app
from crm.builds.actions import NewCheckIn, record_check_ins, register_build
from crm.builds.models import Build, BuildAccess, OpenWeek
from crm.builds.rules import CheckInKind
from crm.core import jobs
from crm.core.db import db, disconnect, session, start_writing
from crm.core.jobs import Job
from crm.core.journal import JournalEntry
from crm.core.programme import required
from crm.core.weeks import monday, week_of, week_of_date
from crm.outbox.actions import deliver_due
from crm.outbox.models import Letter
from crm.people.actions import add_person, tag
from crm.settings import read
from tests.conftest import settings_of
from tests.fragile import fragile_server
from tests.stories.kill import let_leases_run_out

WEEKS = 60
ZONE = ZoneInfo("Europe/Berlin")  # its clocks change in the last weeks of March and October
FIRST = week_of_date(date(2025, 1, 6))
HOLIDAY = date(2025, 12, 26)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
COURSE = Course(
    freeze_hours=48,
    rehearsal_hours=24,
    steps=(
        Step(WaveKind.STAFF, Notify.LETTER),
        Step(WaveKind.CORE, Notify.ALL_LANGUAGES),
        Step(WaveKind.SHARE, Notify.LETTER, 40),
        Step(WaveKind.EVERYBODY, Notify.LETTER),
    ),
    gate=Gate(ran_percent=50, hours=24, blockers=1, crashes=3),
    holidays={HOLIDAY: "Boxing Day"},
)


@dataclass
class Power:
    """What keeps the database up. `restart` is None where there is no server to fall over."""

    restart: Callable[[], None] | None
    cuts: int = 0
    left: int | None = None
    lock: Lock = field(default_factory=Lock)

    def cut_after(self, statements: int) -> None:
        if self.restart is not None:
            self.left = statements

    def note(self, *_statement: Any) -> None:
        with self.lock:
            if self.left is None or self.restart is None:
                return
            self.left -= 1
            if self.left < 0:
                self.left, self.cuts = None, self.cuts + 1
                self.restart()


@dataclass
class Railway:
    """A programme with one train; `tick` is what beat and workers do at one moment."""

    app: Flask
    power: Power
    rng: Random
    train: Train
    testers: dict[int, datetime] = field(default_factory=dict)
    builds: dict[int, Build] = field(default_factory=dict)

    def join(self, name: str, at: datetime) -> int:
        person = add_person(name, [("email", f"{name.lower()}@testers.example")], at=at)
        accept_agreement([person.id], at=at)
        self.testers[person.id] = at
        session().commit()
        return person.id

    def doubled(self, *tasks: Any) -> None:
        """Two workers take each task at the same moment. One whose database falls over loses what it was at."""
        for task in tasks:
            together, cuts = Barrier(2), self.power.cuts

            def work(task: Any = task, together: Barrier = together, cuts: int = cuts) -> None:
                with self.app.app_context():
                    start_writing()
                    together.wait()
                    try:
                        task.run()
                    except (DBAPIError, psycopg.OperationalError):
                        if self.power.cuts == cuts:
                            raise
                    finally:
                        db.session.remove()

            with ThreadPoolExecutor(2) as workers:
                for worker in [workers.submit(work) for _each in range(2)]:
                    worker.result()

    def tick(self, at: datetime, *, power_cut: bool = False) -> None:
        """What had a lease longer than it lived is taken over; after a power cut beat sends its tasks again."""
        required().held_at = at
        session().commit()
        if power_cut:
            self.power.cut_after(self.rng.randrange(120))
            self.doubled(open_due, advance_due, jobs.run_due, welcome)
            self.power.left = None
            session().rollback()
            let_leases_run_out()
        self.doubled(open_due, advance_due)
        if self.rng.random() < 0.3:
            self.killed_at_work(at)
        self.doubled(jobs.run_due, welcome)

    def begin(self, at: datetime) -> None:
        """The hourly look at the calendar, and letters that leave."""
        required().held_at = at
        session().commit()
        self.doubled(plan_weeks)
        deliver_due(at)
        session().commit()

    def killed_at_work(self, at: datetime) -> None:
        """What kill -9 leaves: a job that was claimed, one piece of it committed, the next one lost with its worker."""
        claimed = jobs._claim(at)
        if claimed is None:
            return
        number, attempts = claimed
        if jobs._one_step(number, attempts, at):
            job = session().get_one(Job, number)
            open_chunk(int(job.args["release_id"]), dict(job.cursor), at)
        session().rollback()
        let_leases_run_out()

    def everybody_runs(self, build: Build, at: datetime) -> None:
        have = session().scalars(select(BuildAccess.person_id).where(BuildAccess.build_id == build.id)).all()
        keys = {who: f"{build.version}:{who}" for who in have}
        signs = [
            NewCheckIn(who, build.version, CheckInKind.FIRST_RUN, at, client_key=key, build_id=build.id)
            for who, key in keys.items()
        ]
        record_check_ins(signs, received_at=at)
        session().commit()

    def release_of(self, week: int) -> Release | None:
        return planned_turns([self.train.id], week, week).get((self.train.id, Turn(week)))


def departure(week: int) -> datetime:
    return datetime.combine(monday(week) + timedelta(days=4), time(17), ZONE).astimezone(UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Flask, Power]]:
    """An installation whose commits stay, on a server that nobody else uses."""
    with ExitStack() as stack:
        server = stack.enter_context(fragile_server()) if request.param == "postgresql" else None
        address = server.address if server else f"sqlite:///{tmp_path}/own.db"
        power = Power(server.restart if server else None)
        made = create_app(read(settings_of(tmp_path, address)), TESTING=True)
        with made.app_context():
            upgrade()
            start_writing()
            event.listen(db.engine, "before_cursor_execute", power.note)
            yield made, power
            disconnect()


def started(app: Flask, power: Power) -> Railway:
    at = departure(FIRST) - 4 * DAY
    create_programme(
        "Orange", "Asia/Shanghai", ["en", "zh"], "Lin", "lin@orange.example", at=at, postal_address="68 Q St"
    )
    train = create_train("Friday", "android", 4, time(17), ZONE.key, at=at, course=COURSE)
    railway = Railway(app, power, Random(60), train)
    for number in range(9):
        railway.join(f"T{number}", at)
    tag(list(railway.testers)[:2], "core")
    session().commit()
    return railway


def moments_of(leaves: datetime, story: str) -> list[datetime]:
    """When beat and workers are up in a week."""
    if story == "outage":
        return [leaves + 3 * DAY + n * HOUR for n in range(4)]
    more = (3, 4) if story == "no build" else ()
    return [leaves - 2 * DAY, leaves - DAY, leaves, *(leaves + n * HOUR for n in (1, 2, *more))]


def week_of_story(railway: Railway, week: int, story: str) -> None:
    """`story`: what happens in it beside the usual."""
    leaves = departure(week)
    railway.begin(leaves - 3 * DAY)
    release = railway.release_of(week)
    if leaves.astimezone(ZONE).date() == HOLIDAY:
        assert release is None
        railway.tick(leaves + HOUR)
        return
    assert release is not None
    build = register_build("android", f"1.{week}", {"en": "News", "zh": "新"}, at=leaves - 3 * DAY)
    railway.builds[week] = build
    if story != "no build":
        change_release(release.id, build_id=build.id, audience_id=None, at=leaves - 3 * DAY)
    session().commit()
    for moment in moments_of(leaves, story):
        railway.tick(moment, power_cut=story == "power cut" and moment <= leaves)
        if story == "no build" and moment == leaves:
            assert session().get_one(Release, release.id, populate_existing=True).state is ReleaseState.HELD
            change_release(release.id, build_id=build.id, audience_id=None, at=moment)
            resume_release(release.id, moment)
            session().commit()
        if story == "hold" and moment == leaves:
            hold_release(release.id, "it eats the battery", moment)
            session().commit()
            railway.tick(moment + HOUR / 2)
            resume_release(release.id, moment + HOUR / 2)
            session().commit()
        if story == "newcomer" and moment == leaves + 2 * HOUR:
            railway.join(f"N{week}", moment)
        if story != "nobody runs it":
            railway.everybody_runs(build, moment)
    if story == "nobody runs it":
        overruled(railway, release.id, leaves + DAY)


def overruled(railway: Railway, release_id: int, at: datetime) -> None:
    for hour in range(4):
        waits = select(Wave.position).where(Wave.release_id == release_id, Wave.opened_at.is_(None))
        position = session().scalars(waits.order_by(Wave.position)).first()
        if position is not None:
            overrule(release_id, position, "a week in which all are on leave", at)
            session().commit()
        railway.tick(at + hour * HOUR)


def stories() -> Callable[[int], str]:
    told = dict.fromkeys(range(2, WEEKS, 6), "power cut") | {
            5: "outage", 11: "newcomer", 14: "no build", 20: "hold", 29: "nobody runs it", 33: "outage", 40: "newcomer",
            44: "no build", 47: "hold", 55: "outage"}  # fmt: skip
    return lambda number: told.get(number, "")


def test_sixty_weeks_open_once_each_and_each_tester_gets_each_build_and_letter_once(
    house: tuple[Flask, Power],
) -> None:
    railway, told = started(*house), stories()
    for number in range(WEEKS):
        week_of_story(railway, FIRST + number, told(number))
    last = departure(FIRST + WEEKS - 1)
    railway.begin(last + 6 * DAY)
    check(railway, told)
    if railway.power.restart is not None:
        assert railway.power.cuts > 10


def check(railway: Railway, told: Callable[[int], str]) -> None:
    weeks = set(railway.builds)
    assert len(weeks) == WEEKS - 1, "all but the holiday"
    releases = {week: railway.release_of(week) for week in weeks}
    letters = Counter((row[0], row[1]) for row in session().execute(select(Letter.occasion, Letter.person_id)))
    assert [key for key, times in letters.items() if times > 1] == []
    access = {(row[0], row[1]) for row in session().execute(select(BuildAccess.build_id, BuildAccess.person_id))}
    for week, release in releases.items():
        assert release is not None
        number, story = week - FIRST, told(week - FIRST)
        assert release.state in (ReleaseState.OPEN, ReleaseState.CLOSED), f"week {number}"
        moves = session().scalars(
            select(JournalEntry.after).where(
                JournalEntry.action == "move_release", JournalEntry.subject == f"release:{release.id}"
            )
        )
        states = Counter(after["state"] for after in moves if after)
        assert (states["frozen"], states["rehearsed"]) == (1, 1), f"week {number}"
        assert states["held"] == (story in ("hold", "no build")), f"week {number}"
        assert states["opening"] + states["open"] == 2 + (story == "hold"), f"week {number}: once, and on after a hold"
        assert release.opened_at is not None
        local = release.opened_at.astimezone(ZONE)
        if story in ("outage", "no build"):
            assert release.opened_at >= departure(week), f"week {number}: late, and not lost"
        else:
            assert (local.weekday(), local.hour, local.minute) == (4, 17, 0), f"week {number}"
        here = {who for who, since in railway.testers.items() if since < departure(week) + DAY}
        build = railway.builds[week]
        for who in here:
            assert (build.id, who) in access, f"week {number}: {who} has no build"
            assert letters[mark(release.id), who] == 1, f"week {number}: {who} has no letter"
        opened = session().scalars(
            select(JournalEntry.after).where(
                JournalEntry.action == "open_wave", JournalEntry.subject == f"release:{release.id}"
            )
        )
        assert sorted(after["wave"] for after in opened if after) == [1, 2, 3, 4], f"week {number}: each wave once"
    marked = set(session().scalars(select(OpenWeek.week)))
    assert {week_of(r.opened_at, required().tz) for r in releases.values() if r and r.opened_at} == marked
