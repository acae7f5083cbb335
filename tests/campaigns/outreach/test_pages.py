from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from campaigns.audience.actions import save_audience
from campaigns.outreach.models import Campaign
from campaigns.outreach.rules import CampaignState
from crm.core import clock, jobs
from crm.core.db import session
from crm.core.journal import JournalEntry
from crm.groups.models import Membership
from crm.outbox.actions import deliver_due
from crm.outbox.models import Letter, Touch
from crm.outbox.queries import when_uncertain
from crm.outbox.rules import LetterState, Outcome, WhenUncertain
from crm.people.models import Person, Source
from tests import make
from tests.make import T0


@pytest.fixture
def audience(bo: Person, mallory: Person, lin: Person) -> int:
    """Bo was found in public, of Mallory we have no basis, Lin is staff."""
    make.source(bo)
    return save_audience("everybody", {}, at=T0).id


def form(audience: int, **more: str) -> dict[str, str]:
    return {
        "name": "spring",
        "audience_id": str(audience),
        "channel": "mail",
        "identity_kind": "qq",
        "subject_en": "Join, {{ name }}",
        "body_en": "Hello {{ name }}: {{ link }}",
    } | more


def made() -> Campaign:
    session().commit()
    return session().query(Campaign).one()


def drafted(browser: FlaskClient, audience: int) -> str:
    """The address of a draft."""
    browser.post("/campaigns/new", data=form(audience))
    return f"/campaigns/{made().id}"


def start(browser: FlaskClient, data: dict[str, str]) -> Campaign:
    assert browser.post("/campaigns/new", data=data).status_code == 302
    assert browser.post(f"/campaigns/{made().id}/start").status_code == 302
    session().commit()
    jobs.run_due.run()
    return made()


def test_of_many_people_the_page_comes_first_and_asks_for_their_count(
    audience: int, lins_browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.outreach.views.campaigns.MANY", 1)
    address = drafted(lins_browser, audience)
    page = lins_browser.get(address).text
    assert "1 person gets a message" not in page
    assert f'hx-get="{address}?count=1"' in page
    assert "1 person gets a message" in lins_browser.get(f"{address}?count=1").text
    refused = lins_browser.post(f"{address}/start", data={"starts_at": "1999-01-01T00:00"})
    assert "1 person gets a message" in refused.text, "what is wrong stands beside the form"


def test_of_very_many_people_no_page_waits_for_a_count(
    audience: int, lins_browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.people.queries.counting.VERY_MANY", 0)
    people, audiences = lins_browser.get("/people").text, lins_browser.get("/audiences").text
    assert 'hx-get="/people?count=1"' in people
    assert 'hx-get="/audiences?count=1"' in audiences
    assert '<span id="count">3 people</span>' in lins_browser.get("/people?count=1").text
    assert "3</td>" in lins_browser.get("/audiences?count=1").text
    searched = lins_browser.get("/people?q=nobody").text
    assert "count=1" not in searched, "what reads every name is not counted at all"


def test_of_very_many_people_a_worker_starts_the_campaign(
    audience: int, lins_browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.people.queries.counting.VERY_MANY", 0)
    address = drafted(lins_browser, audience)
    assert "1 person gets a message" not in lins_browser.get(address).text
    begun = lins_browser.post(f"{address}/start", follow_redirects=True).text
    assert "It is being started" in begun
    assert f'hx-get="{address}"' in begun
    again = lins_browser.post(f"{address}/start")
    assert again.status_code == 409
    assert "It is being started" in again.text
    jobs.run_due.run()
    assert made().state is CampaignState.RUNNING
    assert session().query(Letter).filter_by(origin_id=made().origin_id).count() == 1
    who = session().query(JournalEntry).filter_by(action="campaign.ask_to_start").one()
    assert who.actor_name == "Lin"
    monkeypatch.setattr("campaigns.outreach.queries.places.VERY_MANY", 0)
    late = lins_browser.get(address).text
    assert f'hx-get="{address}/progress" hx-trigger="load"' in late
    assert 'id="progress"' not in late
    assert 'id="progress"' in lins_browser.get(f"{address}?count=1").text


def test_a_start_by_a_worker_that_comes_to_nothing_says_why_in_the_language_of_who_asked(
    audience: int, lins_browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.people.queries.counting.VERY_MANY", 0)
    address = drafted(lins_browser, audience)
    lins_browser.post("/language", data={"language": "zh"})
    assert lins_browser.post(f"{address}/start").status_code == 302
    session().execute(update(Source).values(basis=""))
    session().commit()
    jobs.run_due.run()
    assert made().state is CampaignState.DRAFT
    assert "没有人会收到信" in lins_browser.get(f"{address}?count=1").text
    assert lins_browser.post(f"{address}/start").status_code == 302, "and may be asked for again"


def test_before_the_start_it_says_who_gets_it_and_who_not(audience: int, lins_browser: FlaskClient) -> None:
    lins_browser.post("/campaigns/new", data=form(audience))
    number = made().id
    page = lins_browser.get(f"/campaigns/{number}").text
    assert "1 person gets a message" in page
    assert "no source with a basis of contact" in page
    assert "Mallory" in lins_browser.get(f"/campaigns/{number}/left-out/no_basis").text
    assert "Lin" in lins_browser.get(f"/campaigns/{number}/left-out/staff").text


def test_the_preview_shows_a_real_persons_letter(audience: int, bo: Person, lins_browser: FlaskClient) -> None:
    lins_browser.post("/campaigns/new", data=form(audience))
    page = lins_browser.get(f"/campaigns/{made().id}/preview").text
    assert "Join, Bo" in page
    assert "/i/" in page


def test_a_campaign_by_mail_starts_and_plans_its_letters(audience: int, bo: Person, lins_browser: FlaskClient) -> None:
    campaign = start(lins_browser, form(audience))
    letter = session().query(Letter).one()
    assert (letter.person_id, letter.state, letter.origin_id) == (bo.id, LetterState.QUEUED, campaign.origin_id)
    assert "waiting to leave" in lins_browser.get(f"/campaigns/{campaign.id}").text


def test_an_unknown_placeholder_is_refused_with_those_there_are(audience: int, lins_browser: FlaskClient) -> None:
    answer = lins_browser.post("/campaigns/new", data=form(audience, body_en="Hello {{ nickname }}"))
    assert "no placeholder nickname" in answer.text
    session().commit()
    assert session().query(Campaign).count() == 0


def test_what_becomes_of_uncertain_letters_is_set_before_the_start(audience: int, lins_browser: FlaskClient) -> None:
    address = drafted(lins_browser, audience)
    assert "ask a person" in lins_browser.get(address).text
    said = form(audience, when_uncertain="send_again")
    assert lins_browser.post(f"{address}/edit", data=said).status_code == 302
    assert "send it again, once" in lins_browser.get(address).text
    assert 'selected value="send_again"' in lins_browser.get(f"{address}/edit").text
    told = session().query(JournalEntry).filter_by(action="campaign.when_uncertain").one()
    assert (told.before, told.after) == ({"what": "ask"}, {"what": "send_again"})
    assert lins_browser.post(f"{address}/edit", data=said | {"when_uncertain": "forget"}).status_code == 200
    lins_browser.post(f"{address}/edit", data=said)
    assert session().query(JournalEntry).filter_by(action="campaign.when_uncertain").count() == 1
    assert when_uncertain(made().origin_id) is WhenUncertain.AGAIN
    lins_browser.post(f"{address}/start")
    lins_browser.post(f"{address}/finish")
    session().commit()
    assert when_uncertain(made().origin_id) is WhenUncertain.ASK, "what is stopped sends nothing again"


def test_a_campaigns_day_is_set_and_shown(audience: int, lins_browser: FlaskClient) -> None:
    number = start(lins_browser, form(audience, per_day="1")).id
    page = f"/campaigns/{number}"
    assert made().per_day == 1
    deliver_due(clock.now())
    session().commit()
    assert "1 / 1" in lins_browser.get(page).text
    lins_browser.post(f"{page}/pace", data={"pace": "", "per_day": "500"})
    assert "1 / 500" in lins_browser.get(page).text
    refused = lins_browser.post(f"{page}/pace", data={"pace": "", "per_day": "0"}, follow_redirects=True)
    assert "A pace is a number of letters, 1 or more" in refused.text
    assert made().per_day == 500


def test_pause_go_on_and_finish(audience: int, lins_browser: FlaskClient) -> None:
    number = start(lins_browser, form(audience)).id
    for verb, state in (("pause", "paused"), ("resume", "running"), ("finish", "finished")):
        lins_browser.post(f"/campaigns/{number}/{verb}")
        assert made().state == state
    assert session().query(Letter).one().state is LetterState.CANCELLED
    for page in ("/campaigns", f"/campaigns/{number}"):
        assert ">stopped<" in re.sub(r"\s+", "", lins_browser.get(page).text), page
    assert lins_browser.post(f"/campaigns/{number}/resume").status_code == 409


def test_the_queue_shows_text_and_profile_and_records_what_came(
    audience: int, bo: Person, lins_browser: FlaskClient
) -> None:
    group = make.group(name="Room one")
    number = start(lins_browser, form(audience, channel="hand")).id
    queue = f"/campaigns/{number}/queue"
    assert "Write to the next person" in lins_browser.get(queue).text
    lins_browser.post(f"{queue}/next")
    page = lins_browser.get(queue).text
    assert "Hello Bo" in page
    assert "https://user.qzone.qq.com/10001" in page
    letter = session().query(Letter).one().id
    answer = lins_browser.post(f"{queue}/{letter}", data={"outcome": "joined", "group": str(group.id)})
    assert answer.status_code == 302
    session().commit()
    assert {touch.outcome for touch in session().query(Touch)} == {Outcome.SENT, Outcome.JOINED}
    told = session().query(JournalEntry).filter_by(action="outbox.record_touch").one()
    assert (told.about_id, (told.after or {})["what"]) == (session().get_one(Letter, letter).person_id, "joined")
    assert session().query(Membership).one().person_id == bo.id
    assert "Nobody is left" in lins_browser.get(queue).text
    assert lins_browser.post(f"{queue}/{letter}", data={"outcome": "joined"}).status_code == 409


def test_who_is_said_to_have_joined_without_a_group_is_not_counted_silently(
    audience: int, lins_browser: FlaskClient
) -> None:
    number = start(lins_browser, form(audience, channel="hand")).id
    queue = f"/campaigns/{number}/queue"
    lins_browser.post(f"{queue}/next")
    session().commit()
    letter = session().query(Letter).one().id
    for nowhere in ("4711", "9" * 30, "x"):
        answer = lins_browser.post(f"{queue}/{letter}", data={"outcome": "joined", "group": nowhere})
        assert answer.status_code == 422, nowhere
    assert session().query(Touch).count() == 0
    page = lins_browser.post(f"{queue}/{letter}", data={"outcome": "joined"}, follow_redirects=True).text
    assert "once they are in a group" in page


def test_a_group_that_is_full_is_said_so_and_loses_nothing_that_was_typed(
    audience: int, ada: Person, lins_browser: FlaskClient
) -> None:
    full, last = make.group(name="Room one", capacity=1), make.group(name="Room two", capacity=1)
    closed = make.group(name="Room three", closed_at=T0)
    session().add(Membership(group_id=full.id, person_id=ada.id, joined_at=T0))
    number = start(lins_browser, form(audience, channel="hand")).id
    queue = f"/campaigns/{number}/queue"
    lins_browser.post(f"{queue}/next")
    page = lins_browser.get(queue).text
    assert "Room one (full)" in page
    assert "Room two (1 place left)" in page
    assert closed.name not in page
    session().add(Membership(group_id=last.id, person_id=ada.id, joined_at=T0))
    session().commit()
    letter = session().query(Letter).one().id
    said = {"outcome": "joined", "group": str(last.id), "body": "Gladly & soon"}
    answer = lins_browser.post(f"{queue}/{letter}", data=said)
    assert answer.status_code == 409
    assert "Gladly &amp; soon</textarea>" in answer.text
    assert 'aria-describedby="group-error"' in answer.text
    assert "nobody was added" in answer.text
    assert (session().query(Touch).count(), session().query(Letter).one().state) == (0, LetterState.QUEUED)
    last.capacity = 2
    session().commit()
    assert lins_browser.post(f"{queue}/{letter}", data=said).status_code == 302


def test_a_paused_queue_says_how_many_wait_and_goes_on(audience: int, lins_browser: FlaskClient) -> None:
    number = start(lins_browser, form(audience, channel="hand")).id
    lins_browser.post(f"/campaigns/{number}/pause")
    page = lins_browser.get(f"/campaigns/{number}/queue").text
    assert "Nobody is left" not in page
    assert "1 person waits until it goes on" in page
    assert f'action="/campaigns/{number}/resume"' in page


def test_numbers_that_no_row_can_have_break_no_page(audience: int, lins_browser: FlaskClient) -> None:
    number = start(lins_browser, form(audience)).id
    for asked in ("person", "after"):
        assert lins_browser.get(f"/campaigns/{number}/preview?{asked}={'9' * 30}").status_code == 200
    assert lins_browser.get(f"/campaigns/new?audience={'9' * 30}").status_code == 200


def test_a_personal_link_leads_to_the_agreement(audience: int, bo: Person, lins_browser: FlaskClient) -> None:
    start(lins_browser, form(audience))
    link = str((session().query(Letter).one().values or {})["link"]).partition("/i/")[2]
    assert "Bo" in lins_browser.get(f"/i/{link}").text
    assert "/join/" in lins_browser.post(f"/i/{link}").headers["Location"]
    assert lins_browser.get(f"/i/{link}x").status_code == 403


def test_home_and_lists_name_the_campaign(audience: int, lins_browser: FlaskClient) -> None:
    start(lins_browser, form(audience, channel="hand"))
    assert "spring" in lins_browser.get("/campaigns").text
    assert "To be written by hand" in lins_browser.get("/").text
    assert made().state is CampaignState.RUNNING
