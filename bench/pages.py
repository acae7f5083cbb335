"""What pages cost on the server with 100,000 people: `python bench/pages.py [--database URL] [--people N]`.

Seeds an empty database of its own (SQLite in a temporary folder, or the database of the URL, which must be empty), then
asks for each page through the test client as a member of staff and prints median and slowest milliseconds, and how many
questions the page asked of the database. Pages slower than 100 ms are marked.
"""

from __future__ import annotations

import argparse
import logging
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import structlog
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import Table, event, text

from crm.accounts.actions import add_staff, open_session
from crm.accounts.rules import COOKIE, Role
from crm.app import create_app
from crm.core import clock
from crm.core.bulk import load, reserve_ids
from crm.core.db import Model, db, is_postgres, session, start_writing
from crm.core.programme import Programme
from crm.funnel.models import Standing
from crm.funnel.rules import Stage
from crm.outbox.models import Contact
from crm.people.models import Identity, Person, PersonTag, Source, Tag
from crm.settings import read

NOW = datetime(2026, 6, 5, 12, 0, tzinfo=UTC)
SITES = ("gfan.com", "hiapk.com", "bbs.xda.cn", "weiphone.com", "v2ex.com")
STAGES = (Stage.CONTACTED, Stage.JOINED, Stage.ACTIVE, Stage.RETAINED, Stage.LAPSED, Stage.DECLINED)
WEIGHTS = (33, 17, 3, 2, 2, 1)
HAN = "小米粥橙色星期五刷机狂魔夜行者风一样的少年老王爱折腾月光宝盒深海鱼北方的狼追风筝的人山有木兮半杯咖啡"
WRITTEN_TO = 0.58
LIMIT_MS = 100
PAGES = (
    ("/", "Home"),
    ("/people", "people, newest"),
    ("/people?sort=name", "people by name"),
    ("/people?sort=touch", "people by last touch"),
    ("/people?sort=stage", "people by change of stage"),
    ("/people?q=%E6%A9%99%E8%89%B2", "search: two Han characters"),
    ("/people?q=kestrel", "search: a word that few have"),
    ("/people?q=nobody-is-called-so", "search: nobody"),
    ("/people?site=gfan.com", "from one site"),
    ("/people?tag=core", "with a tag"),
    ("/people?stage=retained", "retained"),
    ("/people?stage=joined&site=gfan.com&sort=touch", "joined, from one site, by last touch"),
    ("/people/filter", "all conditions"),
    ("/people/{person}", "a person's page"),
    ("/people/{person}/timeline", "a person's timeline"),
    ("/people/{person}/more", "a person's other panels"),
    ("/people/never-contacted", "collected, never contacted"),
    ("/people/waiting", "waiting for our answer"),
    ("/reports/weeks", "weeks"),
    ("/reports/funnel", "funnel"),
    ("/reports/cohorts", "cohorts"),
    ("/editions", "boot screens"),
)


def table(model: type[Model]) -> Table:
    return cast(Table, model.__table__)


def _name(rng: random.Random, number: int) -> str:
    kind = rng.random()
    if kind < 0.6:
        return "".join(rng.choices(HAN, k=rng.randrange(2, 6)))
    if kind < 0.8:
        return f"{rng.choice(('falcon', 'pixel', 'orbit', 'raven', 'ember'))}{rng.randrange(10_000)}"
    return f"user_{number}" if number % 5_000 else f"kestrel {number}"


def _people(rng: random.Random, ids: list[int], owner_id: int) -> Iterator[tuple[Any, ...]]:
    for number, person_id in enumerate(ids):
        collected = NOW - timedelta(minutes=rng.randrange(60 * 24 * 600))
        owner = owner_id if number % 20 == 0 else None
        yield person_id, _name(rng, number), "zh", None, owner, False, collected, None, None


def _standings(rng: random.Random, ids: list[int]) -> Iterator[tuple[Any, ...]]:
    for person_id in ids:
        stage = rng.choices(STAGES, WEIGHTS)[0]
        since = NOW - timedelta(minutes=rng.randrange(60 * 24 * 500))
        reached = {Stage.CONTACTED: 1, Stage.JOINED: 2, Stage.ACTIVE: 3, Stage.RETAINED: 4}.get(stage, 2)
        yield person_id, stage, since, reached, since, since if reached > 1 else None, 2900, ""


def seed(people: int) -> int:
    """Fills the empty database; returns the id of the member of staff who looks."""
    start_writing()
    rng = random.Random(2010)
    session().add(
        Programme(id=1, name="Bench", zone="Asia/Shanghai", languages=["zh", "en"], created_at=NOW, held_at=NOW)
    )
    looks = add_staff("Lin", "lin@orange.example", [Role.ADMIN], at=NOW).id
    tag = Tag(name="core")
    session().add(tag)
    session().flush()
    ids = reserve_ids(table(Person), people)
    columns = (
        "id", "name", "language", "zone", "owner_id", "is_staff", "collected_at", "merged_into_id", "forgotten_at"
    )  # fmt: skip
    load(table(Person), columns, _people(rng, ids, looks))
    identities = [("qq", str(10_000_000 + i), person_id) for i, person_id in enumerate(ids)]
    identities += [("email", f"u{i}@mail{i % 7}.example", person_id) for i, person_id in enumerate(ids)]
    identities += [(f"forum:{SITES[i % 5]}", f"name{i}", person_id) for i, person_id in enumerate(ids)]
    load(table(Identity), ("kind", "value", "person_id"), identities)
    sources = ((person_id, SITES[i % 5], "main", "public profile", NOW) for i, person_id in enumerate(ids))
    load(table(Source), ("person_id", "site", "board", "basis", "found_at"), sources)
    written_to = ids[: int(people * WRITTEN_TO)]
    rng.shuffle(written_to)
    load(
        table(Standing),
        ("person_id", "stage", "since", "reached", "contacted_at", "joined_at", "week", "source_key"),
        _standings(rng, written_to),
    )
    contacts = (
        (person_id, at := NOW - timedelta(minutes=rng.randrange(60 * 24 * 400)), at, at if i % 400 == 0 else None)
        for i, person_id in enumerate(written_to)
    )
    load(table(Contact), ("person_id", "first_sent_at", "last_touch_at", "waiting_since"), contacts)
    load(table(PersonTag), ("person_id", "tag_id"), ((person_id, tag.id) for person_id in ids[::50]))
    session().commit()
    session().execute(text("ANALYZE"))
    session().commit()
    return looks


class Counter:
    """How many statements the database was asked since `reset`."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, *_args: Any) -> None:
        self.count += 1


def measure(client: FlaskClient, app: Flask, rounds: int) -> int:
    """Prints a line per page; returns how many were too slow."""
    asked, slow = Counter(), 0
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", asked)
        some = session().scalar(text("SELECT person_id FROM standing WHERE stage = 'retained' LIMIT 1")) or 1
        session().rollback()
    for address, label in PAGES:
        took, answer = [], None
        for _round in range(rounds + 1):
            asked.count = 0
            start = time.perf_counter()
            answer = client.get(address.format(person=some))
            took.append((time.perf_counter() - start) * 1000)
        assert answer is not None
        middle = statistics.median(took[1:])
        too_slow = middle > LIMIT_MS
        slow += too_slow
        mark = "  SLOW" if too_slow else ""
        size = len(answer.data) / 1024
        sys.stdout.write(
            f"{label:40} {answer.status_code} {middle:7.1f} ms  slowest {max(took[1:]):7.1f}"
            f"  {asked.count:3} queries  {size:6.1f} KB{mark}\n"
        )
    return slow


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", default="", help="URL of an empty database; SQLite in a temporary folder without")
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--keep", type=Path, help="a folder for the SQLite database, measured again when it is there")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        known = (folder / "bench.db").exists()
        settings = {
            "DATA_DIR": str(folder),
            "DATABASE_URL": asked.database or f"sqlite:///{folder}/bench.db",
            "SECRET_KEY": "a key for a benchmark and for nothing else",
            "SUPPRESSION_KEY": "another key for a benchmark and nothing else",
            "BROKER_URL": "memory://",
        }
        app = create_app(read(settings), WTF_CSRF_ENABLED=False)
        with app.app_context():
            upgrade()
            start_writing()
            looks = session().scalar(text("SELECT person_id FROM credential")) if known else seed(asked.people)
            secret = open_session(int(looks or 1), as_staff=True, at=clock.now())
            session().commit()
            sys.stdout.write(f"{asked.people:,} people, {'PostgreSQL' if is_postgres() else 'SQLite'}\n")
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        client = app.test_client()
        client.set_cookie(COOKIE, secret)
        return 1 if measure(client, app, asked.rounds) else 0


if __name__ == "__main__":
    sys.exit(main())
