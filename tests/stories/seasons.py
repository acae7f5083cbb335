"""A small programme whose weeks go by as fast as a test likes: everything by the verbs that pages call."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from campaigns.audience.actions import save_audience
from campaigns.outreach import actions as outreach
from campaigns.releases.actions import create_train, open_release, plan_release
from crm.accounts.actions import create_programme
from crm.builds.actions import NewCheckIn, record_check_ins, register_build
from crm.builds.models import Build
from crm.builds.rules import CheckInKind
from crm.core import jobs
from crm.core.db import session
from crm.core.weeks import week_of
from crm.funnel.actions import recompute_for_the_day, settle
from crm.outbox.actions import deliver_due
from crm.outbox.rules import Channel
from crm.people.actions import add_person, add_source

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2025, 1, 6, 9, 0, tzinfo=ZONE).astimezone(UTC)
WEEK = timedelta(weeks=1)
SITE = "gfan.com"
WORDING = {"en": ("Will you try it?", "Hello {{ name }}, will you try our weekly build?"),
           "zh": ("来试试吗？", "{{ name }}你好，想试试我们每周的版本吗？")}  # fmt: skip


class Season:
    """`at` is the moment the story has come to; weeks begin on Monday at nine."""

    def __init__(self) -> None:
        self.at = MONDAY
        self.start = MONDAY
        create_programme(
            "Orange", ZONE.key, ["en", "zh"], "Lin", "lin@orange.example", at=self.at, postal_address="68 Qinghe Street"
        )
        self.train = create_train("Orange Friday", "android", 4, time(17, 0), ZONE.key, at=self.at)
        session().commit()

    @staticmethod
    def moment() -> datetime:
        """A year after the beginning: after everything that a short season does."""
        return MONDAY + 52 * WEEK

    def collect(self, *names: str) -> dict[str, int]:
        """Prospects of a forum, by their names."""
        found = {}
        for name in names:
            person = add_person(name, [("email", f"{name.lower()}@prospects.example")], at=self.at)
            add_source(person.id, site=SITE, basis="public profile", at=self.at)
            found[name] = person.id
        session().commit()
        return found

    def write_to_all(self) -> int:
        """A campaign by mail to everybody from the forum; returns its number."""
        audience = save_audience("From the forum", {"site": SITE}, at=self.at)
        campaign = outreach.create_campaign("Come and try", audience.id, at=self.at)
        outreach.set_step(campaign.id, Channel.MAIL, "email", WORDING)
        outreach.start(campaign.id, self.at)
        session().commit()
        jobs.run_due.run()
        deliver_due(self.at + timedelta(hours=1))
        session().commit()
        return campaign.id

    def friday(self) -> datetime:
        local = self.at.astimezone(ZONE)
        return (local - timedelta(days=local.weekday()) + timedelta(days=4)).replace(hour=17).astimezone(UTC)

    def release(self, version: str) -> Build:
        """This week's build, opened on Friday; the letters of the release leave."""
        build = register_build("android", version, {"en": "What you asked for"}, at=self.at)
        planned = plan_release(self.train.id, week_of(self.at, ZONE), build_id=build.id, at=self.at)
        session().commit()
        open_release(planned.id, self.friday())
        session().commit()
        deliver_due(self.friday() + timedelta(minutes=5))
        session().commit()
        return build

    def run(self, build: Build, people: Iterable[int]) -> None:
        at = self.friday() + timedelta(hours=3)
        signs = [NewCheckIn(person, build.version, CheckInKind.FIRST_RUN, at, build_id=build.id) for person in people]
        record_check_ins(signs, received_at=at)
        session().commit()

    def next_week(self) -> None:
        """The week ends, everybody is settled, what became due is sent."""
        self.at += WEEK
        while settle(self.at):
            session().commit()
        recompute_for_the_day(self.at)
        deliver_due(self.at)
        session().commit()
