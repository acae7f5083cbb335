from __future__ import annotations

from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from crm.core.db import db, session
from crm.core.restand import Restand, restand
from crm.desk.queries import merged_timeline
from crm.funnel.models import Standing
from crm.funnel.rules import Stage
from crm.outbox.models import Contact
from crm.people.actions import add_note
from crm.people.actions.suppressing import suppress_pairs
from crm.people.models import Person
from crm.people.rules import SuppressionReason
from tests import make

AT = make.T0 + timedelta(days=100)
MOST_QUERIES = 15


def _get(client: FlaskClient, path: str) -> str:
    return client.get(path).get_data(as_text=True)


def test_a_page_says_who_how_reachable_and_what_to_do_next(bo: Person, lins_browser: FlaskClient) -> None:
    page = _get(lins_browser, f"/people/{bo.id}")
    assert "bo@prospects.example" in page
    assert "not written to yet" in page
    assert f'class="button primary"\n       href="/people/{bo.id}/touches/new"' in page


def test_who_waits_for_us_is_answered_first(bo: Person, lins_browser: FlaskClient) -> None:
    session().add(Contact(person_id=bo.id, first_sent_at=AT, last_in_at=AT, last_touch_at=AT, waiting_since=AT))
    session().commit()
    page = _get(lins_browser, f"/people/{bo.id}")
    assert "waits for an answer" in page
    assert ">Answer</a>" in page


def test_a_new_fact_is_settled_before_the_page_shows_the_person(bo: Person, lins_browser: FlaskClient) -> None:
    restand([bo.id], AT)
    session().commit()
    assert lins_browser.get(f"/people/{bo.id}").status_code == 200
    session().expire_all()
    assert session().scalar(select(Restand.person_id).where(Restand.person_id == bo.id)) is None


def test_a_merged_person_leads_to_who_stands_for_both(bo: Person, lins_browser: FlaskClient) -> None:
    lost = make.person("Bo again", merged_into_id=bo.id)
    session().commit()
    assert lins_browser.get(f"/people/{lost.id}").headers["Location"] == f"/people/{bo.id}"


def test_nobody_has_a_page_when_there_is_no_such_person(lins_browser: FlaskClient) -> None:
    assert lins_browser.get("/people/999999").status_code == 404
    assert lins_browser.get("/people/999999/timeline").status_code == 404


def test_the_timeline_of_all_rooms_is_one_and_newest_first(ada: Person, lins_browser: FlaskClient) -> None:
    make.source(ada, site="gfan.com", found_at=AT - timedelta(days=3))
    add_note(ada.id, "Knows kernels", at=AT)
    session().commit()
    page = _get(lins_browser, f"/people/{ada.id}/timeline")
    assert page.index("Knows kernels") < page.index("gfan.com") < page.index("tester agreement")


def test_a_long_timeline_pages_by_date_and_loses_nothing(ada: Person) -> None:
    for number in range(25):
        add_note(ada.id, f"Note {number}", at=AT + timedelta(minutes=number // 3))
    seen, before = [], None
    while True:
        events, before = merged_timeline(ada.id, before, 4)
        seen += [event.detail for event in events if event.kind == "note"]
        if before is None:
            break
    assert sorted(seen) == sorted(f"Note {number}" for number in range(25))


def test_a_damaged_date_in_the_address_finds_nothing(bo: Person, lins_browser: FlaskClient) -> None:
    assert lins_browser.get(f"/people/{bo.id}/timeline?before=yesterday").status_code == 404


def test_parts_of_the_page_come_bare_to_scripts_and_whole_to_people(ada: Person, lins_browser: FlaskClient) -> None:
    for part in ("timeline", "more"):
        bare = lins_browser.get(f"/people/{ada.id}/{part}", headers={"HX-Request": "true"}).get_data(as_text=True)
        assert "<html" not in bare
        assert "<html" in _get(lins_browser, f"/people/{ada.id}/{part}")


def test_testers_see_no_pages_about_people(bo: Person, adas_browser: FlaskClient) -> None:
    for path in ("/people", f"/people/{bo.id}", f"/people/{bo.id}/timeline", "/people/waiting", "/people/filter"):
        assert adas_browser.get(path).status_code == 403


def test_a_persons_page_asks_the_database_at_most_fifteen_questions(
    ada: Person, lins_browser: FlaskClient, database: Flask
) -> None:
    make.source(ada)
    ada.owner_id = make.staff("Rui").id
    session().add(Standing(person_id=ada.id, stage=Stage.ACTIVE, since=AT, reached=3, active_at=AT, week=2900))
    for number in range(20):
        add_note(ada.id, f"Note {number}", at=AT)
    suppress_pairs([("email", "somebody@else.example")], SuppressionReason.DECLINED, AT)
    session().commit()
    path = f"/people/{ada.id}"
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
