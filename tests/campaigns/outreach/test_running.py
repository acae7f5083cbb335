from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from campaigns.audience.actions import save_audience
from campaigns.outreach import tasks
from campaigns.outreach.actions import create_campaign, finish, pause, plan, resume, set_campaign_pace, set_step, start
from campaigns.outreach.actions.running import look_after
from campaigns.outreach.models import Campaign
from campaigns.outreach.queries import campaign_or_404, step_of, summary
from campaigns.outreach.rules import CAMPAIGN_MOVES, CampaignState, LeftOut
from crm.core import jobs
from crm.core.db import session
from crm.core.errors import MoveRefused, NotUnderstood
from crm.core.jobs import Job, JobState
from crm.core.smtp import Answer, Fate
from crm.outbox import tasks as outbox_tasks
from crm.outbox.actions import (
    NewTouch,
    claiming,
    deliver_due,
    end,
    record_touches,
    send_again,
    set_pace,
    take_due,
)
from crm.outbox.models import Letter, Wording
from crm.outbox.rules import Channel, Direction, LetterState, Outcome
from crm.people.actions import suppress
from crm.people.actions.suppression_list import add_one
from crm.people.models import Identity, Origin, Person
from crm.people.rules import SuppressionReason
from tests import make
from tests.make import T0

HOUR = timedelta(hours=1)
TEXTS = {"en": ("Hello", "Dear {{ name }}: {{ link }}"), "zh": ("你好", "{{ name }}：{{ link }}")}


@pytest.fixture
def people(lin: Person) -> list[Person]:
    found = []
    for number in range(5):
        one = make.person(f"P{number}", identities={"email": f"p{number}@people.example"}, language="en")
        make.source(one)
        found.append(one)
    return found


@pytest.fixture
def campaign(people: list[Person]) -> Campaign:
    made = create_campaign("spring", save_audience("all", {}, at=T0).id, at=T0)
    set_step(made.id, Channel.MAIL, "email", TEXTS)
    return made


def letters() -> list[Letter]:
    session().expire_all()
    return list(session().scalars(select(Letter).order_by(Letter.person_id)))


def run(campaign: Campaign) -> None:
    start(campaign.id, T0)
    session().commit()
    jobs.run_due.run()
    session().expire_all()


VERBS = {CampaignState.RUNNING: resume, CampaignState.PAUSED: pause, CampaignState.FINISHED: finish}


@pytest.mark.parametrize(("source", "to"), list(product(CampaignState, VERBS)))
def test_a_campaign_moves_only_along_the_table(campaign: Campaign, source: CampaignState, to: CampaignState) -> None:
    session().execute(update(Campaign).values(state=source, starts_at=T0))
    session().expire_all()
    before_its_start = to is CampaignState.RUNNING and source is not CampaignState.PAUSED
    if to in CAMPAIGN_MOVES[source] and not before_its_start:
        VERBS[to](campaign.id, T0)
        assert campaign_or_404(campaign.id).state is to
    else:
        with pytest.raises(MoveRefused):
            VERBS[to](campaign.id, T0)


def test_a_campaign_has_its_origin_from_the_beginning(campaign: Campaign) -> None:
    origin = session().get_one(Origin, campaign.origin_id)
    assert (origin.key, origin.title) == (f"campaign:{campaign.id}", "spring")


def test_it_writes_to_who_was_in_the_audience_at_the_start(campaign: Campaign, people: list[Person]) -> None:
    start(campaign.id, T0)
    late = make.person("Late", identities={"email": "late@people.example"})
    make.source(late)
    session().commit()
    jobs.run_due.run()
    assert [letter.person_id for letter in letters()] == [person.id for person in people]


def test_each_reads_their_own_language_else_the_programmes_first(campaign: Campaign, people: list[Person]) -> None:
    people[0].language = "zh-Hans"
    people[1].language = None
    run(campaign)
    used = {letter.person_id: session().get_one(Wording, letter.wording_id).language for letter in letters()}
    assert [used[person.id] for person in people] == ["zh", "zh", "en", "en", "en"]


def test_planning_in_pieces_and_twice_writes_to_each_once(campaign: Campaign) -> None:
    start(campaign.id, T0)
    after, new = 0, []
    while (piece := plan(campaign.id, T0, after=after, limit=2)) is not None:
        after, count = piece
        new.append(count)
    assert new == [1, 2, 2], "Lin, who is staff, stands first"
    assert plan(campaign.id, T0) is not None
    assert len(letters()) == 5


def test_the_summary_says_who_is_left_out_and_why(campaign: Campaign, people: list[Person]) -> None:
    make.person("No basis", identities={"email": "nb@people.example"})
    make.source(make.person("No mail", identities={"qq": "77777"}))
    record_touches([NewTouch(people[0].id, T0, Direction.IN, "qq", Outcome.REFUSED)], T0)
    suppress([people[1].id], SuppressionReason.BOUNCED, T0)
    record_touches([NewTouch(people[2].id, T0, Direction.OUT, "qq", Outcome.SENT)], T0)
    step = step_of(campaign.id)
    assert step is not None
    gets, out = summary(campaign, step, T0)
    assert gets == 2
    assert dict(out) == dict.fromkeys(LeftOut, 1)
    set_step(campaign.id, Channel.MAIL, "email", TEXTS, again=True)
    assert summary(campaign, step, T0)[0] == 3
    run(campaign)
    assert len(letters()) == 3


def test_two_campaigns_do_not_write_to_the_same_people(campaign: Campaign) -> None:
    run(campaign)
    second = create_campaign("summer", save_audience("again", {}, at=T0).id, at=T0)
    step = set_step(second.id, Channel.MAIL, "email", TEXTS)
    gets, out = summary(second, step, T0)
    assert (gets, out[LeftOut.WRITTEN_TO]) == (0, 5)


def test_a_pause_keeps_letters_back_and_a_finish_cancels_them(campaign: Campaign) -> None:
    set_campaign_pace(campaign.id, 2, at=T0)
    run(campaign)
    assert deliver_due(T0) == 1
    pause(campaign.id, T0 + HOUR)
    assert deliver_due(T0 + HOUR) == 0
    resume(campaign.id, T0 + 2 * HOUR)
    assert deliver_due(T0 + 2 * HOUR) == 1
    finish(campaign.id, T0 + 3 * HOUR)
    states = [letter.state for letter in letters()]
    assert states.count(LetterState.SENT) == 2
    assert states.count(LetterState.CANCELLED) == 3
    assert campaign.stopped


def test_a_campaign_of_which_all_had_left_was_finished_and_not_stopped(campaign: Campaign) -> None:
    run(campaign)
    deliver_due(T0)
    finish(campaign.id, T0 + HOUR)
    assert not campaign.stopped


def answered(campaign: Campaign, answer: Answer) -> None:
    """All of its letters are leaving, it is stopped, and then the server answers."""
    run(campaign)
    taken = take_due(T0, 10)
    assert len(taken) == 5
    session().commit()
    finish(campaign.id, T0)
    session().commit()
    end([(letter, answer) for letter in taken], T0)
    session().commit()


@pytest.mark.parametrize("answer", [Answer(Fate.PUT_OFF, "451 later"), Answer(Fate.KEPT, "server away")])
def test_what_comes_back_after_a_stop_does_not_leave_but_ends(campaign: Campaign, answer: Answer) -> None:
    answered(campaign, answer)
    assert take_due(T0 + HOUR, 10) == []
    outbox_tasks.sweep_leases.run()
    assert {(letter.state, letter.reason) for letter in letters()} == {(LetterState.CANCELLED, "finished")}


def test_a_stop_in_the_moment_of_a_claim_is_seen_by_it(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    run(campaign)
    waiting = claiming._waiting

    def then_stopped(*asked: Any) -> Any:
        found = waiting(*asked)
        set_pace(campaign.origin_id, None, paused=True, at=T0)
        return found

    monkeypatch.setattr(claiming, "_waiting", then_stopped)
    assert take_due(T0 + HOUR, 10) == []


def test_an_uncertain_letter_of_a_stopped_campaign_is_not_sent_again(
    campaign: Campaign, lins_browser: FlaskClient
) -> None:
    answered(campaign, Answer(Fate.UNKNOWN, "the line broke"))
    first, *_others = letters()
    page = lins_browser.post(f"/letters/{first.id}/send-again", follow_redirects=True)
    assert "Its campaign was stopped" in page.text
    assert letters()[0].state is LetterState.UNCERTAIN
    lins_browser.post(f"/letters/{first.id}/take-as-sent")
    assert letters()[0].state is LetterState.SENT


def test_an_uncertain_letter_of_a_campaign_that_ended_by_itself_can_be_sent_again(campaign: Campaign) -> None:
    run(campaign)
    end([(letter, Answer(Fate.UNKNOWN, "the line broke")) for letter in take_due(T0, 10)], T0)
    assert look_after(T0 + HOUR) == 1
    send_again(letters()[0].id, T0 + HOUR)
    session().commit()
    outbox_tasks.sweep_leases.run()
    assert len(take_due(T0 + HOUR, 10)) == 1


def test_wordings_are_frozen_at_the_start(campaign: Campaign) -> None:
    run(campaign)
    with pytest.raises(MoveRefused):
        set_step(campaign.id, Channel.MAIL, "email", {"en": ("Other", "words")})


def test_a_campaign_without_words_does_not_start(people: list[Person]) -> None:
    bare = create_campaign("bare", save_audience("all", {}, at=T0).id, at=T0)
    with pytest.raises(MoveRefused):
        start(bare.id, T0)
    with pytest.raises(NotUnderstood):
        set_step(bare.id, Channel.MAIL, "email", {"en": ("", "no subject")})


def test_planning_that_failed_is_found_and_done_again(campaign: Campaign) -> None:
    start(campaign.id, T0)
    session().execute(update(Job).values(state=JobState.FAILED))
    session().commit()
    assert tasks.plan_due.run() == 1
    jobs.run_due.run()
    assert len(letters()) == 5
    assert tasks.plan_due.run() == 0


def test_a_campaign_that_has_nothing_left_to_do_is_finished(campaign: Campaign) -> None:
    run(campaign)
    assert look_after(T0) == 0
    deliver_due(T0)
    assert look_after(T0 + HOUR) == 1
    session().expire_all()
    assert campaign.state is CampaignState.FINISHED
    assert look_after(T0 + HOUR) == 0


def test_a_bounced_address_leaves_out_that_address_and_not_the_person(campaign: Campaign, people: list[Person]) -> None:
    for number in (0, 1):
        add_one(f"p{number}@people.example", SuppressionReason.BOUNCED, T0)
    for value, person in (("zz@people.example", people[1]), ("qq", people[0])):
        kind = "qq" if value == "qq" else "email"
        session().add(Identity(kind=kind, value="10077" if kind == "qq" else value, person_id=person.id))
    session().flush()
    assert summary(campaign, step_of(campaign.id), T0) == (4, {LeftOut.SUPPRESSED: 1, LeftOut.STAFF: 1})  # type: ignore[arg-type]  # it is there
    run(campaign)
    assert {letter.person_id: letter.identity_value for letter in letters()} == {
        people[1].id: "zz@people.example",
        **{people[number].id: f"p{number}@people.example" for number in (2, 3, 4)},
    }
    assert deliver_due(T0) == 4
    by_hand = create_campaign("summer", save_audience("all of them", {}, at=T0).id, at=T0)
    set_step(by_hand.id, Channel.HAND, "qq", {"en": ("", "hi {{ name }}")}, again=True)
    assert summary(by_hand, step_of(by_hand.id), T0)[0] == 1  # type: ignore[arg-type]  # it is there
    run(by_hand)
    asked = [letter for letter in letters() if letter.identity_kind == "qq"]
    assert [(letter.person_id, letter.state) for letter in asked] == [(people[0].id, LetterState.QUEUED)]
