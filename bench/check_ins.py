"""What recording check-ins costs against the bare floor:
`python bench/check_ins.py [--rows N] [--people N] [--batch N]`.

The floor writes the same rows, ready in memory, into the same table with the same indexes: plain executemany on SQLite,
COPY on PostgreSQL. Measured beside it, interleaved: record_check_ins (with client keys, the versions looked up, people
restood), and the import of the same as a CSV file, once new and once again. Then the same in batches as devices send
them, each with a commit of its own: bare inserts, record_check_ins, and the whole API door (JSON read and checked, the
token looked up), new, replayed, and accepted to be recorded later; it fails when the door is under 0.3 of the bare
inserts. DATABASE_URL chooses the engine; default is SQLite in a temporary folder. The database must be empty.
"""

import argparse
import io
import json
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

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import Table, delete, text
from werkzeug.test import EnvironBuilder, run_wsgi_app

from crm.accounts.actions import create_programme, make_api_token
from crm.accounts.models import Agreement
from crm.accounts.rules import Scope
from crm.app import create_app
from crm.builds.actions import NewCheckIn, import_check_ins, record_check_ins
from crm.builds.models import CheckIn
from crm.builds.rules import CheckInKind
from crm.builds.tasks import record_batches
from crm.core.bulk import load, reserve_ids
from crm.core.db import is_postgres, session, start_writing
from crm.core.restand import Restand
from crm.people.models import Identity, Person
from crm.settings import read

START = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
BAR = 0.3
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


def floor(beats: list[NewCheckIn], batch: int | None = None) -> Callable[[], None]:
    """Rows as the driver wants them, made before the clock starts; `batch` rows to a commit, or all in one."""
    plain: list[tuple[Any, ...]] = []
    for one in beats:
        at: Any = one.at if is_postgres() else one.at.strftime("%Y-%m-%d %H:%M:%S.%f")
        now: Any = NOW if is_postgres() else NOW.strftime("%Y-%m-%d %H:%M:%S.%f")
        plain.append((one.person_id, None, one.version, one.kind.value, at, now, one.client_key))
    names = ", ".join(COLUMNS)

    def put(plain: list[tuple[Any, ...]]) -> None:
        driver: Any = session().connection().connection.driver_connection
        if is_postgres():
            with driver.cursor() as cursor, cursor.copy(f"COPY check_in ({names}) FROM STDIN") as copy:
                for row in plain:
                    copy.write_row(row)
        else:
            driver.executemany(f"INSERT INTO check_in ({names}) VALUES (?, ?, ?, ?, ?, ?, ?)", plain)

    def write() -> None:
        for start in range(0, len(plain), batch or len(plain)):
            put(plain[start : start + (batch or len(plain))])
            if batch:
                session().commit()

    return write


def record(beats: list[NewCheckIn], batch: int = 5000, *, commit: bool = False) -> Callable[[], None]:
    def write() -> None:
        for start in range(0, len(beats), batch):
            record_check_ins(beats[start : start + batch], received_at=NOW)
            if commit:
                session().commit()

    return write


def sent(app: Flask, beats: list[NewCheckIn], batch: int, token: str, *, wait: bool = True) -> Callable[[], None]:
    """The door itself, without a socket. Requests are written before the clock starts, as devices would."""
    items = [
        {"version": one.version, "kind": one.kind.value, "at": one.at.isoformat(), "client_key": one.client_key}
        for one in beats
    ]
    bodies = [json.dumps({"check_ins": items[n : n + batch]}) for n in range(0, len(items), batch)]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    headers |= {} if wait else {"Prefer": "respond-async"}

    requests = [
        EnvironBuilder("/api/v1/check-ins", method="POST", data=body, headers=[*headers.items()]).get_environ()
        for body in bodies
    ]

    def write() -> None:
        for request in requests:
            request["wsgi.input"].seek(0)
            said, status, _headers = run_wsgi_app(app, request, buffered=True)
            assert status == ("200 OK" if wait else "202 ACCEPTED"), b"".join(said)

    return write


def taken(beats: list[NewCheckIn]) -> Callable[[], None]:
    lines = [f"qq:{one.person_id + 100_000},{one.version},{one.at.isoformat()}" for one in beats]
    data = ("identity,version,at\n" + "\n".join(lines) + "\n").encode()

    def write() -> None:
        done = import_check_ins(io.BytesIO(data), "bench.csv", at=NOW, after_chunk=session().commit)
        assert done.refused == 0

    return write


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    session().commit()
    return time.perf_counter() - began


def empty() -> None:
    session().execute(delete(CheckIn))
    session().execute(delete(Restand))
    session().commit()
    if is_postgres():
        session().execute(text("ANALYZE"))
        session().commit()


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=100_000)
    options.add_argument("--people", type=int, default=5_600)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--batch", type=int, default=100)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(read({"DATA_DIR": folder, "BROKER_URL": "memory://", **given()}))
        with app.app_context():
            upgrade()
            start_writing()
            create_programme("Orange", "Asia/Shanghai", ["en"], "Lin", "lin@orange.example", at=START)
            ids = people(chosen.people)
            measure(ids, chosen.rows, chosen.rounds)
            return measure_batches(app, ids, chosen.rows // 5, chosen.rounds, chosen.batch)


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


def measure_batches(app: Flask, ids: list[int], rows: int, rounds: int, batch: int) -> int:
    """One person's device sends them all. Ratios are taken within a round and their median shown."""
    start_writing()
    session().add(Agreement(person_id=ids[0], version=1, accepted_at=START))
    token = make_api_token(ids[0], "bench", [Scope.CHECK_INS_WRITE.value], at=START)
    session().commit()
    beats = [one._replace(person_id=ids[0]) for one in made(ids, rows)]
    door = sent(app, beats, batch, token)
    ways: dict[str, Callable[[], object]] = {
        "bare inserts": floor(beats, batch),
        "record_check_ins": record(beats, batch, commit=True),
        "API, new": door,
        "API, replayed": door,
        "API, accepted": sent(app, beats, batch, token, wait=False),
        "recorded later": record_batches.run,
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _round in range(rounds):
        for name, work in ways.items():
            if name not in ("API, replayed", "recorded later"):
                empty()
            seconds[name].append(timed(work))
    print(f"in batches of {batch}, one commit each:")
    shares = {}
    for name, found in seconds.items():
        pairs = zip(seconds["bare inserts"], found, strict=True)
        shares[name] = statistics.median(bare / own for bare, own in pairs)
        print(f"{name:18} {rows / statistics.median(found):10,.0f} rows/s   {shares[name]:5.2f} of bare inserts")
    return 0 if shares["API, new"] >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
