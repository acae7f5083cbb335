"""What recording check-ins costs against the bare floor: `python bench/check_ins.py [--rows N] [--people N]`.

The floor writes the same rows, ready in memory, into the same table with the same indexes: plain executemany on SQLite,
COPY on PostgreSQL. Measured beside it, interleaved: record_check_ins (with client keys, the versions looked up, people
restood), and the import of the same as a CSV file, once new and once again. DATABASE_URL chooses the engine; default is
SQLite in a temporary folder. The database must be empty.
"""

import argparse
import io
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask_migrate import upgrade
from sqlalchemy import Table, delete, text

from crm.app import create_app
from crm.builds.actions import NewCheckIn, import_check_ins, record_check_ins
from crm.builds.models import CheckIn
from crm.builds.rules import CheckInKind
from crm.core.bulk import load, reserve_ids
from crm.core.db import is_postgres, session, start_writing
from crm.core.restand import Restand
from crm.people.models import Identity, Person
from crm.settings import read

START = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = ("person_id", "build_id", "version", "kind", "at", "received_at", "client_key")


def people(count: int) -> list[int]:
    ids = reserve_ids(cast(Table, Person.__table__), count)
    rows = [(number, f"p{number}", False, START) for number in ids]
    load(cast(Table, Person.__table__), ("id", "name", "is_staff", "collected_at"), rows)
    load(cast(Table, Identity.__table__), ("kind", "value", "person_id"), [("qq", str(n + 100_000), n) for n in ids])
    session().commit()
    return ids


def made(ids: list[int], count: int) -> list[NewCheckIn]:
    chance = random.Random(1)
    beats = []
    for n in range(count):
        at = START + timedelta(minutes=n)
        version = f"1.{n * 70 // count}"
        key = f"import:{int(at.timestamp()) * 1_000_000}:{version}"
        beats.append(NewCheckIn(chance.choice(ids), version, CheckInKind.HEARTBEAT, at, key))
    return beats


def floor(beats: list[NewCheckIn]) -> Callable[[], None]:
    """Rows as the driver wants them, made before the clock starts."""
    plain: list[tuple[Any, ...]] = []
    for one in beats:
        at: Any = one.at if is_postgres() else one.at.strftime("%Y-%m-%d %H:%M:%S.%f")
        now: Any = NOW if is_postgres() else NOW.strftime("%Y-%m-%d %H:%M:%S.%f")
        plain.append((one.person_id, None, one.version, one.kind.value, at, now, one.client_key))
    names = ", ".join(COLUMNS)

    def write() -> None:
        driver: Any = session().connection().connection.driver_connection
        if is_postgres():
            with driver.cursor() as cursor, cursor.copy(f"COPY check_in ({names}) FROM STDIN") as copy:
                for row in plain:
                    copy.write_row(row)
        else:
            driver.executemany(f"INSERT INTO check_in ({names}) VALUES (?, ?, ?, ?, ?, ?, ?)", plain)

    return write


def record(beats: list[NewCheckIn]) -> Callable[[], None]:
    def write() -> None:
        for start in range(0, len(beats), 5000):
            record_check_ins(beats[start : start + 5000], received_at=NOW)

    return write


def taken(beats: list[NewCheckIn]) -> Callable[[], None]:
    lines = [f"qq:{one.person_id + 100_000},{one.version},{one.at.isoformat()}" for one in beats]
    data = ("identity,version,at\n" + "\n".join(lines) + "\n").encode()

    def write() -> None:
        done = import_check_ins(io.BytesIO(data), "bench.csv", at=NOW, after_chunk=session().commit)
        assert done.refused == 0

    return write


def timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    session().commit()
    return time.perf_counter() - began


def empty() -> None:
    session().execute(delete(CheckIn))
    session().execute(delete(Restand))
    session().commit()
    if is_postgres():
        session().execute(text("ANALYZE check_in"))
        session().commit()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=100_000)
    options.add_argument("--people", type=int, default=5_600)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(read({"DATA_DIR": folder, "BROKER_URL": "memory://", **given()}))
        with app.app_context():
            upgrade()
            start_writing()
            measure(people(chosen.people), chosen.rows, chosen.rounds)


def given() -> dict[str, str]:
    address = os.environ.get("DATABASE_URL", "")
    key = "only for measuring, so no secret at all"
    return {"DATABASE_URL": address, "SECRET_KEY": key, "SUPPRESSION_KEY": key} if address else {}


def measure(ids: list[int], rows: int, rounds: int) -> None:
    beats = made(ids, rows)
    ways = {"floor": floor(beats), "record_check_ins": record(beats), "import, new": taken(beats)}
    again = taken(beats)
    seconds: dict[str, list[float]] = {name: [] for name in (*ways, "import, again")}
    for _round in range(rounds):
        for name, work in ways.items():
            empty()
            seconds[name].append(timed(work))
        seconds["import, again"].append(timed(again))
    least = statistics.median(seconds["floor"])
    for name, found in seconds.items():
        middle = statistics.median(found)
        print(f"{name:18} {rows / middle:10,.0f} rows/s   {middle / least:5.2f} x floor")


if __name__ == "__main__":
    main()
