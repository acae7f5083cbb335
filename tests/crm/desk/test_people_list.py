from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from crm.core.db import db, session
from crm.core.offers import conditions
from crm.desk.queries import chips, people_page
from crm.funnel.models import Standing
from crm.funnel.rules import Stage
from crm.outbox.models import Contact
from crm.people.actions import tag
from crm.people.models import Identity, Person
from tests import make

MOST_QUERIES = 15


def _names(page: str, *names: str) -> list[str]:
    """Those of the names that the page holds, in its order."""
    return sorted((name for name in names if name in page), key=page.index)


def _get(client: FlaskClient, path: str) -> str:
    return client.get(path).get_data(as_text=True)


def _written_to(who: Person, days_ago: int) -> None:
    at = make.T0 + timedelta(days=100 - days_ago)
    session().add(Contact(person_id=who.id, first_sent_at=at, last_out_at=at, last_touch_at=at))


@pytest.mark.parametrize("words", ["小雨", "雨", "OYUM", "xiaoyumi@", "9988"])
def test_a_person_is_found_by_a_part_of_name_or_identity(lins_browser: FlaskClient, words: str) -> None:
    make.person("小雨 Xiaoyumi", identities={"qq": "10099887", "email": "xiaoyumi@prospects.example"})
    make.person("Somebody else")
    session().commit()
    page = _get(lins_browser, f"/people?q={words}")
    assert _names(page, "小雨 Xiaoyumi", "Somebody else") == ["小雨 Xiaoyumi"]


def test_letters_that_mean_something_to_a_database_are_searched_as_they_are(lins_browser: FlaskClient) -> None:
    make.person("100% real")
    make.person("100 real")
    session().commit()
    assert _names(_get(lins_browser, "/people?q=0%25"), "100% real", "100 real") == ["100% real"]


@pytest.mark.parametrize("written", ["10001", "qq:10001", "bo@prospects.example", "BO@Prospects.example"])
def test_a_whole_identity_opens_its_person(bo: Person, lins_browser: FlaskClient, written: str) -> None:
    answer = lins_browser.get("/people", query_string={"q": written})
    assert answer.headers["Location"] == f"/people/{bo.id}"


def test_an_identity_that_two_people_have_in_different_places_opens_the_list(
    bo: Person, lins_browser: FlaskClient
) -> None:
    make.person("Other", identities={"wechat": "falcon"})
    make.person("Third", identities={"telegram": "falcon"})
    session().commit()
    answer = lins_browser.get("/people?q=falcon")
    assert answer.status_code == 200
    assert _names(answer.get_data(as_text=True), "Other", "Third") != []


def test_conditions_are_sentences_that_can_be_taken_away(lins_browser: FlaskClient) -> None:
    ada = make.person("Ada of Gfan")
    make.source(ada, site="gfan.com")
    tag([ada.id], "core")
    other = make.person("Bao of V2ex")
    make.source(other, site="v2ex.com")
    session().commit()
    page = _get(lins_browser, "/people?site=gfan.com&tag=core")
    assert _names(page, "Ada of Gfan", "Bao of V2ex") == ["Ada of Gfan"]
    assert 'href="/people?tag=core"' in page
    assert 'href="/people?site=gfan.com"' in page


def test_a_value_that_cannot_be_read_says_so_and_keeps_the_rest(lins_browser: FlaskClient) -> None:
    answer = lins_browser.get("/people?owner=somebody&q=falcon")
    assert answer.status_code == 422
    assert 'value="falcon"' in answer.get_data(as_text=True)


def test_every_condition_of_every_room_is_a_field(lins_browser: FlaskClient, database: Flask) -> None:
    page = _get(lins_browser, "/people/filter")
    assert [key for key in conditions() if f'name="{key}"' not in page] == []


def test_the_list_stands_in_the_order_asked_for(lins_browser: FlaskClient) -> None:
    first = make.person("Cleo Early", collected_at=make.T0 + timedelta(days=1))
    second = make.person("Abel Middle", collected_at=make.T0 + timedelta(days=2))
    third = make.person("Berta Late", collected_at=make.T0 + timedelta(days=3))
    _written_to(first, days_ago=1)
    _written_to(third, days_ago=9)
    since = make.T0 + timedelta(days=50)
    session().add(Standing(person_id=second.id, stage=Stage.JOINED, since=since, reached=2, week=2900))
    session().commit()
    names = ("Cleo Early", "Abel Middle", "Berta Late")
    orders = {
        sort: _names(_get(lins_browser, f"/people?sort={sort}"), *names) for sort in ("name", "touch", "stage", "")
    }
    assert orders == {
        "name": ["Abel Middle", "Berta Late", "Cleo Early"],
        "touch": ["Cleo Early", "Berta Late", "Abel Middle"],
        "stage": ["Abel Middle", "Berta Late", "Cleo Early"],
        "": ["Berta Late", "Abel Middle", "Cleo Early"],
    }


@pytest.mark.parametrize("sort", ["newest", "name", "touch", "stage"])
def test_pages_by_key_show_everybody_once(database: Flask, sort: str) -> None:
    people = [make.person(f"P{n % 7}") for n in range(120)]
    for who in people[::3]:
        _written_to(who, days_ago=who.id % 5)
    session().flush()
    seen: list[int] = []
    after = None
    while True:
        page = people_page({}, sort, make.T0, after=after, before=None)
        seen += [row.id for row in page.rows]
        after = page.after
        if after is None:
            break
    assert sorted(seen) == sorted(who.id for who in people)
    back = people_page({}, sort, make.T0, after=None, before=page.before)
    assert [row.id for row in back.rows] == seen[50:100]


def test_merged_and_forgotten_people_are_not_listed(lins_browser: FlaskClient) -> None:
    keeper = make.person("The keeper")
    make.person("The loser", merged_into_id=keeper.id)
    make.person("The forgotten", forgotten_at=make.T0)
    session().commit()
    page = _get(lins_browser, "/people")
    assert _names(page, "The keeper", "The loser", "The forgotten") == ["The keeper"]


def test_a_condition_is_told_by_the_label_of_its_choice(database: Flask) -> None:
    assert [chip.text for chip in chips({"role": "expert", "q": "x"})] == [
        "Role there: expert",
        "Name or identity: “x”",
    ]


@pytest.mark.parametrize(
    "path", ["/people", "/people?q=P1&sort=touch", "/people?site=gfan.com&sort=stage", "/people/waiting"]
)
def test_a_full_page_asks_the_database_at_most_fifteen_questions(lins_browser: FlaskClient, path: str) -> None:
    owner = make.staff("Rui")
    for number in range(60):
        who = make.person(f"P1{number}", owner_id=owner.id)
        make.source(who)
        session().add(Identity(kind="qq", value=str(20_000 + number), person_id=who.id))
        _written_to(who, days_ago=number)
    session().commit()
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert lins_browser.get(path).status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert 3 < len(asked) <= MOST_QUERIES
