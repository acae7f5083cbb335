"""What we make on the disk is for our own eyes, whatever the umask of the machine says."""

from __future__ import annotations

import io
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from crm.app import create_app
from crm.core import db as db_module
from crm.core import files
from crm.core.db import db, disconnect
from crm.settings import read
from tests.conftest import settings_of


@pytest.fixture(autouse=True)
def _an_open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_data_folder_and_the_database_are_ours_alone(tmp_path: Path) -> None:
    home = tmp_path / "new" / "data"
    house = create_app(read({"DATA_DIR": str(home)}), TESTING=True)
    with house.app_context(), db.engine.connect() as connection:
        connection.execute(text("CREATE TABLE somebody (name TEXT)"))
        connection.commit()
        assert mode(home) == 0o700
        assert {mode(path) for path in home.glob("seedbed.db*")} == {0o600}
        disconnect()


def test_a_database_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "own.db").touch(mode=0o640)
    house = create_app(read(settings_of(tmp_path, f"sqlite:///{tmp_path}/own.db")), TESTING=True)
    with house.app_context(), db.engine.connect():
        assert mode(tmp_path / "own.db") == 0o640
        disconnect()


@pytest.mark.parametrize(("prefix", "expected"), [("", 0o600), ("/stored", 0o640)])
def test_a_stored_file_is_ours_and_a_proxys_that_sends_it(
    database: Flask, monkeypatch: pytest.MonkeyPatch, prefix: str, expected: int
) -> None:
    monkeypatch.setitem(database.config, "ACCEL_PREFIX", prefix)
    stored = files.store(io.BytesIO(b"an artefact"), "builds")
    assert mode(files.path_of(stored.key)) == expected
    private = files.store(io.BytesIO(b"a list of people"), "imports", private=True)
    assert mode(files.path_of(private.key)) == 0o600


def test_what_is_deleted_from_sqlite_is_overwritten() -> None:
    """Whether it does so by itself differs from build to build."""
    raw = sqlite3.connect(":memory:")
    raw.execute("PRAGMA secure_delete=OFF")
    db_module._prepare_sqlite(raw, None)
    assert raw.execute("PRAGMA secure_delete").fetchone() == (1,)
    raw.close()
