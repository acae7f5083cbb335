"""Every test has a real database, built by the migrations, on SQLite and on PostgreSQL; what it writes is undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import Engine, event
from werkzeug.test import TestResponse

from crm.app import create_app
from crm.core.db import db, disconnect, session, start_writing
from crm.settings import read
from tests import make
from tests.databases import new_database

pytest_plugins = ("tests.services", "tests.cast")


def settings_of(folder: Path, database_url: str, **more: str) -> dict[str, str]:
    """The environment of an installation of its own, in `folder`."""
    return {
        "DATA_DIR": str(folder),
        "DATABASE_URL": database_url,
        "SECRET_KEY": "a secret that only these tests know about",
        "SUPPRESSION_KEY": "another one for the hashes of erased people",
        "BROKER_URL": "memory://",
        "SMTP_URL": "mailbox://",
        **more,
    }


class Browser(FlaskClient):
    """Each request has an application context, and so a session and a `g`, of its own, as in production.

    It reads English unless a test's headers say otherwise.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        with self.application.app_context():
            return super().open(*args, **kwargs)


@pytest.fixture(scope="session")
def new_postgres_database(postgres_server: str) -> Iterator[str]:
    """The address of an empty database, dropped at the end."""
    with new_database(postgres_server) as address:
        yield address


@pytest.fixture
def fresh_postgres_database(postgres_server: str) -> Iterator[Callable[[], str]]:
    """Makes empty databases of one test's own and gives their addresses; they are dropped at its end."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(new_database(postgres_server))


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], ids=str)
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The whole application on a migrated database; one per engine and test process."""
    folder = tmp_path_factory.mktemp(request.param)
    address = f"sqlite:///{folder}/test.db"
    if request.param == "postgresql":
        address = request.getfixturevalue("new_postgres_database")
    made = create_app(read(settings_of(folder, address)), TESTING=True, WTF_CSRF_ENABLED=False)
    made.test_client_class = Browser
    with made.app_context():
        upgrade()
        disconnect()
    yield made
    with made.app_context():
        disconnect()


@pytest.fixture
def database(app: Flask) -> Iterator[Flask]:
    """An application context whose commits are savepoints of a transaction that is rolled back after the test.

    A request of the test client has a session of its own inside it: commit before you call it.
    """
    with app.app_context():
        start_writing()
        engines = cast(dict[str | None, Any], db.engines)
        engine = engines[None]
        with engine.connect() as connection:
            transaction = connection.begin()
            engines[None] = connection  # sessions are bound to this one connection
            db.session.configure(join_transaction_mode="create_savepoint")
            try:
                yield app
            finally:
                db.session.remove()
                engines[None] = engine
                transaction.rollback()


@pytest.fixture
def house(app: Flask, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """An installation of its own, whose commits stay."""
    address = f"sqlite:///{tmp_path}/own.db"
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("postgresql"):
        address = request.getfixturevalue("fresh_postgres_database")()
    made = create_app(read(settings_of(tmp_path, address)), TESTING=True, WTF_CSRF_ENABLED=False)
    with made.app_context():
        upgrade()
        start_writing()
        make.programme()
        session().commit()
        disconnect()
    yield made
    with made.app_context():
        disconnect()


@pytest.fixture
def client(database: Flask) -> FlaskClient:
    return database.test_client()


@pytest.fixture
def queries_of(database: object) -> Callable[[Callable[[], object]], int]:
    """How many statements something sends to the database."""

    def count(do: Callable[[], object]) -> int:
        sent: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
            sent.append(statement)

        event.listen(Engine, "before_cursor_execute", note)
        try:
            do()
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        return len([one for one in sent if one.lstrip().startswith("SELECT")])

    return count
