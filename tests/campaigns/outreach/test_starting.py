"""The start: weighed by name, approved by a second person, planned for a time; and what its pages say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import current_app
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.audience.actions import save_audience
from campaigns.outreach.actions import (
    NewStep,
    approve,
    ask_to_start,
    create_campaign,
    put_step,
    set_step,
    start,
    start_due,
    take_back,
)
from campaigns.outreach.models import Campaign, Place
from campaigns.outreach.queries import step_of
from campaigns.outreach.queries.places import touched
from campaigns.outreach.queries.preflight import preflight, wording_troubles
from campaigns.outreach.rules import CampaignState
from campaigns.outreach.rules.law import LAWS, Need, Warn, basis_meets, country_of, is_marked
from crm.core import jobs
from crm.core.db import session
from crm.core.errors import MoveRefused, NotAllowed, NotUnderstood
from crm.core.journal import JournalEntry
from crm.core.programme import required
from crm.outbox.models import Letter
from crm.outbox.rules import NOT_IN_CAMPAIGNS, Channel
from crm.people.models import Person
from crm.people.queries import counting
from tests import make
from tests.make import T0

HOUR = timedelta(hours=1)
TEXTS = {"en": ("Hello", "Dear {{ name }}: {{ link }}")}


@pytest.fixture
def campaign(lin: Person) -> Campaign:
    for name, mail, basis in (
        ("Mei", "mei@qq.com", "public profile"),
        ("Jan", "jan@post.de", "legitimate interest: asked about the beta"),
        ("Kim", "kim@somewhere.example", "consent on our form"),
    ):
        make.source(make.person(name, identities={"email": mail}), basis=basis)
    made = create_campaign("spring", save_audience("all", {}, at=T0).id, at=T0)
    set_step(made.id, Channel.MAIL, "email", TEXTS)
    return made


@pytest.fixture
def second(lin: Person) -> Person:
    return make.staff("Second")


def state_of(campaign: Campaign) -> CampaignState:
    session().refresh(campaign)
    return campaign.state


BOTH = {Warn.CN_CONSENT, Warn.CN_MARK}


@pytest.mark.parametrize(
    ("phones", "mails", "zone", "language", "country"),
    [
        (["+8613900000000"], ["x@post.de"], None, None, "CN"),
        (["+85290000000"], [], None, None, "HK"),
        ([], ["x@post.de"], "Asia/Shanghai", None, "CN"),
        ([], ["x@post.de"], None, "zh", "DE"),
        ([], ["x@qq.com"], None, None, "CN"),
        ([], ["x@firm.co.uk"], None, None, "GB"),
        ([], ["x@firm.com"], None, "zh-TW", "TW"),
        ([], ["x@firm.com"], None, "zh-Hans", "CN"),
        ([], ["x@firm.com"], "Nowhere/Land", "en", ""),
        ([], [], None, None, ""),
    ],
)
def test_a_country_is_guessed_from_the_surest_sign(
    phones: list[str], mails: list[str], zone: str | None, language: str | None, country: str
) -> None:
    assert country_of(phones, mails, zone, language) == country


def test_bases_and_marks_are_read_as_people_write_them() -> None:
    assert basis_meets(Need.CONSENT, ["public", "Consent by form"])
    assert basis_meets(Need.CONSENT, ["本人同意"])
    assert basis_meets(Need.CONSENT, ["no complaint so far; consent by form"])
    for denied in (
        "no consent",
        "without consent",
        "has not agreed",
        "consent withdrawn",
        "未同意",
        "没有报名",
        "didn't opt-in",
    ):
        assert not basis_meets(Need.CONSENT_OR_INTEREST, [denied]), denied
    assert not basis_meets(Need.CONSENT, ["legitimate interest"])
    assert basis_meets(Need.CONSENT_OR_INTEREST, ["legitimate interest"])
    assert [is_marked(subject) for subject in ("（广告）你好", "AD: hello", "Adam, hello", "ADventure", "")] == [
        True, True, False, False, False,
    ]  # fmt: skip
    assert {law.warn for law in LAWS} == set(Warn)


def test_the_preflight_counts_people_countries_and_what_is_missing(campaign: Campaign) -> None:
    step = step_of(campaign.id)
    assert step is not None
    campaign.pace = 2
    found = preflight(campaign, step, T0)
    assert (found.gets, dict(found.countries)) == (3, {"CN": 1, "DE": 1, "": 1})
    assert set(found.warnings) == BOTH
    assert found.takes == timedelta(hours=1.5)
    set_step(campaign.id, Channel.MAIL, "email", {"zh": ("（广告）内测", "{{ link }}")})
    assert set(preflight(campaign, step, T0).warnings) == {Warn.CN_CONSENT}


def test_it_starts_only_when_each_warning_is_taken_on_and_the_journal_names_them(
    campaign: Campaign, lin: Person
) -> None:
    with pytest.raises(NotUnderstood, match="tick each"):
        ask_to_start(campaign.id, lin.id, T0, taken_on={Warn.CN_MARK})
    assert state_of(campaign) is CampaignState.DRAFT
    ask_to_start(campaign.id, lin.id, T0, taken_on=BOTH)
    assert state_of(campaign) is CampaignState.RUNNING
    told = session().query(JournalEntry).filter_by(action="campaign.ask_to_start").one()
    assert (told.after or {})["warnings"] == {"cn_consent": 1, "cn_mark": 1}


def test_above_a_size_a_second_person_lets_it_go(campaign: Campaign, lin: Person, second: Person) -> None:
    above = 2
    ask_to_start(campaign.id, lin.id, T0, taken_on=BOTH, approval_above=above)
    assert state_of(campaign) is CampaignState.APPROVAL
    with pytest.raises(NotAllowed):
        approve(campaign.id, lin.id, T0)
    approve(campaign.id, second.id, T0)
    assert (state_of(campaign), campaign.approved_by_id) == (CampaignState.RUNNING, second.id)
    with pytest.raises(MoveRefused):
        approve(campaign.id, second.id, T0)
    assert session().query(JournalEntry).filter_by(action="campaign.approve").count() == 1


def test_a_planned_start_waits_for_its_time_and_can_be_taken_back(campaign: Campaign, lin: Person) -> None:
    with pytest.raises(NotUnderstood, match="has passed"):
        ask_to_start(campaign.id, lin.id, T0, starts_at=T0, taken_on=BOTH)
    ask_to_start(campaign.id, lin.id, T0, starts_at=T0 + HOUR, taken_on=BOTH)
    assert start_due(T0) == 0
    take_back(campaign.id, T0)
    assert start_due(T0 + 9 * HOUR) == 0
    ask_to_start(campaign.id, lin.id, T0, starts_at=T0 + HOUR, taken_on=BOTH)
    assert start_due(T0 + 9 * HOUR) == 1
    assert start_due(T0 + 9 * HOUR) == 0
    assert state_of(campaign) is CampaignState.RUNNING


def test_a_planned_start_that_has_outgrown_its_size_asks_for_a_second_person(campaign: Campaign, lin: Person) -> None:
    above = 3
    ask_to_start(campaign.id, lin.id, T0, starts_at=T0 + HOUR, taken_on=BOTH, approval_above=above)
    assert state_of(campaign) is CampaignState.SCHEDULED
    make.source(make.person("Late", identities={"email": "late@people.example"}))
    assert start_due(T0 + HOUR, above) == 0
    session().expire_all()
    assert state_of(campaign) is CampaignState.APPROVAL


def one_more(name: str) -> None:
    make.source(make.person(name, identities={"email": f"{name}@people.example"}), basis="consent on our form")


def test_an_approval_holds_for_the_people_who_were_approved(campaign: Campaign, lin: Person, second: Person) -> None:
    above = 2
    ask_to_start(campaign.id, lin.id, T0, taken_on=BOTH, approval_above=above)
    one_more("late")
    with pytest.raises(MoveRefused, match="approved for 3 people, and would go to 4 now"):
        approve(campaign.id, second.id, T0)
    session().rollback()
    assert session().query(Letter).count() == 0


def test_a_planned_start_that_has_outgrown_its_approval_asks_for_it_anew(
    campaign: Campaign, lin: Person, second: Person, lins_browser: FlaskClient
) -> None:
    above = 2
    ask_to_start(campaign.id, lin.id, T0, starts_at=T0 + HOUR, taken_on=BOTH, approval_above=above)
    approve(campaign.id, second.id, T0, 3)
    assert state_of(campaign) is CampaignState.SCHEDULED
    one_more("late")
    assert start_due(T0 + HOUR, above) == 0
    assert (state_of(campaign), campaign.approved_by_id) == (CampaignState.APPROVAL, None)
    session().commit()
    told = "批准时是 3 人，现在会发给 4 人"  # in the programme's first language: nobody has asked just now
    assert told in lins_browser.get(f"/campaigns/{campaign.id}").text
    approve(campaign.id, second.id, T0 + HOUR)
    session().commit()
    assert state_of(campaign) is CampaignState.RUNNING
    assert told not in lins_browser.get(f"/campaigns/{campaign.id}").text


def test_an_approval_of_more_or_as_many_lets_it_go(campaign: Campaign, lin: Person, second: Person) -> None:
    above = 2
    ask_to_start(campaign.id, lin.id, T0, starts_at=T0 + HOUR, taken_on=BOTH, approval_above=above)
    one_more("late")
    approve(campaign.id, second.id, T0, 4)
    assert start_due(T0 + HOUR, above) == 1
    assert (state_of(campaign), campaign.approved_by_id) == (CampaignState.RUNNING, second.id)


def test_the_page_approves_the_number_that_it_shows(
    campaign: Campaign, second: Person, lins_browser: FlaskClient
) -> None:
    ask_to_start(campaign.id, second.id, T0, taken_on=BOTH, approval_above=2)
    one_more("late")
    session().commit()
    url = f"/campaigns/{campaign.id}"
    assert 'name="people" value="4"' in lins_browser.get(url).text
    refused = lins_browser.post(f"{url}/approve", data={"people": "3"}, follow_redirects=True)
    assert "would go to 4 now" in refused.text
    assert state_of(campaign) is CampaignState.APPROVAL
    for odd in ("x", "9" * 30):
        lins_browser.post(f"{url}/approve", data={"people": odd})
        assert state_of(campaign) is CampaignState.APPROVAL
    lins_browser.post(f"{url}/approve", data={"people": "4"})
    assert state_of(campaign) is CampaignState.RUNNING


def test_of_very_many_people_the_planned_start_looks_at_everybody_after_the_approval(
    campaign: Campaign, lin: Person, second: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "VERY_MANY", 0)
    above = 2
    ask_to_start(campaign.id, lin.id, T0, taken_on=BOTH, approval_above=above)
    approve(campaign.id, second.id, T0, 3)
    assert (state_of(campaign), campaign.starts_at) == (CampaignState.SCHEDULED, T0)
    take_back(campaign.id, T0)
    ask_to_start(campaign.id, lin.id, T0, starts_at=T0 + HOUR, taken_on=BOTH, approval_above=above)
    approve(campaign.id, second.id, T0 + 2 * HOUR, 3)
    assert (state_of(campaign), campaign.starts_at) == (CampaignState.SCHEDULED, T0 + 2 * HOUR)
    assert start_due(T0 + 2 * HOUR, above) == 1


def german(name: str) -> None:
    make.source(make.person(name, identities={"email": f"{name}@post.de"}), basis="public profile")


def test_a_planned_start_with_a_new_kind_of_warning_is_a_draft_again(
    campaign: Campaign, lin: Person, lins_browser: FlaskClient
) -> None:
    ask_to_start(campaign.id, lin.id, T0, starts_at=T0 + HOUR, taken_on=BOTH)
    german("nobody-asked")
    assert start_due(T0 + HOUR) == 0
    assert (state_of(campaign), campaign.list_id) == (CampaignState.DRAFT, None)
    session().commit()
    page = lins_browser.get(f"/campaigns/{campaign.id}").text
    assert "申请启动之后出现了新的提醒" in page
    assert 'value="eu_basis"' in page


def test_a_planned_start_keeps_the_warnings_that_were_taken_on_of_more_people_too(
    campaign: Campaign, lin: Person
) -> None:
    ask_to_start(campaign.id, lin.id, T0, starts_at=T0 + HOUR, taken_on=BOTH)
    make.source(make.person("Hua", identities={"email": "hua@qq.com"}), basis="public profile")
    assert start_due(T0 + HOUR) == 1


def test_nobody_approves_a_warning_that_came_later(
    campaign: Campaign, second: Person, lins_browser: FlaskClient
) -> None:
    ask_to_start(campaign.id, second.id, T0, taken_on=BOTH, approval_above=2)
    german("nobody-asked")
    session().commit()
    url = f"/campaigns/{campaign.id}"
    told = lins_browser.post(f"{url}/approve", data={"people": "4"}, follow_redirects=True).text
    assert "There are new warnings since its start was asked for" in told
    assert state_of(campaign) is CampaignState.APPROVAL


def test_the_preflight_reads_every_step_variant_and_language(campaign: Campaign, lins_browser: FlaskClient) -> None:
    unsafe, sound = (
        ("Hello", "[Join](http://orange.example/)"),
        ("Hello", "Dear {{ name | default: 'you' }}: {{ link }}"),
    )
    put_step(campaign.id, 1, NewStep(Channel.MAIL, "email", {"a": {"en": sound}}))
    variants = {"a": {"en": sound, "zh": sound}, "b": {"en": ("HELLO READER", unsafe[1]), "zh": unsafe}}
    put_step(campaign.id, 2, NewStep(Channel.MAIL, "email", variants, {"a": 1, "b": 1}))
    put_step(campaign.id, 3, NewStep(Channel.HAND, "qq", {"a": {"en": ("", unsafe[1])}}))
    found = {trouble.text: trouble.places for trouble in wording_troubles(campaign)}
    assert [places for text, places in found.items() if "http://" in text] == [[(2, "b", "en"), (2, "b", "zh")]]
    assert [places for text, places in found.items() if "capitals" in text] == [[(2, "b", "en")]]
    assert len(found) == 2
    session().commit()
    page = lins_browser.get(f"/campaigns/{campaign.id}").text
    assert page.count("A link begins with http://") == 1
    assert "Step 2 · B · English; Step 2 · B · " in page


def test_the_second_person_sees_what_they_approve(
    campaign: Campaign, lin: Person, second: Person, lins_browser: FlaskClient
) -> None:
    ask_to_start(campaign.id, second.id, T0, taken_on=BOTH, approval_above=2)
    german("nobody-asked")
    session().commit()
    home = lins_browser.get("/").text
    assert "1 campaign waits for your approval" in home
    assert f'href="/campaigns/{campaign.id}"' in home
    page = lins_browser.get(f"/campaigns/{campaign.id}").text
    assert f"/campaigns/{campaign.id}/preview?step=1" in page
    assert page.count("<b>taken on</b>") == 2
    assert page.count("nobody has taken it on") == 1
    assert lins_browser.get(f"/campaigns/{campaign.id}/preview?step=1").status_code == 200
    take_back(campaign.id, T0)
    ask_to_start(campaign.id, lin.id, T0, taken_on=set(Warn), approval_above=2)
    session().commit()
    assert "for your approval" not in lins_browser.get("/").text, "who started it cannot approve it"


def test_no_start_is_planned_without_a_postal_address(campaign: Campaign, lin: Person) -> None:
    required().postal_address = ""
    with pytest.raises(MoveRefused, match="postal address"):
        ask_to_start(campaign.id, lin.id, T0, starts_at=T0 + HOUR, taken_on=BOTH)
    assert state_of(campaign) is CampaignState.DRAFT


def test_the_page_tells_of_a_planned_start_that_failed_until_the_next_try(
    campaign: Campaign, lin: Person, lins_browser: FlaskClient
) -> None:
    ask_to_start(campaign.id, lin.id, T0, starts_at=T0 + HOUR, taken_on=BOTH)
    address, required().postal_address = required().postal_address, ""
    start_due(T0 + HOUR)
    session().commit()
    told = "It could not start by itself"
    assert told in lins_browser.get(f"/campaigns/{campaign.id}").text
    required().postal_address = address
    ask_to_start(campaign.id, lin.id, T0, starts_at=T0 + 2 * HOUR, taken_on=BOTH)
    take_back(campaign.id, T0)
    session().commit()
    assert told not in lins_browser.get(f"/campaigns/{campaign.id}").text


@pytest.mark.parametrize("name", sorted(NOT_IN_CAMPAIGNS))
def test_a_campaign_takes_no_placeholder_that_its_letters_do_not_fill(
    campaign: Campaign, lins_browser: FlaskClient, name: str
) -> None:
    with pytest.raises(NotUnderstood) as refused:
        set_step(campaign.id, Channel.MAIL, "email", {"en": ("Hello", f"Dear {{{{ {name} }}}}")})
    assert f"{{{{ {name} }}}}" not in str(refused.value).split("Use one of")[1]
    session().commit()
    typed = {"name": "spring", "audience_id": campaign.audience_id, "channel": "mail", "identity_kind": "qq"}
    typed |= {"subject_en": f"Hello {{{{ {name} }}}}", "body_en": "Dear you"}
    page = lins_browser.post(f"/campaigns/{campaign.id}/edit", data=typed).text
    assert 'id="subject_en-error"' in page
    assert 'id="name-error"' not in page


def test_letters_that_lack_a_value_are_told_apart_from_those_that_wait(
    campaign: Campaign, lins_browser: FlaskClient
) -> None:
    session().query(Person).filter_by(name="Kim").one().name = ""
    start(campaign.id, T0)
    session().commit()
    jobs.run_due.run()
    page = lins_browser.get(f"/campaigns/{campaign.id}").text
    assert "held: a value is missing" in page
    letters = lins_browser.get("/letters").text
    assert "held: a value is missing" in letters
    assert "9999" not in letters


def test_a_planned_start_that_cannot_be_is_a_draft_again(campaign: Campaign, lin: Person) -> None:
    ask_to_start(campaign.id, lin.id, T0, starts_at=T0 + HOUR, taken_on=BOTH)
    campaign.audience_id = None
    session().flush()
    assert start_due(T0 + HOUR) == 0
    session().expire_all()
    assert state_of(campaign) is CampaignState.DRAFT
    assert session().query(JournalEntry).filter_by(action="campaign.start_failed").count() == 1


def test_the_page_asks_for_each_warning_and_keeps_what_was_typed(campaign: Campaign, lins_browser: FlaskClient) -> None:
    session().commit()
    url = f"/campaigns/{campaign.id}"
    assert "China: commercial letters" in lins_browser.get(url).text
    form = {"taken_on": "cn_mark", "starts_at": "2099-01-01T10:30"}
    answer = lins_browser.post(f"{url}/start", data=form)
    assert answer.status_code == 422
    assert 'value="2099-01-01T10:30"' in answer.text
    assert 'value="cn_mark" checked' in answer.text
    assert lins_browser.post(f"{url}/start", data={"starts_at": "soon"}).status_code == 422
    form = {"taken_on": ["cn_mark", "cn_consent"], "starts_at": "2099-01-01T10:30"}  # type: ignore[dict-item]  # a form may say a name twice
    assert "will start by itself" in lins_browser.post(f"{url}/start", data=form, follow_redirects=True).text
    assert "is a draft again" in lins_browser.post(f"{url}/take-back", follow_redirects=True).text


def test_whoever_started_it_sees_no_button_to_approve(
    campaign: Campaign, lins_browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(current_app.config, "APPROVAL_ABOVE", 1)
    session().commit()
    url = f"/campaigns/{campaign.id}"
    page = lins_browser.post(f"{url}/start", data={"taken_on": ["cn_mark", "cn_consent"]}, follow_redirects=True).text
    assert "somebody else must approve" in page
    assert lins_browser.post(f"{url}/approve").status_code == 403
    session().commit()
    assert session().query(Letter).count() == 0


def test_a_sequence_is_written_and_read_on_its_pages(campaign: Campaign, lins_browser: FlaskClient) -> None:
    session().commit()
    url = f"/campaigns/{campaign.id}"
    step = {
        "channel": "mail",
        "identity_kind": "qq",
        "days": "3",
        "hours": "0",
        "weekday": "4",
        "at_time": "18:30",
        "only": "not_opened",
        "variants": "2",
        "subject_a_en": "Once more",
        "body_a_en": "Hello {{ link }}",
        "subject_b_en": "Last call",
        "body_b_en": "Hi {{ link }}",
        "share_b": "3",
    }
    more = lins_browser.post(f"{url}/steps/2", data={**step, "more": "1"}).text
    assert 'name="body_c_en"' in more
    assert "Last call" in more
    wrong = lins_browser.post(f"{url}/steps/2", data={**step, "at_time": "99:99"}).text
    assert "18:30" in wrong
    assert "Last call" in wrong
    page = lins_browser.post(f"{url}/steps/2", data=step, follow_redirects=True).text
    assert "wait 3 days, until Friday, 18:30 their time · only those who have not opened their link" in page
    assert "A 1 : B 3" in page
    assert 'value="Last call"' in lins_browser.get(f"{url}/steps/2").text
    shown = lins_browser.get(f"{url}/preview?step=2").text
    assert ("Once more" in shown) is not ("Last call" in shown), "the person's own variant, and no other"
    for nowhere in ("steps/9", "preview?step=9", f"preview?step={'9' * 30}"):
        assert lins_browser.get(f"{url}/{nowhere}").status_code == 404
    lins_browser.post(f"{url}/stops", data={"stops": ["joined", "nonsense"]})
    session().commit()
    assert session().get_one(Campaign, campaign.id).stops == ["joined", "refused", "bounced"]
    assert "taken out" in lins_browser.post(f"{url}/steps/2/remove", follow_redirects=True).text


def test_progress_and_places_say_where_people_stand(campaign: Campaign, lins_browser: FlaskClient) -> None:
    ask_to_start(campaign.id, make.staff("Other").id, T0, taken_on=BOTH)
    session().commit()
    jobs.run_due.run()
    session().commit()
    url = f"/campaigns/{campaign.id}"
    assert "after step 1 · at the end" in lins_browser.get(f"{url}/progress").text
    assert "hx-get" in lins_browser.get(url).text
    assert "Mei" in lins_browser.get(f"{url}/places/done?position=1&why=").text
    assert "staff" in lins_browser.get(f"{url}/places/left_out").text
    for bad in ("places/nowhere", f"places/done?after={'9' * 30}", "places/done?position=77"):
        assert lins_browser.get(f"{url}/{bad}").status_code == 404


def test_who_was_only_left_out_of_a_campaign_goes_with_their_import(campaign: Campaign, lin: Person) -> None:
    reached, unreached = make.person("In", identities={"email": "in@p.example"}), make.person("Out")
    make.source(reached, basis="consent on our form")
    start(campaign.id, T0)
    session().commit()
    jobs.run_due.run()
    assert {reached.id, unreached.id} <= set(session().scalars(select(Place.person_id)))
    assert touched([reached.id, unreached.id]) == {reached.id}
