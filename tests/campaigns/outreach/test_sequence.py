"""People go on from step to step: in time, on conditions, once each, and no further when they have answered."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from campaigns.audience.actions import save_audience
from campaigns.outreach.actions import (
    NewStep,
    Wait,
    advance,
    create_campaign,
    finish,
    pause,
    plan,
    put_step,
    remove_step,
    set_step,
    set_stops,
    start,
    stop_answered,
)
from campaigns.outreach.actions.sequence import move_places
from campaigns.outreach.models import Campaign, Place, StepWording
from campaigns.outreach.queries import steps_of
from campaigns.outreach.rules import PLACE_MOVES, Only, PlaceState, Stop, holds, ready_at, second_paths, variant_of
from campaigns.outreach.tasks import advance_due
from crm.core import clock, jobs
from crm.core.db import session
from crm.core.errors import MoveRefused, NotUnderstood
from crm.groups.models import Membership
from crm.invites.actions import note_opening
from crm.invites.models import Invite
from crm.outbox.actions import AccountDraft, NewTouch, deliver_due, record_touches, save_account
from crm.outbox.models import Letter
from crm.outbox.rules import Channel, Direction, LetterState, Outcome
from crm.people.models import Identity, Person
from tests import make
from tests.make import T0

DAY = timedelta(days=1)
TEXTS = {"en": ("Hello", "Dear {{ name }}: {{ link }}")}
AGAIN = {"en": ("Once more", "{{ name }}, are you there? {{ link }}")}
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def people(lin: Person) -> list[Person]:
    found = []
    for number in range(4):
        one = make.person(f"P{number}", identities={"email": f"p{number}@people.example"}, language="en")
        make.source(one)
        found.append(one)
    return found


@pytest.fixture
def campaign(people: list[Person]) -> Campaign:
    made = create_campaign("spring", save_audience("all", {}, at=T0).id, at=T0)
    set_step(made.id, Channel.MAIL, "email", TEXTS)
    return made


def follow_up(campaign: Campaign, position: int = 2, only: Only = Only.EVERYBODY, wait: Wait = Wait(72)) -> None:  # noqa: B008 -- a Wait is frozen
    put_step(campaign.id, position, NewStep(Channel.MAIL, "email", {"a": AGAIN}, only=only, wait=wait))


def run(campaign: Campaign) -> None:
    start(campaign.id, T0)
    session().commit()
    jobs.run_due.run()
    assert deliver_due(T0) == 4
    tick(campaign, T0)


def tick(campaign: Campaign, at: datetime) -> None:
    while advance(campaign.id, at):
        session().commit()
    session().expire_all()


def written(position: int) -> set[str]:
    ending = f":{position}"
    rows = session().execute(select(Person.name, Letter.occasion).join(Letter, Letter.person_id == Person.id))
    return {name for name, occasion in rows if occasion.endswith(ending)}


def place(person: Person) -> Place:
    session().expire_all()
    return session().query(Place).filter_by(person_id=person.id).one()


def test_the_next_step_waits_from_when_the_one_before_left(campaign: Campaign) -> None:
    follow_up(campaign)
    start(campaign.id, T0)
    session().commit()
    jobs.run_due.run()
    tick(campaign, T0 + 5 * DAY)
    assert written(2) == set(), "nothing has left yet, so no wait has begun"
    deliver_due(T0 + 5 * DAY)
    tick(campaign, T0 + 6 * DAY)
    assert written(2) == set()
    tick(campaign, T0 + 8 * DAY)
    assert written(2) == {"P0", "P1", "P2", "P3"}


def test_a_step_done_twice_or_by_two_writes_once(campaign: Campaign, people: list[Person]) -> None:
    follow_up(campaign)
    run(campaign)
    tick(campaign, T0 + 3 * DAY)
    ids = [one.id for one in people]
    assert move_places(campaign.id, ids, 1, PlaceState.DONE, T0, passed=1) == []
    plan(campaign.id, T0)
    tick(campaign, T0 + 9 * DAY)
    assert session().query(Letter).count() == 8
    assert {place(one).state for one in people} == {PlaceState.DONE}


def test_whoever_was_moved_by_another_worker_is_moved_no_further(campaign: Campaign, people: list[Person]) -> None:
    follow_up(campaign)
    follow_up(campaign, 3)
    run(campaign)
    tick(campaign, T0 + 3 * DAY)
    ids = [one.id for one in people]
    late = move_places(campaign.id, ids, 1, PlaceState.WAITING, T0, passed=1, due_at=T0)
    assert late == [], "they stand at 2 and wait; a worker that read them at 1 comes too late"
    assert {place(one).position for one in people} == {2}


def test_whoever_answered_joined_refused_or_bounced_gets_no_further_letter(
    campaign: Campaign, people: list[Person]
) -> None:
    follow_up(campaign)
    run(campaign)
    group = make.group(name="Room one")
    touches = [
        NewTouch(people[0].id, T0 + DAY, Direction.IN, "email", Outcome.REPLIED),
        NewTouch(people[1].id, T0 + DAY, Direction.IN, "qq", Outcome.REFUSED),
    ]
    record_touches(touches, T0 + DAY)
    session().add(Membership(group_id=group.id, person_id=people[2].id, joined_at=T0 + DAY))
    session().execute(
        update(Letter).where(Letter.person_id == people[3].id).values(state=LetterState.BOUNCED, ended_at=T0)
    )
    tick(campaign, T0 + 4 * DAY)
    assert written(2) == set()
    reasons = [(place(one).state, place(one).why) for one in people]
    assert reasons == [(PlaceState.STOPPED, why) for why in ("replied", "refused", "joined", "bounced")]


def test_nobody_waits_in_a_campaign_that_was_stopped(campaign: Campaign, people: list[Person]) -> None:
    follow_up(campaign)
    run(campaign)
    assert place(people[0]).state is PlaceState.WAITING
    finish(campaign.id, T0 + DAY)
    session().expire_all()
    assert {(place(one).state, place(one).why) for one in people} == {(PlaceState.STOPPED, "campaign_stopped")}


def test_a_stop_that_is_switched_off_stops_nobody(campaign: Campaign, people: list[Person]) -> None:
    follow_up(campaign, only=Only.REPLIED)
    with pytest.raises(MoveRefused, match="Step 2"):
        start(campaign.id, T0)
    set_stops(campaign.id, {Stop.JOINED, Stop.REFUSED}, at=T0)
    run(campaign)
    record_touches([NewTouch(people[0].id, T0 + DAY, Direction.IN, "email", Outcome.REPLIED)], T0 + DAY)
    tick(campaign, T0 + 4 * DAY)
    assert written(2) == {"P0"}
    assert place(people[1]).why == "replied", "they have not, and the step passed them by"


def test_those_who_opened_their_link_are_passed_by_and_go_on(campaign: Campaign, people: list[Person]) -> None:
    follow_up(campaign, only=Only.NOT_OPENED)
    follow_up(campaign, 3, only=Only.OPENED)
    run(campaign)
    link = select(Invite.id).where(Invite.origin_id == campaign.origin_id, Invite.person_id == people[0].id)
    note_opening(session().scalars(link).one(), T0 + DAY)
    tick(campaign, T0 + 4 * DAY)
    assert written(2) == {"P1", "P2", "P3"}
    deliver_due(T0 + 4 * DAY)
    tick(campaign, T0 + 8 * DAY)
    assert written(3) == {"P0"}


@pytest.mark.parametrize(
    ("conditions", "first", "second"),
    [
        ((Only.NOT_OPENED, Only.OPENED), {"P1", "P2", "P3"}, {"P0"}),
        ((Only.OPENED, Only.NOT_OPENED), {"P0"}, {"P1", "P2", "P3"}),
    ],
)
def test_a_yes_path_and_a_no_path_are_decided_at_one_moment(
    campaign: Campaign, people: list[Person], conditions: tuple[Only, Only], first: set[str], second: set[str]
) -> None:
    for position, only in enumerate(conditions, 2):
        follow_up(campaign, position, only)
    run(campaign)
    links = {invite.person_id: invite.id for invite in session().scalars(select(Invite))}
    note_opening(links[people[0].id], T0 + DAY)
    tick(campaign, T0 + 3 * DAY)
    deliver_due(T0 + 3 * DAY)
    note_opening(links[people[1].id], T0 + 4 * DAY)
    for days in (4, 6, 9):
        tick(campaign, T0 + days * DAY)
    assert written(2) == first
    assert written(3) == second, "P1 opened it between the two, and gets no second letter, nor none at all"
    assert {place(one).state for one in people} == {PlaceState.DONE}


def test_a_step_belongs_to_one_pair_of_paths() -> None:
    yes, no = Only.OPENED, Only.NOT_OPENED
    assert second_paths([Only.EVERYBODY, no, yes, no, yes]) == {3, 5}
    assert second_paths([Only.EVERYBODY, no, yes, no]) == {3}
    assert second_paths([Only.EVERYBODY, no, Only.REPLIED, Only.EVERYBODY, Only.EVERYBODY, no]) == frozenset()
    assert second_paths([]) == frozenset()


def test_a_letter_that_waits_is_cancelled_when_its_reader_answers(campaign: Campaign, people: list[Person]) -> None:
    start(campaign.id, T0)
    session().commit()
    jobs.run_due.run()
    record_touches([NewTouch(people[0].id, T0 + DAY, Direction.IN, "qq", Outcome.REPLIED)], T0 + DAY)
    last = stop_answered(campaign.id, T0 + DAY)
    assert last is not None
    assert stop_answered(campaign.id, T0 + DAY, after=last) is None
    letter = session().query(Letter).filter_by(person_id=people[0].id).one()
    assert (letter.state, letter.reason) == (LetterState.CANCELLED, "replied")
    assert place(people[0]).state is PlaceState.STOPPED
    assert session().query(Letter).filter_by(state=LetterState.QUEUED).count() == 3


def test_a_step_by_hand_passes_by_those_whom_it_cannot_reach(campaign: Campaign, people: list[Person]) -> None:
    session().add(Identity(kind="qq", value="10007", person_id=people[0].id))
    put_step(campaign.id, 2, NewStep(Channel.HAND, "qq", {"a": AGAIN}, wait=Wait(24)))
    run(campaign)
    tick(campaign, T0 + 2 * DAY)
    assert written(2) == {"P0"}
    assert (place(people[1]).position, place(people[1]).why) == (2, "no_identity")


def test_nothing_moves_while_it_pauses_and_nothing_after_the_end(campaign: Campaign) -> None:
    follow_up(campaign)
    run(campaign)
    pause(campaign.id, T0 + DAY)
    tick(campaign, T0 + 5 * DAY)
    assert written(2) == set()
    finish(campaign.id, T0 + 6 * DAY)
    assert plan(campaign.id, T0 + 6 * DAY) is None
    assert stop_answered(campaign.id, T0 + 6 * DAY) is None
    tick(campaign, T0 + 7 * DAY)
    assert written(2) == set()


def test_the_task_does_what_is_due_run_twice_and_run_late(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    follow_up(campaign)
    run(campaign)
    monkeypatch.setattr(clock, "now", lambda: T0 + 30 * DAY)
    advance_due.run()
    assert advance_due.run() == 0
    assert written(2) == {"P0", "P1", "P2", "P3"}


@pytest.mark.parametrize(("source", "to"), list(product(PlaceState, PlaceState)))
def test_a_place_moves_only_along_the_table(
    campaign: Campaign, people: list[Person], source: PlaceState, to: PlaceState
) -> None:
    one = people[0].id
    session().add(Place(campaign_id=campaign.id, person_id=one, position=1, state=source, due_at=T0, moved_at=T0))
    session().flush()
    moved = move_places(campaign.id, [one], 1, to, T0, due_at=T0)
    assert moved == ([one] if to in PLACE_MOVES[source] else [])


def test_steps_are_taken_out_and_those_after_move_up(campaign: Campaign) -> None:
    follow_up(campaign)
    follow_up(campaign, 3, only=Only.NOT_OPENED)
    remove_step(campaign.id, 2)
    assert [(step.position, step.only) for step in steps_of(campaign.id)][1:] == [(2, Only.NOT_OPENED)]


def test_what_cannot_be_a_step_is_refused_with_a_reason(campaign: Campaign) -> None:
    for wait in (Wait(-1), Wait(10**6), Wait(1, 7), Wait(1, None, "25:99")):
        with pytest.raises(NotUnderstood):
            follow_up(campaign, wait=wait)
    with pytest.raises(NotUnderstood, match="one after the other"):
        follow_up(campaign, 5)
    halves = {"a": AGAIN, "b": {"zh": ("你好", "{{ link }}")}}
    with pytest.raises(NotUnderstood, match="same languages"):
        put_step(campaign.id, 2, NewStep(Channel.MAIL, "email", halves))
    with pytest.raises(NotUnderstood, match="Shares"):
        put_step(campaign.id, 2, NewStep(Channel.MAIL, "email", {"a": AGAIN}, {"a": 0}))


def test_variants_go_by_their_shares_and_never_change(campaign: Campaign) -> None:
    counts = Counter(variant_of(7, person, {"a": 3, "b": 1}) for person in range(8000))
    assert counts["b"] == pytest.approx(2000, abs=150)
    assert [variant_of(7, person, {"a": 1, "b": 1}) for person in range(1, 9)] == list("aabaaabb")
    put_step(campaign.id, 1, NewStep(Channel.MAIL, "email", {"a": TEXTS, "b": TEXTS}))
    run(campaign)
    assert len({letter.wording_id for letter in session().query(Letter)}) <= 2


def test_changing_a_draft_leaves_each_variant_its_own_words(campaign: Campaign, lins_browser: FlaskClient) -> None:
    other = {code: (f"B {subject}", f"B {body}") for code, (subject, body) in TEXTS.items()}
    put_step(campaign.id, 1, NewStep(Channel.MAIL, "email", {"a": TEXTS, "b": other}))
    session().commit()

    def said() -> dict[tuple[str, str], str]:
        rows = session().query(StepWording).populate_existing()
        return {(row.variant, row.language): row.subject for row in rows}

    before, page = said(), lins_browser.get(f"/campaigns/{campaign.id}/edit").text
    for code, (subject, _body) in TEXTS.items():
        assert re.search(rf'name="subject_{code}"[^>]*value="{re.escape(subject)}"', page)
    form = {
        "name": "Another name",
        "audience_id": campaign.audience_id,
        "channel": "mail",
        "identity_kind": "qq",
        "when_uncertain": "ask",
    }
    form |= {f"{part}_{code}": text[n] for code, text in TEXTS.items() for n, part in enumerate(("subject", "body"))}
    assert lins_browser.post(f"/campaigns/{campaign.id}/edit", data=form).status_code == 302
    assert said() == before


@pytest.mark.parametrize(
    ("hours", "weekday", "clock_time", "expected"),
    [
        (48, None, "", "2026-01-07T09:00+00:00"),
        (0, 4, "", "2026-01-08T16:00+00:00"),
        (0, 0, "18:30", "2026-01-05T10:30+00:00"),
        (0, 0, "08:00", "2026-01-12T00:00+00:00"),
        (24, None, "09:00", "2026-01-07T01:00+00:00"),
    ],
)
def test_a_wait_ends_at_a_weekday_and_time_of_the_persons_zone(
    hours: int, weekday: int | None, clock_time: str, expected: str
) -> None:
    """T0 is Monday, 17:00 in Shanghai."""
    assert datetime(2026, 1, 5, 9, tzinfo=UTC) == T0
    assert ready_at(T0, hours, weekday, clock_time, SHANGHAI) == datetime.fromisoformat(expected)


@pytest.mark.parametrize("only", list(Only))
def test_conditions_and_their_opposites(only: Only) -> None:
    word = only.value.removeprefix("not_")
    assert holds(only, frozenset({word})) is (not only.value.startswith("not_"))
    assert holds(only, frozenset()) is (only is Only.EVERYBODY or only.value.startswith("not_"))


def test_a_longer_sequence_asks_no_more_questions(
    campaign: Campaign, lins_browser: FlaskClient, queries_of: Callable[[Callable[[], object]], int]
) -> None:
    page = f"/campaigns/{campaign.id}"
    lins_browser.get(page)
    few = queries_of(lambda: lins_browser.get(page))
    for position in (2, 3, 4, 5):
        follow_up(campaign, position)
    session().commit()
    assert queries_of(lambda: lins_browser.get(page)) == few


def test_a_step_by_hand_may_name_the_account_it_is_written_from(campaign: Campaign, lins_browser: FlaskClient) -> None:
    ours = save_account(None, AccountDraft("orange_qq", "qq", zone="Asia/Shanghai"), at=T0).id
    wechat = save_account(None, AccountDraft("orange_wx", "wechat", zone="Asia/Shanghai"), at=T0).id
    session().commit()
    address = f"/campaigns/{campaign.id}/steps/2"
    assert "orange_qq (qq)" in lins_browser.get(address).text
    typed = {
        "channel": "hand",
        "identity_kind": "qq",
        "days": "3",
        "only": "everybody",
        "body_a_en": "Hello {{ link }}",
    }
    page = lins_browser.post(address, data=typed | {"sender_id": str(wechat)}).text
    assert "does not write there" in page
    assert "Hello {{ link }}" in unescape(page)
    assert lins_browser.post(address, data=typed | {"sender_id": str(ours)}).status_code == 302
    assert [step.sender_id for step in steps_of(campaign.id)] == [None, ours]
    assert f'selected value="{ours}"' in lins_browser.get(address).text
    mail = typed | {"channel": "mail", "subject_a_en": "Hello", "sender_id": str(ours)}
    assert lins_browser.post(address, data=mail).status_code == 302
    session().expire_all()
    assert [step.sender_id for step in steps_of(campaign.id)] == [None, None]
