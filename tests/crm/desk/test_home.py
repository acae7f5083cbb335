from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

from flask.testing import FlaskClient

from crm.accounts.actions import invite_tester
from crm.accounts.rules import Role
from crm.core.db import session
from crm.core.programme import Programme
from crm.desk.queries import first_steps, ladder
from crm.funnel.models import Standing
from crm.funnel.rules import Stage
from crm.outbox.models import Contact
from crm.people.models import Person
from tests import make
from tests.cast import SignIn

NOW = make.T0 + timedelta(weeks=20, days=3)


def _get(client: FlaskClient, path: str) -> str:
    return client.get(path).get_data(as_text=True)


def _stands(stage: Stage, reached: int, **dates: object) -> None:
    who = make.person()
    session().add(Standing(person_id=who.id, stage=stage, since=NOW, reached=reached, week=2900, **dates))
    session().flush()


def test_strangers_are_asked_to_sign_in(programme: Programme, client: FlaskClient) -> None:
    session().commit()
    assert client.get("/").headers["Location"] == "/sign-in"


def test_testers_are_led_to_their_own_pages(adas_browser: FlaskClient) -> None:
    assert adas_browser.get("/").headers["Location"] == "/portal"


def test_an_empty_programme_shows_the_four_first_steps_each_a_button(lins_browser: FlaskClient) -> None:
    page = _get(lins_browser, "/")
    for address in ("/people/imports/new", "/campaigns/new", "/groups/new", "/builds/new"):
        assert f'href="{address}"' in page


def test_a_step_that_is_done_is_no_button_any_more(bo: Person, lins_browser: FlaskClient) -> None:
    make.group()
    session().commit()
    page = _get(lins_browser, "/")
    assert 'href="/groups/new"' not in page
    assert 'href="/builds/new"' in page


def test_steps_are_shown_to_those_who_may_take_them(programme: Programme, sign_in: SignIn) -> None:
    page = _get(sign_in(make.staff("Rui", Role.RELEASE)), "/")
    assert 'href="/builds/new"' in page
    assert 'href="/campaigns/new"' not in page


def test_steps_are_gone_when_all_are_done(bo: Person, lins_browser: FlaskClient) -> None:
    make.group()
    make.build()
    session().add(Contact(person_id=bo.id, first_sent_at=NOW, last_touch_at=NOW))
    session().commit()
    assert first_steps().all_done
    assert "First steps" not in _get(lins_browser, "/")


def test_the_four_figures_count_who_ever_reached_a_stage_and_who_did_this_week(programme: Programme) -> None:
    long_ago, monday = NOW - timedelta(weeks=9), NOW - timedelta(days=1)
    _stands(Stage.CONTACTED, 1, contacted_at=long_ago)
    _stands(Stage.JOINED, 2, contacted_at=long_ago, joined_at=monday)
    _stands(Stage.LAPSED, 4, joined_at=long_ago, active_at=long_ago, retained_at=monday)
    _stands(Stage.ACTIVE, 3, active_at=monday)
    told = {step.stage: (step.count, step.new) for step in ladder(programme, NOW)}
    assert told == {
        Stage.CONTACTED: (4, 1),
        Stage.JOINED: (3, 2),
        Stage.ACTIVE: (2, 1),
        Stage.RETAINED: (1, 1),
    }


def test_who_waits_the_longest_stands_first(lins_browser: FlaskClient) -> None:
    for name, days in (("Waits shortly", 1), ("Waits for long", 9)):
        who = make.person(name)
        at = NOW - timedelta(days=days)
        session().add(Contact(person_id=who.id, first_sent_at=at, last_touch_at=at, last_in_at=at, waiting_since=at))
    session().commit()
    page = _get(lins_browser, "/people/waiting")
    assert page.index("Waits for long") < page.index("Waits shortly")


def test_who_was_collected_and_never_contacted_is_listed_oldest_first(lins_browser: FlaskClient) -> None:
    make.person("Collected lately", collected_at=NOW)
    make.person("Collected long ago", collected_at=NOW - timedelta(weeks=50))
    written = make.person("Written to")
    session().add(Contact(person_id=written.id, first_sent_at=NOW, last_touch_at=NOW))
    session().commit()
    page = _get(lins_browser, "/people/never-contacted")
    assert page.index("Collected long ago") < page.index("Collected lately")
    assert "Written to" not in page


def test_who_has_come_by_themselves_was_not_left_out(lins_browser: FlaskClient, ada: Person) -> None:
    """Ada was never written to: she redeemed a friend's code, or stands in a member list."""
    left_out = make.person("Left out")
    session().add(Standing(person_id=ada.id, stage=Stage.JOINED, since=NOW, reached=2, joined_at=NOW, week=2900))
    session().commit()
    page = _get(lins_browser, "/people/never-contacted")
    assert f"/people/{left_out.id}" in page
    assert f'href="/people/{ada.id}"' not in page
    assert "No message between us yet" in _get(lins_browser, f"/people/{ada.id}/more")


def test_a_role_that_may_not_write_sees_no_way_to_it(bo: Person, programme: Programme, sign_in: SignIn) -> None:
    letter_id = invite_tester(bo.id, at=NOW)
    pages = ("/people?site=gfan.com", "/people/never-contacted", f"/people/{bo.id}/timeline")
    doors = ("/audiences/new", "/audiences/new", f"/letters/{letter_id}")
    for role, is_shown in ((Role.COMMUNITY, True), (Role.RELEASE, False)):
        browser = sign_in(make.staff(f"Of-{role.value}", role))
        for page, door in zip(pages, doors, strict=True):
            assert (f'href="{door}' in _get(browser, page)) is is_shown, (role, page)


def test_write_to_them_brings_those_who_were_never_contacted(lins_browser: FlaskClient, bo: Person) -> None:
    session().commit()
    page = unescape(_get(lins_browser, "/people/never-contacted"))
    (address,) = re.findall(r'href="(/audiences/new[?][^"]+)"', page)
    form = _get(lins_browser, address)
    assert 'value="Collected, never contacted"' in form
    assert re.search(r'value="1"\s+selected', form)
    assert re.search(r'value="prospect"\s+selected', form)
    assert "1 person" in form
