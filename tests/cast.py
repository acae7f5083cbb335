"""The fixed people: Lin is staff, Ada a tester, Bo a prospect, Mallory a stranger; and their browsers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.accounts.actions import open_session
from crm.accounts.rules import COOKIE, Role
from crm.core import clock
from crm.core.db import session
from crm.core.programme import Programme
from crm.people.models import Person
from tests import make

SignIn = Callable[[Person], FlaskClient]


@pytest.fixture
def programme(database: Flask) -> Programme:
    return make.programme()


@pytest.fixture
def lin(programme: Programme) -> Person:
    return make.staff("Lin", Role.ADMIN)


@pytest.fixture
def ada(programme: Programme) -> Person:
    return make.tester("Ada")


@pytest.fixture
def bo(programme: Programme) -> Person:
    return make.person("Bo", identities={"qq": "10001", "email": "bo@prospects.example"})


@pytest.fixture
def mallory(programme: Programme) -> Person:
    return make.person("Mallory")


@pytest.fixture
def sign_in(database: Flask) -> SignIn:
    """A browser that is signed in as somebody; commits what the test has made so far."""

    def browser(who: Person) -> FlaskClient:
        secret = open_session(who.id, as_staff=who.is_staff, at=clock.now())
        session().commit()
        client = database.test_client()
        client.set_cookie(COOKIE, secret)
        return client

    return browser


@pytest.fixture
def lins_browser(lin: Person, sign_in: SignIn) -> FlaskClient:
    return sign_in(lin)


@pytest.fixture
def adas_browser(ada: Person, sign_in: SignIn) -> FlaskClient:
    return sign_in(ada)


def weeks_ago(count: int, *, of: datetime = datetime(2026, 6, 5, 12, 0, tzinfo=UTC)) -> datetime:
    return of - timedelta(weeks=count)
