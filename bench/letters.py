"""What a letter costs: `python -m bench.letters [--postgres] [--letters N] [--connections N] [--depth N]`.

Plans N letters of one campaign in an empty database of its own (SQLite in a temporary folder, or PostgreSQL, or the
database of --database, which must be empty) and lets the engine send them, with all bookkeeping, to a sink in a process
of its own that speaks pipelining. The floor is the same messages, made beforehand, over the same number of lines and by
the same code for a line, and no bookkeeping; it runs before and after, and the better one counts.

--plan N measures something else: a frozen list of N people becomes letters, piece by piece; time and peak memory.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import Table, func, select

from campaigns.audience.actions import save_audience
from campaigns.outreach import actions as outreach
from crm.accounts.actions import create_programme
from crm.app import create_app
from crm.core import clock, jobs
from crm.core.bulk import load
from crm.core.db import Model, disconnect, session, start_writing
from crm.core.lines import Lines
from crm.core.programme import required
from crm.core.smtp import Fate, Parcel
from crm.core.upkeep import learn
from crm.outbox import tasks
from crm.outbox.actions.claiming import FIELDS, taken_of
from crm.outbox.models import Contact, Letter, Touch
from crm.outbox.queries.parcels import parcels
from crm.outbox.rules import Channel, LetterState
from crm.people.models import Identity, Person, Source
from crm.settings import read
from tests.databases import new_database
from tests.services import POSTGRES

LISTMONK = "2,900 to 3,200/s"
BARS = {"postgresql": 0.40, "sqlite": 0.33}
KEYS = {
    "SECRET_KEY": "a secret of the bench and nobody else",
    "SUPPRESSION_KEY": "another one of the bench and nobody else",
}
TEXT = """Dear {{ name }},

we make a system for phones, and look for the hundred people who will shape it. You have written about ROMs for years,
so we would like to hear what you think. Each Friday there is a new build, made of what its testers have asked for.

Join us: {{ link }}

The people of {{ programme }}
"""


def table(model: type[Model]) -> Table:
    return cast(Table, model.__table__)


class MailSink:
    """The sink's process, asked over its standard input."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "bench._mail_sink"]
        folder = Path(__file__).resolve().parent.parent
        self.process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = f"smtp://127.0.0.1:{int(self.process.stdout.readline())}"

    def got(self) -> dict[str, Any]:
        """Since it was last asked."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(file=self.process.stdin, flush=True)
        return dict(json.loads(self.process.stdout.readline()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_why: object) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def database(asked: argparse.Namespace, folder: str) -> Iterator[str]:
    """An empty one of its own."""
    if asked.database or not asked.postgres:
        yield asked.database or f"sqlite:///{folder}/bench.db"
        return
    with ExitStack() as stack:
        server = POSTGRES.provide(stack)
        assert server is not None, "start a PostgreSQL server, or name a database with --database"
        yield stack.enter_context(new_database(server))


def prepare(count: int) -> None:
    """A programme, people with an address each, and a campaign to all of them that has been started."""
    at = clock.now()
    create_programme("Orange", "Asia/Shanghai", ["en"], "Lin", "lin@orange.example", at=at)
    known = required()
    known.mail_from, known.postal_address = "seedbed@orange.example", "1 Seed Street, Beijing"
    first = (session().scalar(select(func.max(Person.id))) or 0) + 1
    ids = range(first, first + count)
    columns = ("id", "name", "is_staff", "collected_at")
    load(table(Person), columns, ((i, f"person {i}", False, at) for i in ids))
    load(table(Identity), ("kind", "value", "person_id"), (("email", f"p{i}@people.example", i) for i in ids))
    found = ((i, "gfan.com", "", "public profile", at) for i in ids)
    load(table(Source), ("person_id", "site", "board", "basis", "found_at"), found)
    audience = save_audience("everybody", {"site": "gfan.com"}, at=at)
    campaign = outreach.create_campaign("Come and try", audience.id, at=at)
    outreach.set_step(campaign.id, Channel.MAIL, "email", {"en": ("Will you try {{ programme }}?", TEXT)})
    outreach.start(campaign.id, at)
    session().commit()
    learn()
    session().commit()


@dataclass(frozen=True)
class Ran:
    taken: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.taken / self.seconds


def floor(parcels: list[Parcel], sink: MailSink, connections: int) -> Ran:
    began = time.perf_counter()
    with closing(Lines(sink.url, connections)) as lines:
        answers = lines.send(parcels, lambda: False).land()
    took = time.perf_counter() - began
    assert all(answer.fate is Fate.ACCEPTED for answer in answers)
    assert sink.got()["distinct"] == len(parcels)
    return Ran(len(parcels), took)


def prebuilt(count: int) -> list[Parcel]:
    """The messages as the engine will make them."""
    taken = [taken_of(row) for row in session().execute(select(*FIELDS).order_by(Letter.id).limit(count))]
    made = list(parcels(taken, clock.now()).values())
    session().rollback()
    return made


def engine(sink: MailSink, count: int, profile: bool) -> Ran:
    profiler = cProfile.Profile()
    if profile:
        profiler.enable()
    began = time.perf_counter()
    sent = tasks.send_due.run()
    took = time.perf_counter() - began
    if profile:
        profiler.disable()
        pstats.Stats(profiler).sort_stats("cumtime").print_stats(35)
    got = sink.got()
    assert (sent, got["taken"], got["distinct"]) == (count, count, count), (sent, got)
    states = dict(session().execute(select(Letter.state, func.count()).group_by(Letter.state)).all())
    assert states == {LetterState.SENT: count}, states
    assert session().scalar(select(func.count()).select_from(Touch)) == count
    assert session().scalar(select(func.count()).select_from(Contact)) == count
    session().commit()
    return Ran(count, took)


def measure(asked: argparse.Namespace, kind: str, sink: MailSink) -> bool:
    count = asked.letters
    prepare(count)
    jobs.run_due.run()
    parcels = prebuilt(count)
    before = floor(parcels, sink, asked.connections)
    ran = engine(sink, count, asked.profile)
    after = floor(parcels, sink, asked.connections)
    best = max(before.rate, after.rate)
    share, bar = ran.rate / best, BARS[kind]
    print(f"{kind}: {count:,} letters, {asked.connections} lines, depth {asked.depth}, DKIM off")
    print(f"  floor   {before.rate:>9,.0f}/s before, {after.rate:,.0f}/s after")
    print(f"  engine  {ran.rate:>9,.0f}/s in {ran.seconds:.2f} s: {share:.2f} of the floor (bar {bar})")
    print(f"  listmonk, measured on such a machine, without a ledger: {LISTMONK}")
    return share >= bar


def measure_plan(count: int, kind: str) -> bool:
    prepare(count)
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    jobs.run_due.run()
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    planned = session().scalar(select(func.count()).select_from(Letter)) or 0
    print(f"{kind}: {planned:,} letters planned in {took:.1f} s, {planned / took:,.0f}/s")
    print(f"  peak memory {peak / 1024:.0f} MB ({base / 1024:.0f} MB of it before), bar 500 MB")
    return planned == count and peak / 1024 < 500


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of SQLite")
    parser.add_argument("--database", help="the URL of an empty database")
    parser.add_argument("--letters", type=int, default=100_000)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--depth", type=int, default=100)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--plan", type=int, default=0, metavar="PEOPLE")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="seedbed-letters-") as folder,
        database(asked, folder) as url,
        MailSink() as sink,
    ):
        more = {"SMTP_URL": sink.url, "MAIL_CONNECTIONS": str(asked.connections), "MAIL_DEPTH": str(asked.depth)}
        env = {"DATA_DIR": folder, "DATABASE_URL": url, "BROKER_URL": "memory://", **KEYS, **more}
        return 0 if run(create_app(read(env)), asked, sink) else 1


def run(app: Flask, asked: argparse.Namespace, sink: MailSink) -> bool:
    with app.app_context():
        upgrade()
        start_writing()
        kind = session().get_bind().dialect.name
        try:
            return measure_plan(asked.plan, kind) if asked.plan else measure(asked, kind, sink)
        finally:
            disconnect()


if __name__ == "__main__":
    sys.exit(main())
