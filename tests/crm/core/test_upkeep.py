from __future__ import annotations

from flask import Flask
from sqlalchemy import text

from crm.core.db import is_postgres, session
from crm.core.upkeep import has_grown, learn, learn_again
from tests import make


def test_the_database_knows_its_tables_afterwards(database: Flask) -> None:
    for _ in range(20):
        make.person()
    session().commit()
    learn_again.run()
    learn_again.run()
    known = "pg_stats WHERE tablename = 'person'" if is_postgres() else "sqlite_stat1 WHERE tbl = 'person'"
    assert session().scalar(text(f"SELECT count(*) FROM {known}"))


def test_tables_that_work_fills_are_looked_at_each_time_they_are_four_times_as_long(database: Flask) -> None:
    assert [pieces for pieces in range(300) if has_grown(pieces)] == [1, 4, 16, 64, 256]
    learn("letter", "person")
