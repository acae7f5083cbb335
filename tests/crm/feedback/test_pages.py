"""The pages of requests: testers write and press, staff answer and move, everybody else stays outside."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.builds.models import BuildAccess
from crm.core.db import session
from crm.feedback.actions import support, write_request
from crm.feedback.models import Request
from crm.feedback.queries import needs
from crm.feedback.rules import RequestKind, RequestState, Severity
from crm.people.models import Person
from tests import make
from tests.cast import SignIn
from tests.make import T0


def idea(author: Person, title: str = "A quieter alarm") -> Request:
    made = write_request(author.id, RequestKind.IDEA, title, "It wakes the cat", at=T0)
    session().commit()
    return made


def test_a_tester_reports_a_fault_on_a_build_of_their_own(ada: Person, adas_browser: FlaskClient) -> None:
    build = make.build()
    session().add(BuildAccess(build_id=build.id, person_id=ada.id, granted_at=T0, granted_by="release:1"))
    session().commit()
    assert build.version in adas_browser.get("/requests/new/fault").text
    answer = adas_browser.post(
        "/requests/new/fault",
        data={"title": "Wi-Fi drops", "body": "After lock", "severity": "blocker", "build": str(build.id)},
    )
    made = session().scalars(select(Request)).one()
    assert answer.location == f"/requests/{made.id}"
    assert (made.severity, made.build_id, made.author_id) == (Severity.BLOCKER, build.id, ada.id)


def test_a_fault_without_severity_comes_back_with_what_was_typed(ada: Person, adas_browser: FlaskClient) -> None:
    answer = adas_browser.post("/requests/new/fault", data={"title": "Wi-Fi drops", "body": "After lock"})
    assert answer.status_code == 422
    assert 'value="Wi-Fi drops"' in answer.text
    assert session().scalar(select(Request)) is None


def test_a_build_of_somebody_else_is_not_taken(ada: Person, adas_browser: FlaskClient) -> None:
    build = make.build()
    session().commit()
    data = {"title": "Wi-Fi drops", "body": "After lock", "severity": "minor", "build": str(build.id)}
    assert adas_browser.post("/requests/new/fault", data=data).status_code == 422


def test_need_is_a_plain_form_and_a_second_press_changes_nothing(
    ada: Person, bo: Person, adas_browser: FlaskClient
) -> None:
    request = idea(bo)
    for _press in range(2):
        assert adas_browser.post(f"/requests/{request.id}/need").location == f"/requests/{request.id}"
    session().expire_all()
    assert request.supporters == 2
    assert "I no longer need it" in adas_browser.get(f"/requests/{request.id}").text
    adas_browser.post(f"/requests/{request.id}/need-no-more")
    assert not needs(request.id, ada.id)


def test_on_its_own_page_the_heat_is_read_anew_with_the_count(
    ada: Person, bo: Person, adas_browser: FlaskClient
) -> None:
    at = f"/requests/{idea(bo).id}"
    here = {"HX-Request": "true", "HX-Current-URL": f"http://localhost{at}"}
    for press in ("need", "need-no-more"):
        assert adas_browser.post(f"{at}/{press}", headers=here).headers["HX-Refresh"] == "true"


def test_a_script_gets_the_button_alone(ada: Person, bo: Person, adas_browser: FlaskClient) -> None:
    request = idea(bo)
    answer = adas_browser.post(f"/requests/{request.id}/need", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "I no longer need it" in answer.text


def test_the_list_is_ordered_by_heat_and_narrowed_by_kind_state_and_words(
    ada: Person, bo: Person, adas_browser: FlaskClient
) -> None:
    cold, hot = idea(bo, "Cold dial"), idea(bo, "熄屏显示 hot")
    support(hot.id, ada.id, T0)
    session().commit()
    page = adas_browser.get("/requests").text
    assert page.index("熄屏显示") < page.index("Cold dial")
    assert "Cold dial" not in adas_browser.get("/requests?q=显示").text
    assert "熄屏显示" in adas_browser.get("/requests?q=显示").text
    assert "熄屏显示" in adas_browser.get("/requests?q=屏").text
    assert "Cold dial" in adas_browser.get("/requests?q=COLD").text
    assert "Cold dial" not in adas_browser.get("/requests?kind=fault").text
    assert "Cold dial" not in adas_browser.get("/requests?state=planned").text
    assert cold.heat < hot.heat


def test_testers_see_numbers_and_staff_see_people(
    ada: Person, bo: Person, adas_browser: FlaskClient, lins_browser: FlaskClient
) -> None:
    request = idea(bo)
    link = f"/people/{bo.id}"
    assert link not in adas_browser.get(f"/requests/{request.id}").text
    assert link in lins_browser.get(f"/requests/{request.id}").text
    assert link in lins_browser.get(f"/requests/{request.id}/supporters").text
    assert adas_browser.get(f"/requests/{request.id}/supporters").status_code == 403


def test_staff_answer_in_public_and_ship_in_a_named_build(
    ada: Person, adas_browser: FlaskClient, lins_browser: FlaskClient
) -> None:
    request, build = idea(ada), make.build(version="7.7")
    session().commit()
    lins_browser.post(f"/requests/{request.id}/answers", data={"body": "It comes."})
    lins_browser.post(f"/requests/{request.id}/move", data={"to": "shipped", "was": "open", "shipped_in": build.id})
    page = adas_browser.get(f"/requests/{request.id}").text
    assert "It comes." in page
    assert "7.7" in page
    session().expire_all()
    assert request.state is RequestState.SHIPPED


def test_a_move_from_a_state_that_is_no_more_is_refused_in_words(ada: Person, lins_browser: FlaskClient) -> None:
    request = idea(ada)
    lins_browser.post(f"/requests/{request.id}/move", data={"to": "planned", "was": "open"})
    answer = lins_browser.post(f"/requests/{request.id}/move", data={"to": "declined", "was": "open"})
    assert answer.status_code == 409
    assert "meanwhile" in answer.text


def test_a_tester_withdraws_only_their_own(ada: Person, bo: Person, adas_browser: FlaskClient) -> None:
    mine, theirs = idea(ada), idea(bo)
    assert adas_browser.post(f"/requests/{mine.id}/withdraw").status_code == 302
    assert adas_browser.post(f"/requests/{theirs.id}/withdraw").status_code == 403
    session().expire_all()
    assert (mine.state, theirs.state) == (RequestState.WITHDRAWN, RequestState.OPEN)


@pytest.mark.parametrize("path", ["/requests", "/requests/new/idea"])
def test_strangers_are_asked_to_sign_in(client: FlaskClient, lin: Person, path: str) -> None:
    session().commit()
    assert "/sign-in" in client.get(path).location


def test_who_is_no_tester_sees_no_requests(mallory: Person, sign_in: SignIn) -> None:
    assert sign_in(mallory).get("/requests").status_code == 403


def test_testers_neither_answer_nor_move(ada: Person, adas_browser: FlaskClient) -> None:
    request = idea(ada)
    assert adas_browser.post(f"/requests/{request.id}/answers", data={"body": "x"}).status_code == 403
    assert adas_browser.post(f"/requests/{request.id}/move", data={"to": "planned", "was": "open"}).status_code == 403


def test_a_long_list_pages_by_key(ada: Person, adas_browser: FlaskClient) -> None:
    for number in range(60):
        write_request(ada.id, RequestKind.IDEA, f"Wish {number:02}", "", at=T0)
    session().commit()
    first = adas_browser.get("/requests").text
    following = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    rest = adas_browser.get(following).text
    seen = [number for number in range(60) if f"Wish {number:02}" in first]
    assert len(seen) == 50
    assert all((f"Wish {number:02}" in rest) is (number not in seen) for number in range(60))


def test_a_longer_list_asks_no_more_questions(
    ada: Person, adas_browser: FlaskClient, queries_of: Callable[[Callable[[], object]], int]
) -> None:
    idea(ada)
    few = queries_of(lambda: adas_browser.get("/requests"))
    for number in range(40):
        write_request(ada.id, RequestKind.IDEA, f"Wish {number}", "", at=T0)
    session().commit()
    assert queries_of(lambda: adas_browser.get("/requests")) == few <= 10
