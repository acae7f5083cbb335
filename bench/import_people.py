"""What importing people costs, as a ratio: `python bench/import_people.py [--rows N] [--engine sqlite] [--rounds 3]`.

The floor is the very rows that the import has written, held in memory and put into the same empty tables with the
same indexes and keys by plain executemany (SQLite) or COPY (PostgreSQL), one transaction. The import reads a CSV, finds
encoding and delimiter, validates, matches, writes people, identities, sources, arrivals and marks for the funnel.
Both run in turn on databases of their own; medians are compared. Without --engine both engines are measured.
BENCH_POSTGRES names a server where databases may be made (postgresql://postgres@127.0.0.1:5432/postgres).
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import text
from sqlalchemy.engine import make_url

from crm.app import create_app
from crm.core import clock, jobs
from crm.core.db import db, disconnect, is_postgres, session, start_writing
from crm.core.programme import Programme
from crm.people.actions import importing
from crm.settings import read

AT_MOST = {"sqlite": 2.5, "postgresql": 3.5}
MEMORY_MB = 500
TABLES = ("person", "identity", "source", "imported_person", "restand")
SERVER = os.environ.get("BENCH_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")


def write_file(path: Path, rows: int) -> None:
    """Names and addresses as a forum has them; one row in fifty repeats somebody, one in a hundred cannot be read."""
    dice = random.Random(2010)
    hanzi = (
        "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏"
    )
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["姓名", "邮箱", "QQ", "首次发现"])
        for number in range(rows):
            one = dice.randrange(number) if number and number % 50 == 0 else number
            name = "".join(dice.choices(hanzi, k=3)) if one % 3 else f"user {one}"
            mail = f"user{one}@mail{one % 97}.example" if number % 100 else "not an address"
            day = f"2010-{1 + one % 12:02}-{1 + one % 28:02} {one % 24:02}:15:00"
            writer.writerow([name, mail, 10_000_000 + one if one % 2 else "", day])


class Bench:
    def __init__(self, engine: str, folder: Path) -> None:
        self.engine, self.folder = engine, folder

    def new_app(self) -> tuple[Flask, str]:
        name = f"seedbed_bench_{uuid4().hex[:8]}"
        data = self.folder / name
        data.mkdir()
        address = f"sqlite:///{data}/bench.db"
        if self.engine == "postgresql":
            with psycopg.connect(SERVER, autocommit=True) as server:
                server.execute(f'CREATE DATABASE "{name}"')
            address = make_url(SERVER).set(database=name).render_as_string(hide_password=False)
        keys = {"SECRET_KEY": "k" * 40, "SUPPRESSION_KEY": "k" * 40}
        app = create_app(read({"DATA_DIR": str(data), "DATABASE_URL": address, "LOG_FORMAT": "json", **keys}))
        with app.app_context():
            upgrade()
        return app, name

    def drop(self, app: Flask, name: str) -> None:
        with app.app_context():
            disconnect()
        if self.engine == "postgresql":
            with psycopg.connect(SERVER, autocommit=True) as server:
                server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def bring(self, path: Path, *, keep: bool = True) -> tuple[float, dict[str, list[Any]], dict[str, int]]:
        """Seconds, the rows that were written, and the counts."""
        app, name = self.new_app()
        with app.app_context():
            start_writing()
            self._programme()
            started = time.perf_counter()
            with path.open("rb") as stream:
                received = importing.receive(stream)
            bringer = importing.add_import(received, path.name, at=clock.now(), by_id=None)
            importing.describe(bringer.id, site="gfan.com", basis="public profile")
            job = importing.start(bringer.id, at=clock.now())
            attempts, number, import_id = jobs.take(job, clock.now()), job.id, bringer.id
            session().commit()
            jobs.run(number, attempts)
            seconds = time.perf_counter() - started
            told = importing.counts(importing.import_or_404(import_id))
            rows = {table: self._rows(table) for table in TABLES} if keep else {}
            session().rollback()
        self.drop(app, name)
        return seconds, rows, told

    def _programme(self) -> None:
        session().add(Programme(id=1, name="Bench", zone="Asia/Shanghai", languages=["zh"], created_at=clock.now()))
        session().commit()

    def _rows(self, table: str) -> list[Any]:
        columns = ", ".join(f'"{column.name}"' for column in db.metadata.tables[table].columns)
        driver: Any = session().connection().connection.driver_connection
        return list(driver.execute(f'SELECT {columns} FROM "{table}"').fetchall())

    def floor(self, rows: dict[str, list[Any]]) -> float:
        """The same rows into the same tables, without looking at them."""
        app, name = self.new_app()
        with app.app_context():
            start_writing()
            self._programme()
            self._parents()
            connection = session().connection()
            driver: Any = connection.connection.driver_connection
            started = time.perf_counter()
            for table in TABLES:
                self._put(driver, table, rows[table])
            session().commit()
            seconds = time.perf_counter() - started
        self.drop(app, name)
        return seconds

    def _parents(self) -> None:
        """The origin and the import that sources point to."""
        session().execute(text("INSERT INTO origin (id, kind, key, title) VALUES (1, 'import', '1', 'bench')"))
        columns = "id, file_name, encoding, delimiter, mapping, site, board, basis, state, read, new, known"
        session().execute(
            text(
                f"INSERT INTO people_import ({columns}, merge_proposals, refused, suppressed, created_at) VALUES "
                "(1, 'x', '', '', '{}', '', '', '', 'done', 0, 0, 0, 0, 0, 0, '2026-01-01 00:00:00')"
            )
        )
        session().commit()

    def _put(self, driver: Any, table: str, rows: list[Any]) -> None:
        columns = ", ".join(f'"{column.name}"' for column in db.metadata.tables[table].columns)
        if is_postgres():
            with driver.cursor() as cursor, cursor.copy(f'COPY "{table}" ({columns}) FROM STDIN') as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join("?" * len(db.metadata.tables[table].columns))
        driver.executemany(f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', rows)


def peak_memory() -> int:
    """MB of this process at its peak. Linux remembers the parent's peak in getrusage, so its own file is read there."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
        return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def memory_of_an_import(path: Path, engine: str) -> int:
    """MB at the peak of a process that only imports."""
    ran = subprocess.run(
        [sys.executable, __file__, "--alone", str(path), "--engine", engine], capture_output=True, text=True, check=True
    )
    return int(ran.stdout.split()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=56_000)
    parser.add_argument("--engine", choices=sorted(AT_MOST), action="append")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--alone", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    engines = asked.engine or sorted(AT_MOST, reverse=True)
    with tempfile.TemporaryDirectory(prefix="seedbed-bench-") as name:
        folder = Path(name)
        if asked.alone:
            Bench(engines[0], folder).bring(asked.alone, keep=False)
            print(peak_memory())
            return 0
        path = folder / "people.csv"
        write_file(path, asked.rows)
        sound = [measure(Bench(engine, folder), path, asked.rows, asked.rounds) for engine in engines]
    return 0 if all(sound) else 1


def measure(bench: Bench, path: Path, rows: int, rounds: int) -> bool:
    imports: list[float] = []
    floors: list[float] = []
    told: dict[str, int] = {}
    for _ in range(rounds):
        seconds, written, told = bench.bring(path)
        imports.append(seconds)
        floors.append(bench.floor(written))
        del written
    ratio = statistics.median(imports) / statistics.median(floors)
    peak = memory_of_an_import(path, bench.engine)
    limit = AT_MOST[bench.engine]
    sound = ratio <= limit and peak < MEMORY_MB
    print(
        f"{bench.engine}: {rows:,} rows in {statistics.median(imports):.2f} s,"
        f" {rows / statistics.median(imports):,.0f}/s,"
        f" floor {statistics.median(floors):.2f} s, ratio {ratio:.2f} (at most {limit}),"
        f" {peak} MB (under {MEMORY_MB}): {'ok' if sound else 'TOO SLOW OR TOO LARGE'} {told}",
        flush=True,
    )
    return sound


if __name__ == "__main__":
    sys.exit(main())
