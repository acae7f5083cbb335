"""How long an audience's live count takes: `python bench/audience.py [--database URL] [--people N]`.

Seeds an empty database of its own as bench/pages.py does, asks for the count of several filters of five conditions,
and prints the median and slowest milliseconds. A count slower than 200 ms is marked. `--explain` prints the plan.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask_migrate import upgrade
from sqlalchemy import func, select, text
from sqlalchemy.dialects import postgresql, sqlite

from bench.pages import seed
from campaigns.audience.queries import count
from crm.app import create_app
from crm.core.db import is_postgres, session, start_writing
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
    "joined, core, heard of lately": {
        "tag": "core",
        "reached": "joined",
        "language": "zh",
        "touched_days": "180",
        "site": "gfan.com",
    },
}


def explain(filters: dict[str, str]) -> None:
    dialect = postgresql.dialect() if is_postgres() else sqlite.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves them so
    query = select(func.count()).select_from(matching(filters, NOW).subquery())
    asked = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    how = "EXPLAIN (ANALYZE, BUFFERS) " if is_postgres() else "EXPLAIN QUERY PLAN "
    for row in session().execute(text(how + str(asked).replace(":", "\\:"))):
        sys.stdout.write(f"    {row[-1]}\n")


def measure(rounds: int, *, explained: bool) -> int:
    """Prints a line per filter; returns how many were too slow."""
    slow = 0
    for label, filters in FILTERS.items():
        took, found = [], 0
        for _round in range(rounds + 1):
            start = time.perf_counter()
            found = count(filters, NOW)
            took.append((time.perf_counter() - start) * 1000)
        middle = statistics.median(took[1:])
        slow += middle > LIMIT_MS
        mark = "  SLOW" if middle > LIMIT_MS else ""
        sys.stdout.write(f"{label:40} {found:9,} people {middle:7.1f} ms  slowest {max(took[1:]):7.1f}{mark}\n")
        if explained:
            explain(filters)
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
            database = "PostgreSQL" if is_postgres() else "SQLite"
            people = session().scalar(text("SELECT count(*) FROM person"))
            sys.stdout.write(f"{people:,} people, {database}\n")
            return 1 if measure(asked.rounds, explained=asked.explain) else 0


if __name__ == "__main__":
    sys.exit(main())
