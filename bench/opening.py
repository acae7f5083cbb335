"""Opening a release to 100,000 testers, and its page: `python bench/opening.py [--database URL] [--people N]`.

Seeds an empty database of its own (SQLite in a temporary folder, or the database of the URL, which must be empty) by
another process, freezes a release of four waves, opens it as the worker does, and prints seconds and the memory of this
process at its highest. Then 60 percent of the testers run it twice, 0.3 percent report, and the pages of the release
are asked for; and once more while its last wave waits at a gate.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import structlog
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import event, func, select, text, update

from bench.pages import Counter, table
from campaigns.releases.actions import (
    create_train,
    freeze_release,
    hold_release,
    plan_release,
    resume_release,
    start_opening,
)
from campaigns.releases.models import Release, Wave
from campaigns.releases.rules import Course, Gate, ReleaseState, Step, WaveKind
from campaigns.releases.tasks import call_back, count
from crm.accounts.actions import add_staff, open_session
from crm.accounts.models import Agreement
from crm.accounts.rules import COOKIE, Role
from crm.app import create_app
from crm.builds.actions import register_build
from crm.builds.models import BuildAccess, CheckIn
from crm.builds.rules import CheckInKind
from crm.core import clock
from crm.core.bulk import load, reserve_ids
from crm.core.db import db, is_postgres, session, start_writing
from crm.core.jobs import run_due
from crm.core.programme import Programme
from crm.core.weeks import week_of_date
from crm.outbox.models import Letter
from crm.people.models import Identity, Person
from crm.settings import read

NOW = datetime(2026, 6, 5, 9, 0, tzinfo=UTC)  # a Friday
MOST_SECONDS, MOST_MEGABYTES, MOST_MS, MOST_SECONDS_OF_HOLD = 20, 300, 100, 1
STEPS = (Step(WaveKind.STAFF), Step(WaveKind.CORE), Step(WaveKind.SHARE, percent=20), Step(WaveKind.EVERYBODY))


def application(folder: str, database: str) -> Flask:
    settings = {
        "DATA_DIR": folder,
        "DATABASE_URL": database or f"sqlite:///{folder}/bench.db",
        "SECRET_KEY": "a key for a benchmark and for nothing else",
        "SUPPRESSION_KEY": "another key for a benchmark and nothing else",
        "BROKER_URL": "memory://",
    }
    return create_app(read(settings), WTF_CSRF_ENABLED=False)


def seed(people: int) -> None:
    start_writing()
    programme = {"name": "Bench", "zone": "Asia/Shanghai", "languages": ["zh", "en"], "postal_address": "68 Q Street"}
    session().add(Programme(id=1, created_at=NOW, held_at=NOW, **programme))
    add_staff("Lin", "lin@orange.example", [Role.ADMIN], at=NOW)
    ids = reserve_ids(table(Person), people)
    load(
        table(Person),
        ("id", "name", "language", "is_staff", "collected_at"),
        ((number, f"tester {number}", "en" if number % 3 else "zh", False, NOW) for number in ids),
    )
    load(table(Identity), ("kind", "value", "person_id"), (("email", f"u{n}@mail{n % 7}.example", n) for n in ids))
    load(table(Agreement), ("person_id", "version", "accepted_at"), ((n, 1, NOW - timedelta(days=9)) for n in ids))
    build = register_build("android", "5.1", {"en": "A new lock screen", "zh": "新的锁屏"}, at=NOW)
    course = Course(freeze_hours=48, steps=STEPS, gate=Gate())
    train = create_train("Orange Friday", "android", 4, clock_time(17), "Asia/Shanghai", at=NOW, course=course)
    plan_release(train.id, week_of_date(NOW.date()), build_id=build.id, at=NOW - timedelta(days=4))
    session().commit()
    session().execute(text("ANALYZE"))
    session().commit()


def megabytes() -> float:
    """Of this process at its highest."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def say(label: str, figure: float, unit: str, limit: float) -> bool:
    met = figure < limit
    sys.stdout.write(f"{label:44} {figure:8.1f} {unit} (bar < {limit:g} {unit}: {'met' if met else 'MISSED'})\n")
    return met


def opening() -> bool:
    start_writing()
    release_id = session().scalars(select(Release.id)).one()
    start = time.perf_counter()
    freeze_release(release_id, NOW - timedelta(hours=48))
    session().commit()
    frozen = time.perf_counter() - start
    start = time.perf_counter()
    start_opening(release_id, NOW)
    session().commit()
    run_due.run()
    took = time.perf_counter() - start
    access, letters = (session().scalar(select(func.count()).select_from(one)) for one in (BuildAccess, Letter))
    sys.stdout.write(f"frozen in {frozen:.1f} s; {access:,} have access, {letters:,} letters\n")
    return all([say("opening", took, "s", MOST_SECONDS), say("memory", megabytes(), "MB", MOST_MEGABYTES)])


def holding() -> bool:
    """Until the hold is committed: from then on every feed answers with the build before it."""
    release_id = session().scalars(select(Release.id)).one()
    start = time.perf_counter()
    hold_release(release_id, "a bench", NOW)
    session().commit()
    held = time.perf_counter() - start
    start = time.perf_counter()
    call_back.run()
    called = time.perf_counter() - start
    start = time.perf_counter()
    resume_release(release_id, NOW)
    session().commit()
    call_back.run()
    sys.stdout.write(f"letters called back in {called:.1f} s, waiting again in {time.perf_counter() - start:.1f} s\n")
    return say("hold", held, "s", MOST_SECONDS_OF_HOLD)


def run_it() -> None:
    """60 percent run it within two days, twice; one in three hundred reports."""
    build_id = session().scalars(select(Release.build_id)).one()
    given = session().scalars(select(BuildAccess.person_id).order_by(BuildAccess.person_id)).all()
    rows = []
    for place, who in enumerate(given):
        at = NOW + timedelta(seconds=place * 7919 % (48 * 3600))
        if place % 5 < 3:
            rows.append((who, build_id, "5.1", CheckInKind.FIRST_RUN, at, at, f"first:{who}"))
            rows.append((who, build_id, "5.1", CheckInKind.HEARTBEAT, at + timedelta(hours=9), at, f"beat:{who}"))
        if place % 300 == 0:
            rows.append((who, build_id, "5.1", CheckInKind.REPORT, at + timedelta(hours=1), at, f"report:{who}"))
    columns = ("person_id", "build_id", "version", "kind", "at", "received_at", "client_key")
    load(table(CheckIn), columns, rows)
    session().execute(text("UPDATE programme SET held_at = :at"), {"at": NOW + timedelta(days=3)})
    session().commit()
    session().execute(text("ANALYZE"))
    session().commit()


def pages(client: FlaskClient, rounds: int, when: str) -> bool:
    release_id = session().scalars(select(Release.id)).one()
    session().rollback()
    asked, met = Counter(), True
    event.listen(db.engine, "before_cursor_execute", asked)
    for address, limit in ((f"/releases/{release_id}", MOST_MS), (f"/releases/{release_id}/recipients", float("inf"))):
        took, answer = [], client.get(address)
        for _round in range(rounds):
            asked.count = 0
            start = time.perf_counter()
            answer = client.get(address)
            took.append((time.perf_counter() - start) * 1000)
            assert answer.status_code == 200
        sys.stdout.write(f"{asked.count} queries, {len(answer.data) / 1024:.0f} KB  ")
        met = say(f"{address} {when}", statistics.median(took), "ms", limit) and met
    return met


def wait_at_a_gate() -> None:
    """The same release as if its last wave waited for more runs than there are; its evidence is counted as it is each
    minute.
    """
    session().execute(text("UPDATE train SET gate_percent = 90, gate_blockers = 3, gate_crashes = 5"))
    last = select(func.max(Wave.position)).scalar_subquery()
    session().execute(update(Wave).where(Wave.position == last).values(opened_at=None, done_at=None))
    session().execute(update(Release).values(state=ReleaseState.OPENING))
    session().commit()
    count.run()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", default="", help="URL of an empty database; SQLite in a temporary folder without")
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seed", default="", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.seed:
        app = application(asked.seed, asked.database)
        with app.app_context():
            upgrade()
            seed(asked.people)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        more = ["--database", asked.database] if asked.database else []
        command = [sys.executable, __file__, "--seed", folder, "--people", str(asked.people), *more]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        app = application(folder, asked.database)
        with app.app_context():
            sys.stdout.write(f"{asked.people:,} testers, {'PostgreSQL' if is_postgres() else 'SQLite'}\n")
            looks = session().scalar(text("SELECT person_id FROM credential"))
            secret = open_session(int(looks or 1), as_staff=True, at=clock.now())
            session().commit()
            client = app.test_client()
            client.set_cookie(COOKIE, secret)
            structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
            met = pages(client, asked.rounds, "planned")
            met = opening() and met
            met = holding() and met
            run_it()
            count.run()
            met = pages(client, asked.rounds, "open") and met
            wait_at_a_gate()
            met = pages(client, asked.rounds, "at a gate") and met
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
