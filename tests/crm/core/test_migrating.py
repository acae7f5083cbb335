"""Migrations are loaded when they are asked for, and work then."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from flask import Flask

from crm.core.db import newest_migration, session
from crm.core.migrating import known_migration

ASK = "import sys; from crm.app import create_app; create_app(); print('alembic' in sys.modules)"


def environment(tmp_path: Path) -> dict[str, str]:
    return os.environ | {"DATA_DIR": str(tmp_path), "BROKER_URL": "memory://"}


def test_a_web_process_does_without_alembic(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", ASK], env=environment(tmp_path), capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "False"


def test_the_commands_of_migrations_are_there_all_the_same(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "flask", "--app", "crm.app", "db", "heads"]
    told = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, check=True)
    assert newest_migration() in told.stdout


def test_a_database_tells_its_migration(database: Flask) -> None:
    assert known_migration(session().connection()) == newest_migration()
