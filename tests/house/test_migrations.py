"""Migrations make what the models say, can be taken back, and are one line."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect

from crm.core.db import db, disconnect

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def test_models_match_migrations(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.metadata) == []


def test_migrations_run_up_down_and_up(app: Flask) -> None:
    with app.app_context():
        downgrade(revision="base")
        assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
        upgrade()
        assert set(inspect(db.engine).get_table_names()) == {*db.metadata.tables, "alembic_version"}
        disconnect()


def test_the_newest_migration_is_the_one_on_record() -> None:
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert (MIGRATIONS / ".current-head").read_text("utf-8").strip() == head
