"""The story replayed through the same actions that users use, week by week, the same each time."""

from __future__ import annotations

from datetime import date, time, timedelta

from campaigns.audience.actions import save_audience
from campaigns.releases.actions import create_train
from crm.accounts.actions import add_staff, create_programme
from crm.accounts.rules import Role
from crm.core.db import session
from crm.demo import words
from crm.demo.plan import RECRUITING_WEEKS, WEEKS
from crm.demo.reaching import Reaching
from crm.demo.telling import FRIDAY, MONDAY, PASSWORD, PLATFORM, STAFF, TUESDAY, ZONE
from crm.demo.testing import Testing
from crm.demo.thanking import Thanking


def last_friday(today: date) -> date:
    """The Friday on which the story ends: the last one before `today`."""
    return today - timedelta(days=(today.weekday() - FRIDAY - 1) % 7 + 1)


class Story(Reaching, Testing, Thanking):
    """All of it, in order."""

    def replay(self) -> None:
        self._found()
        with self.by(Role.COMMUNITY):
            self._import_prospects()
        for week in range(WEEKS):
            self._week(week)
            if week % 10 == 9:
                self.say(f"  week {week + 1} of {WEEKS}")
        self._count_hours()
        self._thank()

    def _found(self) -> None:
        at = self.at(-1, TUESDAY, 9)
        create_programme(
            words.PROGRAMME,
            ZONE.key,
            ["zh", "en"],
            "林薇",
            "lin@orange.example",
            at=at,
            password=PASSWORD,
            postal_address=words.ADDRESS,
        )
        for role, (name, mail) in STAFF.items():
            self.staff[role] = add_staff(name, mail, [role], at=at, password=PASSWORD).id
        with self.by(Role.RELEASE):
            testers = save_audience(words.WITH_US, {"not_lapsed": "yes"}, at=at, by_id=self.staff[Role.RELEASE])
            self.with_us = testers.id
            self.train = create_train(words.TRAIN, PLATFORM, FRIDAY, time(17, 0), ZONE.key, at=at).id
        session().commit()

    def _week(self, week: int) -> None:
        if week < RECRUITING_WEEKS:
            with self.by(Role.COMMUNITY):
                self._write_to(week)
        if week == WEEKS - 1:
            with self.by(Role.RELEASE):
                self._ask_for_names()
        self._join(week)
        with self.by(Role.RELEASE):
            build = self._register(week)
        self._invite_friends(week)
        self._release(week, build)
        self._run(week, build)
        self._ask(week)
        end = self.ends_at if week == WEEKS - 1 else self.at(week + 1, MONDAY, 8)
        self._settle(end)
