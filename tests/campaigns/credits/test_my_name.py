"""The page My name: seen while one types, without JavaScript too, signed in or by the link in a letter."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.credits.actions import answer_consent, hide_name
from campaigns.credits.queries import consent_of, my_name_token
from campaigns.credits.rules import ConsentAnswer, EditionState
from crm.accounts.actions import end_agreement
from crm.core.db import session
from crm.core.journal import JournalEntry
from crm.core.programme import Programme
from crm.core.tokens import sign
from crm.people.actions import merge
from crm.people.models import Person
from tests import make
from tests.campaigns.credits.builders import AT, named_on, says_yes

LIKE_STAFF = "may be taken for the name of somebody on our staff"
TAKEN = "Another tester has chosen a name that looks the same"


@pytest.fixture
def held(programme: Programme) -> Programme:
    programme.held_at = AT
    session().flush()
    return programme


def _link(who: Person) -> str:
    session().commit()
    return f"/n/{my_name_token(who.id)}"


def test_while_one_types_the_name_is_drawn_and_each_change_told(ada: Person, adas_browser: FlaskClient) -> None:
    seen = adas_browser.get("/my-name/look", query_string={"shown_name": "小\u202e雨"}).text
    assert "<html" not in seen
    assert 'src="data:image/png;base64,' in seen
    assert 'alt="小雨"' in seen
    assert "Invisible and control characters are left out." in seen
    assert consent_of(ada.id) is None


def test_the_field_asks_for_the_picture_and_the_button_does_without_javascript(adas_browser: FlaskClient) -> None:
    page = adas_browser.get("/my-name").text
    assert 'hx-get="/my-name/look"' in page
    assert 'id="look"' in page
    looked = adas_browser.post("/my-name", data={"answer": "yes", "shown_name": "小雨", "do": "look"}).text
    assert 'alt="小雨"' in looked


@pytest.mark.parametrize("typed", ["", "  "])
def test_of_no_name_there_is_no_picture(adas_browser: FlaskClient, typed: str) -> None:
    seen = adas_browser.get("/my-name/look", query_string={"shown_name": typed}).text
    assert "<img" not in seen
    assert "it is drawn here" in seen


def test_a_name_that_looks_like_another_is_warned_about_and_kept_as_it_is(
    lin: Person, ada: Person, adas_browser: FlaskClient
) -> None:
    says_yes(make.tester("Bob"), "小米粥")
    session().commit()
    seen = adas_browser.get("/my-name/look", query_string={"shown_name": "L\u0456n"}).text
    assert LIKE_STAFF in seen
    assert TAKEN not in seen
    seen = adas_browser.get("/my-name/look", query_string={"shown_name": "小米粥"}).text
    assert TAKEN in seen
    assert LIKE_STAFF not in seen
    adas_browser.post("/my-name", data={"answer": "yes", "shown_name": "L\u0456n", "do": "save"})
    session().expire_all()
    found = consent_of(ada.id)
    assert found is not None
    assert found.shown_name == "L\u0456n"
    assert LIKE_STAFF in adas_browser.get("/my-name").text


# ------------------------------------------------------------ by the link in a letter


def test_a_tester_answers_by_the_link_without_signing_in(held: Programme, ada: Person, client: FlaskClient) -> None:
    here = _link(ada)
    assert "Ada" in client.get(here).text
    assert 'alt="小雨"' in client.get(f"{here}/look", query_string={"shown_name": "小雨"}).text
    assert consent_of(ada.id) is None
    done = client.post(here, data={"answer": "yes", "shown_name": "小雨", "do": "save"})
    assert done.headers["Location"] == here
    session().expire_all()
    found = consent_of(ada.id)
    assert found is not None
    assert (found.answer, found.shown_name) == (ConsentAnswer.YES, "小雨")
    entry = session().scalars(select(JournalEntry).where(JournalEntry.action == "answer_consent")).one()
    assert (entry.after or {})["over"] == "the link in a letter"


def test_the_link_opens_nothing_else(held: Programme, ada: Person, client: FlaskClient) -> None:
    client.get(_link(ada))
    assert client.get("/my-name").status_code == 302
    assert client.get("/portal").status_code in (302, 404)


def test_who_is_signed_in_stays_on_their_own_page(held: Programme, ada: Person, adas_browser: FlaskClient) -> None:
    assert adas_browser.get(_link(ada)).headers["Location"] == "/my-name"
    bea = make.tester("Bea")
    assert "This is the page of" in adas_browser.get(_link(bea)).text


def test_the_page_speaks_its_readers_language(held: Programme, ada: Person, client: FlaskClient) -> None:
    ada.language = "zh"
    assert "我的名字" in client.get(_link(ada)).text


def test_a_link_of_somebody_who_left_or_that_is_not_ours_opens_nothing(
    held: Programme, ada: Person, client: FlaskClient
) -> None:
    here = _link(ada)
    end_agreement(ada.id, at=AT, reason="left")
    session().commit()
    assert client.get(here).status_code == 403
    assert client.post(here, data={"answer": "yes", "shown_name": "x", "do": "save"}).status_code == 403
    assert client.get(f"{here}x").status_code == 403
    assert client.get(f"/n/{sign('release', ada.id)}").status_code == 403
    assert client.get(f"/n/{sign('my_name', [1, 2])}").status_code == 403
    assert consent_of(ada.id) is None


def test_a_link_leads_to_who_stands_for_its_owner(held: Programme, ada: Person, client: FlaskClient) -> None:
    other = make.tester("Twin")
    here = _link(other)
    merge(ada.id, other.id, at=AT)
    session().commit()
    client.post(here, data={"answer": "no", "shown_name": "", "do": "save"})
    session().expire_all()
    assert consent_of(ada.id) is not None


# ------------------------------------------------------------ hidden, withdrawn


def test_a_hidden_name_is_told_with_the_reason_and_what_to_do(
    held: Programme, ada: Person, adas_browser: FlaskClient
) -> None:
    says_yes(ada)
    hide_name(ada.id, "an insult", AT)
    session().commit()
    page = adas_browser.get("/my-name").text
    assert "not shown at present: an insult" in page
    assert "Choose another name" in page
    answer_consent(ada.id, ConsentAnswer.YES, "小雨", AT + timedelta(hours=1))
    session().commit()
    assert "You have answered since." in adas_browser.get("/my-name").text


def test_both_see_which_builds_still_hold_a_withdrawn_name(
    held: Programme, ada: Person, adas_browser: FlaskClient, lins_browser: FlaskClient
) -> None:
    says_yes(ada)
    build = make.build(platform="phone", version="1.8.12")
    named_on([ada], "MIUI boot screen 1", state=EditionState.SHIPPED, build_id=build.id)
    named_on([ada], "<b>old</b>", state=EditionState.SUPERSEDED)
    session().commit()
    still = "still in build phone 1.8.12 (MIUI boot screen 1)"
    assert still not in adas_browser.get("/my-name").text
    answer_consent(ada.id, ConsentAnswer.NO, "", AT)
    session().commit()
    for page in (adas_browser.get("/my-name").text, adas_browser.get("/portal", follow_redirects=True).text):
        assert still in page
        assert "still on &lt;b&gt;old&lt;/b&gt;, which has shipped" in page
    told = lins_browser.get(f"/people/{ada.id}").text + lins_browser.get(f"/people/{ada.id}/more").text
    assert "still in build phone 1.8.12" in told
    listed = lins_browser.get("/editions/withdrawn").text
    assert "phone 1.8.12" in listed
    assert "2 names withdrawn after shipping" in lins_browser.get("/editions").text
