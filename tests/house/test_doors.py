"""Every door of the house, who may open it, and that it is so.

doors.txt is the list: method, address, endpoint, guard. A new door shows up here as a difference; when it is meant,
`python -m tests.house.test_doors` writes the list anew, and the commit shows it to the reviewer.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from crm.accounts.rules import ROLE_MAY, Role
from crm.app import create_app
from crm.core.db import session
from crm.core.guards import May, guard_of
from crm.people.models import Person
from crm.settings import read
from tests import make
from tests.cast import SignIn

LIST = Path(__file__).with_name("doors.txt")
QUIET = {"HEAD", "OPTIONS"}
# Looked at without parameters these answer otherwise than with a page, each for the reason beside it.
OTHERWISE = {
    "accounts.welcome": "is gone once there is a programme",
    "observe.metrics": "is for the operators' machine",
    "observe.ready": "is for the operators' machine",
}
OPENED = {200, 302, 303, 400, 404, 422}


def doors(app: Flask) -> list[Rule]:
    return sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint))


def lines(app: Flask) -> list[str]:
    """One line a method."""
    return [
        f"{method:6} {rule.rule}  {rule.endpoint}  {guard_of(app, rule.endpoint)}"
        for rule in doors(app)
        for method in sorted((rule.methods or set()) - QUIET)
    ]


def lookable(app: Flask) -> list[Rule]:
    """Doors that a GET without parameters opens."""
    return [
        rule
        for rule in doors(app)
        if "GET" in (rule.methods or ()) and not rule.arguments and rule.endpoint not in OTHERWISE
    ]


def expected(guard: str, who: Role | str) -> set[int]:
    """What somebody who looks gets: the answer of an open door, or that of a closed one."""
    kind, _, detail = guard.partition(":")
    if kind in ("public", "by_link", "by_signature"):
        return OPENED
    if kind == "scope":
        return {401} if who == "stranger" else OPENED | {403}
    if who == "stranger":
        return {302}
    if kind == "signed_in":
        return OPENED
    if kind == "tester":
        return OPENED if who == "tester" else {403}
    allowed = isinstance(who, Role) and May(detail) in ROLE_MAY[who]
    return OPENED if allowed else {403}


def test_the_list_of_doors_is_what_was_agreed(app: Flask) -> None:
    agreed = LIST.read_text("utf-8").splitlines()
    now = lines(app)
    new, gone = sorted(set(now) - set(agreed)), sorted(set(agreed) - set(now))
    assert (new, gone) == ([], []), "when this is meant: python -m tests.house.test_doors, and look at the difference"


def test_whatever_changes_something_is_no_get(app: Flask) -> None:
    """A method that writes has a guard, or a link as its key, or stands here because it lets people in and out."""
    let_in = {
        "accounts.sign_in", "accounts.second_step", "accounts.sign_out", "accounts.lost_password", "accounts.join",
        "accounts.welcome", "core.set_language", "core.set_theme", "fcodes.typed", "fcodes.ask",
    }  # fmt: skip
    writes = {"POST", "PUT", "PATCH", "DELETE"}
    open_ones = {
        rule.endpoint
        for rule in doors(app)
        if (rule.methods or set()) & writes and guard_of(app, rule.endpoint) == "public"
    }
    assert open_ones <= let_in


def test_only_api_doors_and_one_click_refusals_go_without_a_csrf_token(app: Flask) -> None:
    csrf = app.extensions["csrf"]
    exempt = {name for name in csrf._exempt_blueprints if name in app.blueprints}
    strangers = [
        rule.rule
        for rule in doors(app)
        if rule.endpoint.partition(".")[0] in exempt and not rule.rule.startswith("/api/")
    ]
    assert strangers == []


@pytest.fixture
def browsers(client: FlaskClient, sign_in: SignIn, lin: Person, ada: Person) -> dict[Role | str, FlaskClient]:
    people: dict[Role | str, Person] = {role: make.staff(f"Of-{role.value}", role) for role in Role}
    session().commit()
    return {"stranger": client, "tester": sign_in(ada)} | {role: sign_in(who) for role, who in people.items()}


@pytest.mark.parametrize("who", ["stranger", "tester", *Role], ids=str)
def test_everybody_finds_open_what_is_theirs_and_the_rest_closed(
    app: Flask, browsers: dict[Role | str, FlaskClient], who: Role | str
) -> None:
    wrong = []
    for rule in lookable(app):
        guard = guard_of(app, rule.endpoint)
        assert guard is not None
        status = browsers[who].get(rule.rule).status_code
        if status not in expected(guard, who):
            wrong.append(f"{rule.rule} ({guard}): {status}")
    assert wrong == []


def write_the_list() -> None:
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(read({**os.environ, "DATA_DIR": folder, "DATABASE_URL": ""}))
        LIST.write_text("\n".join(lines(app)) + "\n", "utf-8")


if __name__ == "__main__":
    write_the_list()
