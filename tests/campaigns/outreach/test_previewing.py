"""What somebody would read, shown as it will look, and sent to oneself."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from campaigns.audience.actions import save_audience
from campaigns.outreach.actions import create_campaign, set_step, start
from campaigns.outreach.actions.steps import NewStep, Wait, put_step
from campaigns.outreach.models import Campaign
from campaigns.outreach.queries import campaign_or_404
from campaigns.outreach.rules import CampaignState, variant_of
from crm.core import jobs
from crm.core.db import session
from crm.core.errors import MoveRefused
from crm.core.journal import JournalEntry
from crm.core.programme import required
from crm.outbox.models import Letter, Touch, Wording
from crm.outbox.queries import count_held
from crm.outbox.queries.rendering import messages
from crm.outbox.rules import Channel, Lane, LetterState
from crm.people.models import Person
from tests import make
from tests.make import T0

TEXTS = {"en": ("JOIN OUR BETA NOW", "Dear {{ name }},\n\n[Join us]({{ link }})")}


@pytest.fixture
def campaign(bo: Person, lin: Person) -> Campaign:
    make.source(bo)
    made = create_campaign("spring", save_audience("all", {}, at=T0).id, at=T0)
    set_step(made.id, Channel.MAIL, "email", TEXTS)
    session().commit()
    return made


def test_the_preview_frames_the_letter_and_warns_of_it(
    campaign: Campaign, bo: Person, lins_browser: FlaskClient
) -> None:
    page = lins_browser.get(f"/campaigns/{campaign.id}/preview").text
    frame = f"/campaigns/{campaign.id}/preview/{bo.id}/en?step=1"
    assert f'src="{frame}"' in page
    assert "all capitals" in page
    letter = lins_browser.get(frame)
    assert letter.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert "Dear Bo," in letter.text
    assert 'class="button"' in letter.text
    assert session().query(Letter).count() == 0


def test_a_later_step_shows_its_own_words(campaign: Campaign, bo: Person, lins_browser: FlaskClient) -> None:
    later = NewStep(
        Channel.MAIL, "email", {"a": {"en": ("Once more", "Still there, {{ name }}?")}}, wait=Wait(hours=48)
    )
    put_step(campaign.id, 2, later)
    session().commit()
    page = lins_browser.get(f"/campaigns/{campaign.id}/preview?person={bo.id}&step=2").text
    frame = f"/campaigns/{campaign.id}/preview/{bo.id}/en?step=2"
    assert f'src="{frame}"' in page
    assert "all capitals" not in page
    assert "Still there, Bo?" in lins_browser.get(frame).text
    lins_browser.post(f"/campaigns/{campaign.id}/preview/{bo.id}/test?step=2")
    assert "Once more" in {one.subject for one in session().query(Wording)}


def test_anybody_can_be_previewed(campaign: Campaign, mallory: Person, lins_browser: FlaskClient) -> None:
    session().commit()
    assert "Dear Mallory" in lins_browser.get(f"/campaigns/{campaign.id}/preview?who=mallory").text
    assert "Dear Mallory" in lins_browser.get(f"/campaigns/{campaign.id}/preview?person={mallory.id}").text
    assert "Nobody is called so" in lins_browser.get(f"/campaigns/{campaign.id}/preview?who=zork").text


def test_of_several_wordings_it_says_which_one_this_person_gets(
    campaign: Campaign, bo: Person, lins_browser: FlaskClient
) -> None:
    page = f"/campaigns/{campaign.id}/preview?person={bo.id}"
    assert "Wording" not in lins_browser.get(page).text
    put_step(
        campaign.id, 1, NewStep(Channel.MAIL, "email", {"a": TEXTS, "b": {"en": ("Hi", "{{ name }}: {{ link }}")}})
    )
    session().commit()
    name = variant_of(campaign.id, bo.id, {"a": 1, "b": 1}).upper()
    assert f"Wording {name}" in lins_browser.get(page).text


def test_whoever_has_no_name_is_said_to_be_held(campaign: Campaign, bo: Person, lins_browser: FlaskClient) -> None:
    bo.name = ""
    session().commit()
    assert "would be held" in lins_browser.get(f"/campaigns/{campaign.id}/preview?person={bo.id}").text


def test_a_letter_without_its_value_is_held_when_the_campaign_starts(campaign: Campaign, bo: Person) -> None:
    bo.name = ""
    start(campaign.id, T0)
    session().commit()
    jobs.run_due.run()
    letter = session().query(Letter).one()
    assert (letter.state, letter.reason, count_held()) == (LetterState.QUEUED, "lacks:name", 1)


def test_a_test_letter_goes_to_whoever_asks_and_counts_nowhere(
    campaign: Campaign, bo: Person, lin: Person, lins_browser: FlaskClient
) -> None:
    for _again in range(2):
        assert lins_browser.post(f"/campaigns/{campaign.id}/preview/{bo.id}/test").status_code == 302
    session().expire_all()
    letters = session().query(Letter).all()
    assert {(one.person_id, one.identity_value, one.lane, one.origin_id) for one in letters} == {
        (lin.id, "lin@orange.example", Lane.ASKED, None)
    }
    assert len(letters) == 2
    assert session().query(Touch).filter_by(person_id=bo.id).count() == 0
    said = messages([letters[0].id], T0)[letters[0].id].text
    assert "Dear Bo," in said
    assert "/i/\u2026\n" in said
    assert session().query(JournalEntry).filter_by(action="campaign.test").count() == 2
    assert campaign_or_404(campaign.id).state is CampaignState.DRAFT
    assert {one.key for one in session().query(Wording)} == {f"campaign.test:{campaign.id}"}


@pytest.mark.parametrize("channel", Channel)
def test_by_mail_no_campaign_starts_without_a_postal_address(campaign: Campaign, channel: Channel) -> None:
    set_step(campaign.id, channel, "email" if channel is Channel.MAIL else "qq", TEXTS)
    required().postal_address = ""
    if channel is Channel.MAIL:
        with pytest.raises(MoveRefused, match="Settings"):
            start(campaign.id, T0)
    else:
        assert start(campaign.id, T0).state is CampaignState.RUNNING


def test_the_page_tells_before_the_start_that_the_postal_address_is_missing(
    lins_browser: FlaskClient, campaign: Campaign
) -> None:
    session().commit()
    told = "need the programme's postal address"
    assert told not in lins_browser.get(f"/campaigns/{campaign.id}").text
    required().postal_address = ""
    session().commit()
    assert told in lins_browser.get(f"/campaigns/{campaign.id}").text


def test_each_letter_of_a_campaign_carries_the_address_in_both_parts(campaign: Campaign, bo: Person) -> None:
    start(campaign.id, T0)
    session().commit()
    jobs.run_due.run()
    letter = session().query(Letter).one()
    made = messages([letter.id], T0)[letter.id]
    for part in (made.text, made.html):
        assert "1 Seed Street, Beijing" in part
        assert "/u/" in part
    assert made.headers["Precedence"] == "bulk"
    assert made.headers["Feedback-ID"].startswith("campaign-")
