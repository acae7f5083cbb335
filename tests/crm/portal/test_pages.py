"""A tester's own pages: My build, Me, and the two ways out."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.accounts.actions import accept_agreement
from crm.accounts.models import Agreement
from crm.accounts.queries import is_tester
from crm.builds.models import BuildAccess
from crm.core.db import session
from crm.core.restand import Restand
from crm.outbox.models import Touch
from crm.outbox.rules import Direction, Outcome
from crm.people.models import Person
from crm.people.queries import suppressed
from tests import make
from tests.cast import SignIn
from tests.make import T0

PAGES = ("/portal", "/me", "/me/leave", "/me/do-not-write")


def test_the_first_page_shows_the_build_that_the_tester_has(ada: Person, adas_browser: FlaskClient) -> None:
    build = make.build(version="8.8.1")
    session().add(BuildAccess(build_id=build.id, person_id=ada.id, granted_at=T0, granted_by="release:1"))
    session().commit()
    assert "8.8.1" in adas_browser.get("/portal").text


def test_who_has_just_joined_reads_so_at_once(sign_in: SignIn, bo: Person) -> None:
    accept_agreement([bo.id], at=T0)
    page = sign_in(bo).get("/portal").text
    assert "joined" in page
    session().expire_all()
    assert session().get(Restand, bo.id) is None


@pytest.mark.parametrize("path", PAGES)
def test_a_tester_opens_each_page_and_nobody_else_does(
    ada: Person, mallory: Person, adas_browser: FlaskClient, client: FlaskClient, sign_in: SignIn, path: str
) -> None:
    assert adas_browser.get(path).status_code == 200
    assert "/sign-in" in client.get(path).location
    assert sign_in(mallory).get(path).status_code == 403


def test_a_tester_changes_name_language_and_zone(ada: Person, adas_browser: FlaskClient) -> None:
    data = {"name": "Ada L.", "language": "zh", "zone": "Europe/Berlin"}
    assert adas_browser.post("/me", data=data).status_code == 302
    session().expire_all()
    assert (ada.name, ada.language, ada.zone) == ("Ada L.", "zh", "Europe/Berlin")
    assert "语言" in adas_browser.get("/me").text


def test_a_zone_that_does_not_exist_is_told_beside_the_field(ada: Person, adas_browser: FlaskClient) -> None:
    answer = adas_browser.post("/me", data={"name": "Ada", "language": "en", "zone": "Mars/Olympus"})
    assert answer.status_code == 422
    assert "zone-error" in answer.text


def test_who_leaves_tells_why_and_is_signed_out(ada: Person, adas_browser: FlaskClient) -> None:
    answer = adas_browser.post("/me/leave", data={"reason": "time", "words": "A new job"})
    assert answer.status_code == 200
    session().expire_all()
    agreement = session().scalars(select(Agreement).where(Agreement.person_id == ada.id)).one()
    assert agreement.ended_at is not None
    assert agreement.end_reason == "I have no time for it: A new job"
    assert not suppressed([ada.id])
    assert "/sign-in" in adas_browser.get("/portal").location


def test_a_reason_is_asked_for_and_not_demanded(ada: Person, adas_browser: FlaskClient) -> None:
    adas_browser.post("/me/leave")
    assert not is_tester(ada.id)


def test_who_is_not_to_be_written_to_is_suppressed_under_every_identity(ada: Person, adas_browser: FlaskClient) -> None:
    assert adas_browser.post("/me/do-not-write").status_code == 200
    session().expire_all()
    assert suppressed([ada.id]) == {ada.id}
    assert not is_tester(ada.id)
    touch = session().scalars(select(Touch).where(Touch.person_id == ada.id)).one()
    assert (touch.direction, touch.outcome) == (Direction.IN, Outcome.REFUSED)
    assert "/sign-in" in adas_browser.get("/portal").location


def test_a_look_at_the_two_ways_out_changes_nothing(ada: Person, adas_browser: FlaskClient) -> None:
    adas_browser.get("/me/leave")
    adas_browser.get("/me/do-not-write")
    assert is_tester(ada.id)
    assert not suppressed([ada.id])


def test_the_navigation_names_the_testers_pages(ada: Person, adas_browser: FlaskClient) -> None:
    page = adas_browser.get("/portal").text
    places = [page.index(f'href="{path}"') for path in ("/portal", "/requests", "/friends", "/me")]
    assert places == sorted(places)
