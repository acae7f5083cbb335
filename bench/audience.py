"""How long an audience's live count takes: `python bench/audience.py [--database URL] [--people N]`.

Seeds an empty database of its own as bench/pages.py does, asks for the count of several filters of five conditions,
and prints the median and slowest milliseconds; before them the first count on a new connection, just after a thousand
people and their contacts have changed. A count slower than 200 ms is marked; at last the slowest filter is named, and
how busy the machine was. The figures are exact: each is compared with the plain count of the list of people.
`--explain` prints the plan.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask_migrate import upgrade
from sqlalchemy import event, func, select, text

from bench.pages import seed
from campaigns.audience.queries import count
from crm.app import create_app
from crm.core.db import db, disconnect, is_postgres, session, start_writing
from crm.people.queries import matching
from crm.settings import read

NOW = datetime(2026, 6, 5, 12, 0, tzinfo=UTC)
LIMIT_MS = 200
FILTERS: dict[str, dict[str, str]] = {
    "of one site, never written to": {
        "site": "gfan.com",
        "board": "main",
        "language": "zh",
        "basis": "public profile",
        "never_contacted": "1",
    },
    "contacted, quiet for 60 days": {
        "site": "hiapk.com",
        "stage": "contacted",
        "language": "zh",
        "quiet_days": "60",
        "basis": "public profile",
    },
    "nobody's prospects, never written to": {
        "stage": "prospect",
        "owner": "none",
        "language": "zh",
        "basis": "public profile",
        "never_contacted": "1",
    },
    "written to, not lapsed, quiet for 90 days": {
        "contacted": "1",
        "not_lapsed": "1",
        "language": "zh",
        "quiet_days": "90",
        "owner": "none",
    },
    "reached the group, not lapsed, from a board": {
        "reached": "joined",
        "not_lapsed": "1",
        "site": "v2ex.com",
        "board": "main",
        "language": "zh",
    },
    "joined, core, heard of lately": {
        "tag": "core",
        "reached": "joined",
        "language": "zh",
        "touched_days": "180",
        "site": "gfan.com",
    },
}


EDITS = (
    "UPDATE person SET name = name || '.' WHERE id IN (SELECT id FROM person ORDER BY id DESC LIMIT 1000)",
    "UPDATE contact SET last_touch_at = last_touch_at WHERE person_id IN (SELECT person_id FROM contact LIMIT 1000)",
)


class Plans:
    """Prints the plan of each count while it is open."""

    def __call__(self, connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if "count(*)" in statement and not statement.startswith("EXPLAIN"):
            how = "EXPLAIN (ANALYZE, BUFFERS) " if is_postgres() else "EXPLAIN QUERY PLAN "
            for row in connection.exec_driver_sql(how + statement, parameters):
                sys.stdout.write(f"    {row[-1]}\n")


def timed(filters: dict[str, str]) -> tuple[float, int]:
    start = time.perf_counter()
    found = count(filters, NOW)
    took = (time.perf_counter() - start) * 1000
    session().rollback()
    return took, found


def after_an_edit(filters: dict[str, str]) -> float:
    for edit in EDITS:
        session().execute(text(edit))
    session().commit()
    disconnect()
    session().execute(text("SELECT 1"))
    return timed(filters)[0]


def tidy() -> None:
    """What PostgreSQL does by itself for tables that have come to their size over months."""
    if is_postgres():
        session().commit()
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def measure(rounds: int, *, explained: bool) -> int:
    """Prints a line per filter; returns how many were too slow."""
    slow, middles = 0, {}
    for label, filters in FILTERS.items():
        first = after_an_edit(filters)
        took, found = zip(*(timed(filters) for _round in range(rounds)), strict=True)
        plainly = session().scalar(select(func.count()).select_from(matching(filters, NOW).subquery()))
        assert {*found} == {plainly}, (label, found, plainly)
        middles[label] = middle = statistics.median(took)
        slow += max(middle, first) > LIMIT_MS
        mark = "  SLOW" if max(middle, first) > LIMIT_MS else ""
        sys.stdout.write(
            f"{label:44} {found[0]:9,} people  after an edit {first:6.1f} ms"
            f"  again {middle:6.1f}  slowest {max(took):6.1f}{mark}\n"
        )
        if explained:
            plans = Plans()
            event.listen(db.engine, "before_cursor_execute", plans)
            timed(filters)
            event.remove(db.engine, "before_cursor_execute", plans)
    label = max(middles, key=lambda one: middles[one])
    sys.stdout.write(f"slowest: {label}, {middles[label]:.1f} ms (bar < {LIMIT_MS} ms on PostgreSQL)\n")
    return slow


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", default="", help="URL of a database; SQLite in a temporary folder without")
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--explain", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "DATA_DIR": folder,
            "DATABASE_URL": asked.database or f"sqlite:///{folder}/bench.db",
            "SECRET_KEY": "a key for a benchmark and for nothing else",
            "SUPPRESSION_KEY": "another key for a benchmark and nothing else",
            "BROKER_URL": "memory://",
        }
        with create_app(read(settings)).app_context():
            upgrade()
            start_writing()
            if session().scalar(text("SELECT count(*) FROM programme")) == 0:
                seed(asked.people)
                tidy()
            database = "PostgreSQL" if is_postgres() else "SQLite"
            people = session().scalar(text("SELECT count(*) FROM person"))
            sys.stdout.write(f"{people:,} people, {database}\n")
            slow = measure(asked.rounds, explained=asked.explain)
            sys.stdout.write(f"busy: {os.getloadavg()[0]:.1f} processes on {os.cpu_count()} cores\n")
            return 1 if slow and is_postgres() else 0


if __name__ == "__main__":
    sys.exit(main())
