"""Whoever walks through the story from their first page meets no closed door: what a role may not do is not shown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from crm.accounts import queries as accounts
from crm.accounts.rules import ROLE_MAY, Role
from crm.core.db import session
from crm.core.guards import May, guard_of
from crm.demo.plan import Size
from crm.demo.story import Story
from crm.people.models import Person
from tests import make
from tests.cast import SignIn

FRIDAY = date(2026, 11, 20)
PAGING = {"after", "before"}
SAMPLES = 2  # pages of one shape that are opened; of lists under a condition one


class Shown(HTMLParser):
    """What a page leads to: (method, address)."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.doors: list[tuple[str, str]] = []
        self.action = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form" and has.get("method", "get").lower() == "post":
            self.doors.append(("POST", has.get("action", "")))
        self.doors += [("GET", has[name]) for name in ("href", "hx-get") if tag != "link" and name in has]
        self.doors += [("POST", has[name]) for name in ("formaction", "hx-post") if name in has]


def led_to(answer: TestResponse) -> list[tuple[str, str]]:
    if answer.status_code in (302, 303):
        return [("GET", answer.headers["Location"])]
    return Shown(answer.text).doors if answer.mimetype == "text/html" else []


def shape(address: str) -> str:
    """Addresses that differ in a number, a token, a value or the place in a list lead to one kind of page."""
    parts = urlsplit(address)
    path = re.sub(r"/(\d+|[A-Za-z0-9_.-]{24,})(?=/|$)", "/N", parts.path)
    return f"{path}?{'&'.join(sorted({key for key, _value in parse_qsl(parts.query)} - PAGING))}"


def most(address: str) -> int:
    return SAMPLES if shape(address).endswith("?") else 1


def is_open(guard: str, who: Role | str) -> bool:
    kind, _, detail = guard.partition(":")
    if kind == "staff":
        return isinstance(who, Role) and May(detail) in ROLE_MAY[who]
    return who == "tester" if kind == "tester" else True


def closed_doors(app: Flask, browser: FlaskClient, who: Role | str) -> Iterator[str]:
    """From the first page along every link; of buttons only whether the role may press them."""
    doors = app.url_map.bind("localhost")
    waiting, met, opened = ["/"], {"/"}, Counter({"/?": 1})
    while waiting:
        page = waiting.pop(0)
        answer = browser.get(page)
        with answer:
            shown = led_to(answer)
        if answer.status_code not in (200, 302, 303, 304):
            yield f"{shape(page)} answers {answer.status_code}"
        for method, address in shown:
            path = address.partition("#")[0]
            if not path.startswith("/") or path.startswith("/static/"):
                continue
            try:
                endpoint, _values = doors.match(urlsplit(path).path, method=method)
            except HTTPException as error:
                yield f"{shape(page)} shows {method} {shape(path)}: {error.code}"
                continue
            if not is_open(guard_of(app, endpoint) or "", who):
                yield f"{shape(page)} shows {method} {shape(path)}"
            elif method == "GET" and path not in met and opened[shape(path)] < most(path):
                met.add(path)
                opened[shape(path)] += 1
                waiting.append(path)


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)  # each page alone is asked on both databases
def test_no_page_shows_anybody_a_door_that_is_closed_to_them(database: Flask, sign_in: SignIn) -> None:
    Story(Size(0.01), FRIDAY, lambda _line: None).replay()
    tester = session().scalars(accounts.testers().order_by(Person.id).limit(1)).one()
    people: dict[Role | str, Person] = {role: make.staff(f"Of-{role.value}", role) for role in Role}
    people["tester"] = session().get_one(Person, tester)
    wrong = [
        f"{who}: {fault}"
        for who, person in people.items()
        for fault in sorted(set(closed_doors(database, sign_in(person), who)))
    ]
    assert wrong == [], "\n".join(wrong)
