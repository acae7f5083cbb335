"""What all parts of the story share: its people by week, its moments, its staff."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from crm.accounts.rules import Role
from crm.core import journal, weeks
from crm.core.db import session
from crm.demo.plan import SEED, WEEKS, Member, Size, draw
from crm.funnel.actions import recompute_for_the_day, settle
from crm.outbox.actions import NewTouch, deliver_due
from crm.outbox.rules import Direction, Outcome

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = range(5)
PLATFORM = "android"
PASSWORD = "orange-friday-2010"  # noqa: S105 -- the demo says it on its first line
Say = Callable[[str], None]
STAFF = {Role.COMMUNITY: ("陈静", "chen@orange.example"), Role.RELEASE: ("Zhao Yong", "zhao@orange.example")}


class Telling:
    """One replay. `first` is the number of the first week (core/weeks.py); `say` gets a line per milestone."""

    def __init__(self, size: Size, ends_on: date, say: Say) -> None:
        self.size, self.say = size, say
        self.first = weeks.week_of_date(ends_on) - WEEKS + 1
        self.members = draw(size)
        self.rng = Random(SEED + 1)  # noqa: S311 -- a story, not a secret
        self.contacted = self._weekly(lambda m: m.contacted)
        self.joined = self._weekly(lambda m: m.joined)
        self.accepted = self._weekly(lambda m: m.accepted)
        self.active: dict[int, list[Member]] = defaultdict(list)
        for member in self.members:
            for week in member.active:
                self.active[week].append(member)
        self.staff: dict[str, int] = {}
        self.groups: list[tuple[int, int]] = []
        self.requests: list[int] = []
        self.supported: set[tuple[int, int]] = set()
        self._wrote: set[int] = set()
        self._answered: set[int] = set()
        self._build_id = self._open_release = self.with_us = self.train = 0

    def _weekly(self, key: Callable[[Member], int | None]) -> dict[int, list[Member]]:
        found: dict[int, list[Member]] = defaultdict(list)
        for member in self.members:
            week = key(member)
            if week is not None:
                found[week].append(member)
        return found

    def by(self, role: Role) -> AbstractContextManager[None]:
        """What is done meanwhile is this member of staff's doing."""
        return journal.acting(self.staff[role], STAFF[role][0])

    def at(self, week: int, day: int, hour: int, minute: int = 0) -> datetime:
        """A moment of a story week, in the programme's zone, as UTC."""
        on = weeks.monday(self.first + week) + timedelta(days=day)
        return datetime.combine(on, time(hour, minute), ZONE).astimezone(UTC)

    @property
    def ends_at(self) -> datetime:
        return self.at(WEEKS - 1, FRIDAY, 21)

    def _touch(self, member: Member, at: datetime, outcome: Outcome, body: str) -> NewTouch:
        return NewTouch(
            person_id=member.person_id,
            at=at,
            direction=Direction.IN,
            channel="email" if member.mail else "qq",
            outcome=outcome,
            body=body,
        )

    def _settle(self, at: datetime) -> None:
        while settle(at):
            session().commit()
        recompute_for_the_day(at)
        deliver_due(at)
        session().commit()
