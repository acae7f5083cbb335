"""The turns of trains, past and coming: what left, what is to leave, which are left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from campaigns.releases.models import Release, Train
from campaigns.releases.queries.releases import holidays_of, planned_turns, trains
from campaigns.releases.queries.turns import turns_of
from campaigns.releases.rules import ReleaseState, Turn
from crm.builds.models import Build
from crm.core.db import session
from crm.core.tokens import read, sign

LINK = "releases.calendar"


@dataclass(frozen=True)
class CalendarTurn:
    """One turn of one train; `release` is None while nothing is planned, `skipped` says why it stays so."""

    train: Train
    turn: Turn
    opens_at: datetime
    release: Release | None
    skipped: str | None
    version: str | None

    @property
    def is_ahead(self) -> bool:
        """Whether anything may leave in it."""
        return self.skipped is None and (self.release is None or self.release.state is not ReleaseState.CANCELLED)


def turns_of_trains(at: datetime, weeks: range, days: range) -> list[CalendarTurn]:
    """Of every running train, turn by turn, counted as `turns_of` does; and what is left of the time when a train left
    weekly instead of daily, or daily instead of weekly. However many they are, it asks the same few questions.
    """
    running = [train for train in trains() if train.active]
    turns = {train.id: turns_of(train, at, weeks, days) for train in running}
    in_weeks = [turn.week for some in turns.values() for turn in some]
    if not in_weeks:
        return []
    known, free = planned_turns(list(turns), min(in_weeks), max(in_weeks)), holidays_of(list(turns))
    versions = _versions({release.build_id for release in known.values() if release.build_id is not None})
    found = []
    for train in running:
        left = [turn for number, turn in known if number == train.id and not train.leaves_in(turn)]
        for turn in turns[train.id] + left:
            release = known.get((train.id, turn))
            skipped = free.get((train.id, train.leaves_on(turn))) if train.leaves_in(turn) else None
            version = versions.get(release.build_id) if release and release.build_id else None
            at = release.opens_at if release else train.opens_at(turn)
            found.append(CalendarTurn(train, turn, at, release, skipped, version))
    return sorted(found, key=lambda one: one.turn)


def _versions(ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    return dict(session().execute(select(Build.id, Build.version).where(Build.id.in_(ids))).all())


def calendar_token(person_id: int) -> str:
    """What stands in the address that a member of staff gives to their calendar."""
    return sign(LINK, person_id)


def read_calendar_token(token: str) -> int:
    """The person. Raises NotAllowed for a token that we have not made."""
    return int(read(LINK, token))
