from __future__ import annotations

from flask import Flask
from sqlalchemy import text

from crm.core.db import is_postgres, session
from crm.core.upkeep import learn_again
from tests import make


def test_the_database_knows_its_tables_afterwards(database: Flask) -> None:
    for _ in range(20):
        make.person()
    session().commit()
    learn_again.run()
    learn_again.run()
    known = "pg_stats WHERE tablename = 'person'" if is_postgres() else "sqlite_stat1 WHERE tbl = 'person'"
    assert session().scalar(text(f"SELECT count(*) FROM {known}"))
