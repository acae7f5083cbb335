"""People go on from step to step: each place is moved once, by compare-and-set, and its letter planned along."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from campaigns.outreach.actions.planning import going, next_letters
from campaigns.outreach.models import Campaign, CampaignStep, Place
from campaigns.outreach.queries import facts_of, left_out, steps_of, stops_of
from campaigns.outreach.rules import (
    CHUNK,
    LOOK_AGAIN,
    NEVER_AGAIN,
    PLACE_MOVES,
    CampaignState,
    PlaceState,
    holds,
    occasion,
    ready_at,
    second_paths,
)
from crm.core import programme
from crm.core.bulk import among
from crm.core.db import session
from crm.outbox.actions import plan_letters
from crm.outbox.actions.moves import move_where
from crm.outbox.models import Letter
from crm.outbox.rules import LetterState
from crm.people.models import Person

NOT_YET = (LetterState.QUEUED, LetterState.SENDING, LetterState.UNCERTAIN)
CANCELLED = "letter_cancelled"


def move_places(
    campaign_id: int,
    ids: Collection[int],
    position: int,
    to: PlaceState,
    at: datetime,
    *,
    passed: int = 0,
    why: str | None = "",
    due_at: datetime | None = None,
) -> list[int]:
    """Moves those who still stand at `position`; returns whom. `passed`: how many steps further they are then.
    `why`: None leaves it as it is.
    """
    sources = [state for state, moves in PLACE_MOVES.items() if to in moves]
    more: dict[str, Any] = {"moved_at": at} if passed or to is PlaceState.STOPPED else {}
    if why is not None:
        more["why"] = why
    moved = session().scalars(
        update(Place)
        .where(
            Place.campaign_id == campaign_id,
            among(Place.person_id, ids),
            Place.position == position,
            Place.state.in_(sources),
        )
        .values(position=position + passed, state=to, due_at=due_at, **more)
        .returning(Place.person_id)
        .execution_options(synchronize_session=False)
    )
    return sorted(moved)


def advance(campaign_id: int, at: datetime, limit: int = CHUNK) -> int:
    """Looks at the places that are due, the longest due first; returns how many. Nothing moves while it pauses."""
    campaign = going(campaign_id)
    if campaign is None or campaign.state is not CampaignState.RUNNING:
        return 0
    due = session().execute(
        select(Place.position, Place.person_id, Place.moved_at)
        .where(Place.campaign_id == campaign_id, Place.state == PlaceState.WAITING, Place.due_at <= at)
        .order_by(Place.due_at, Place.person_id)
        .limit(limit)
    )
    rows = sorted((row[0], row[1], row[2]) for row in due)
    steps = {step.position: step for step in steps_of(campaign_id)}
    for position, some in groupby(rows, key=lambda row: row[0]):
        since = {person_id: moved_at for _position, person_id, moved_at in some}
        _advance_from(campaign, position, since, steps, at)
    return len(rows)


def _advance_from(
    campaign: Campaign, position: int, since: dict[int, datetime], steps: Mapping[int, CampaignStep], at: datetime
) -> None:
    """`since`: the people who stand at this position, with when they came to it."""
    facts = facts_of(campaign, list(since))
    stopped = stops_of(campaign, facts)
    for why in set(stopped.values()):
        some = [one for one, reason in stopped.items() if reason is why]
        move_places(campaign.id, some, position, PlaceState.STOPPED, at, why=why.value)
    staying = {one: moment for one, moment in since.items() if one not in stopped}
    staying = _after_letters(campaign, position, staying, at)
    step = steps.get(position + 1)
    if step is None:
        move_places(campaign.id, staying, position, PlaceState.DONE, at)
        return
    ready = _ready(campaign, position, step, staying, at)
    known = {one: frozenset(name for name, whom in facts.items() if one in whom) for one in ready}
    meant = [one for one in ready if holds(step.only, known[one])]
    if position + 1 in second_paths([steps[number].only for number in sorted(steps)]):
        meant = _of_second_path(campaign, steps[position], ready, meant)
    passed_by = [one for one in ready if one not in set(meant)]
    more = position + 2 in steps
    _pass_by(campaign, position, passed_by, step.only.value, more, at)
    _write(campaign, position, step, meant, more, at)


def _of_second_path(campaign: Campaign, first: CampaignStep, ready: list[int], holding: Collection[int]) -> list[int]:
    """Those whom the first of two opposite steps has passed by, whatever they have done since; and those of whom the
    second holds now, when the first was meant for them and could not be written.
    """
    passed_by = session().scalars(
        select(Place.person_id).where(
            Place.campaign_id == campaign.id,
            among(Place.person_id, ready),
            Place.position == first.position,
            Place.why == first.only.value,
        )
    )
    written = session().scalars(
        select(Letter.person_id).where(
            among(Letter.person_id, ready), Letter.occasion == occasion(campaign.id, first.position)
        )
    )
    meant = {*passed_by, *holding} - set(written)
    return [one for one in ready if one in meant]


def _after_letters(
    campaign: Campaign, position: int, staying: dict[int, datetime], at: datetime
) -> dict[int, datetime]:
    """Those whose last letter has left, with when; who had none counts from their last move. The others wait on."""
    letters = session().execute(
        select(Letter.person_id, Letter.state, Letter.sent_at).where(
            among(Letter.person_id, list(staying)), Letter.occasion == occasion(campaign.id, position)
        )
    )
    on_way: list[int] = []
    never: list[int] = []
    found = dict(staying)
    for person_id, state, sent_at in letters:
        if state in NOT_YET:
            on_way.append(person_id)
        elif sent_at is not None:
            found[person_id] = sent_at
        elif state is LetterState.CANCELLED or state is LetterState.SUPPRESSED:
            never.append(person_id)
    move_places(campaign.id, on_way, position, PlaceState.WAITING, at, due_at=at + LOOK_AGAIN)
    move_places(campaign.id, never, position, PlaceState.STOPPED, at, why=CANCELLED)
    gone = {*on_way, *never}
    return {one: moment for one, moment in found.items() if one not in gone}


def _ready(
    campaign: Campaign, position: int, step: CampaignStep, staying: Mapping[int, datetime], at: datetime
) -> list[int]:
    """Those whose wait before this step is over; the others are looked at when it is."""
    zones = _zones(list(staying)) if step.at_time or step.on_weekday is not None else {}
    own = programme.required().tz
    later: dict[datetime, list[int]] = {}
    ready: list[int] = []
    for one, left_at in staying.items():
        due = ready_at(left_at, step.after_hours, step.on_weekday, step.at_time, zones.get(one, own))
        if due <= at:
            ready.append(one)
        else:
            later.setdefault(due, []).append(one)
    for due, some in later.items():
        move_places(campaign.id, some, position, PlaceState.WAITING, at, why=None, due_at=due)
    return ready


def _zones(ids: list[int]) -> dict[int, ZoneInfo]:
    """The zones of those whose own we know."""
    rows = session().execute(select(Person.id, Person.zone).where(among(Person.id, ids), Person.zone.is_not(None)))
    found = {}
    for person_id, name in rows:
        try:
            found[person_id] = ZoneInfo(name or "")
        except (KeyError, ValueError):  # an import may have brought any word
            continue
    return found


def _pass_by(campaign: Campaign, position: int, ids: Collection[int], why: str, more: bool, at: datetime) -> list[int]:
    to = PlaceState.WAITING if more else PlaceState.DONE
    return move_places(campaign.id, ids, position, to, at, passed=1, why=why, due_at=at if more else None)


def _write(campaign: Campaign, position: int, step: CampaignStep, ids: list[int], more: bool, at: datetime) -> None:
    """The move comes first: whoever was moved by another worker gets no second letter from here."""
    out = left_out(campaign, step, ids)
    for why in set(out.values()):
        some = [one for one, reason in out.items() if reason is why]
        if why in NEVER_AGAIN:
            move_places(campaign.id, some, position, PlaceState.STOPPED, at, why=why.value)
        else:
            _pass_by(campaign, position, some, why.value, more, at)
    moved = _pass_by(campaign, position, [one for one in ids if one not in out], "", more, at)
    plan_letters(next_letters(campaign, step, moved, at, {}), at)


def stop_answered(campaign_id: int, at: datetime, limit: int = CHUNK, after: int = 0) -> int | None:
    """Cancels what has not left yet to those whose sequence has ended meanwhile: looks at the next `limit` letters,
    returns the last of them, None when there is none.
    """
    campaign = going(campaign_id)
    if campaign is None:
        return None
    rows = session().execute(
        select(Letter.id, Letter.person_id)
        .where(Letter.origin_id == campaign.origin_id, Letter.state == LetterState.QUEUED, Letter.id > after)
        .order_by(Letter.id)
        .limit(limit)
    )
    letters = {row[0]: row[1] for row in rows}
    if not letters:
        return None
    stopped = stops_of(campaign, facts_of(campaign, list(letters.values())))
    for why in set(stopped.values()):
        whom = {one for one, reason in stopped.items() if reason is why}
        of_them = [letter for letter, person in letters.items() if person in whom]
        move_where([among(Letter.id, of_them)], LetterState.CANCELLED, at, reason=why.value)
        for position in {step.position for step in steps_of(campaign_id)}:
            move_places(campaign_id, whom, position, PlaceState.STOPPED, at, why=why.value)
    return max(letters)
