"""The story's weeks: a build every Friday, those who run it, what they ask for."""

from __future__ import annotations

import io
from datetime import datetime, timedelta

from sqlalchemy import select

from campaigns.releases.actions import close_release, count_again, open_release, plan_release
from campaigns.releases.models import Release
from crm.accounts.rules import Role
from crm.builds.actions import NewCheckIn, record_check_ins, register_build
from crm.builds.models import Build
from crm.builds.rules import CheckInKind
from crm.core.db import session
from crm.demo import words
from crm.demo.plan import WEEKS, Member
from crm.demo.telling import FRIDAY, PLATFORM, THURSDAY, Telling
from crm.feedback.actions import answer, move, support_many, write_request
from crm.feedback.models import Request
from crm.feedback.rules import RequestKind, RequestState, Severity
from crm.outbox.actions import deliver_due


class Testing(Telling):
    """From members to testers."""

    def _register(self, week: int) -> Build:
        at = self.at(week, THURSDAY, 16)
        version = f"{week // 26}.{week % 26 + 8}.{week % 7}"
        notes = {language: text.format(fixed=3 + week % 9) for language, text in words.BUILD_NOTES.items()}
        artefact = io.BytesIO(f"Orange OS {version}\n".encode() * 4096)
        made = register_build(
            PLATFORM,
            version,
            notes,
            at=at,
            by_id=self.staff["release"],
            file=artefact if week == WEEKS - 1 else None,
            file_name=f"orange-os-{version}.zip" if week == WEEKS - 1 else None,
        )
        session().commit()
        self._build_id = made.id
        return made

    def _release(self, week: int, build: Build) -> None:
        with self.by(Role.RELEASE):
            planned = plan_release(
                self.train,
                self.first + week,
                build_id=build.id,
                audience_id=self.with_us,
                at=self.at(week, THURSDAY, 17),
                by_id=self.staff[Role.RELEASE],
            )
        session().commit()
        opens = self.at(week, FRIDAY, 17)
        open_release(planned.id, opens)
        session().commit()
        deliver_due(opens + timedelta(minutes=10))
        session().commit()
        if self._open_release:
            close_release(self._open_release, opens)
        self._open_release = planned.id
        session().commit()

    def _count_hours(self) -> None:
        """The last release and the one before it, hour by hour, as the schedule would have counted them."""
        last = select(Release.id).where(Release.opened_at.is_not(None)).order_by(Release.week.desc()).limit(2)
        for release_id in session().scalars(last).all():
            count_again(release_id, self.ends_at)
        session().commit()

    def _run(self, week: int, build: Build) -> None:
        """Everybody who is active this week runs the build between Friday evening and Sunday; half of them twice."""
        span = 180 if week == WEEKS - 1 else 48 * 60
        opens = self.at(week, FRIDAY, 17, 30)
        found = []
        for member in self.active[week]:
            at = opens + timedelta(minutes=self.rng.randrange(span))
            kinds = (CheckInKind.FIRST_RUN, CheckInKind.HEARTBEAT) if member.number % 2 else (CheckInKind.FIRST_RUN,)
            for later, kind in enumerate(kinds):
                found.append(
                    NewCheckIn(
                        person_id=member.person_id,
                        version=build.version,
                        kind=kind,
                        at=at + timedelta(minutes=10 * later),
                        client_key=f"{build.version}:{kind}",
                        build_id=build.id,
                    )
                )
        record_check_ins(found, received_at=opens + timedelta(minutes=span + 15))
        session().commit()

    def _ask(self, week: int) -> None:
        """Testers write requests and press "I need this too"; staff answer the hottest."""
        writers = self.size.writers
        due = writers * (week + 1) // WEEKS - writers * week // WEEKS
        at = self.at(week, THURSDAY if week == WEEKS - 1 else FRIDAY, 21)
        fresh = [m for m in self.active[week] if m.number not in self._wrote]
        for member in self.rng.sample(fresh, min(due, len(fresh))):
            self._wrote.add(member.number)
            self.requests.append(self._write(member, at).id)
        self._support(week, at)
        if self.requests and week % 2:
            self._answer(week)
        session().commit()

    def _write(self, member: Member, at: datetime) -> Request:
        fault = self.rng.random() < 0.6
        what = self.rng.choice(words.FAULTS if fault else words.IDEAS)
        where = self.rng.choice(words.PLACES)
        return write_request(
            member.person_id,
            RequestKind.FAULT if fault else RequestKind.IDEA,
            f"{what}（{where}）",
            f"{where}：{what}。",
            at=at + timedelta(minutes=self.rng.randrange(60)),
            severity=self.rng.choices((Severity.MINOR, Severity.MAJOR, Severity.BLOCKER), (6, 3, 1))[0]
            if fault
            else None,
            expected="",
        )

    def _support(self, week: int, at: datetime) -> None:
        """A third of the week's active testers look at the list; few requests get most of the support."""
        if not self.requests:
            return
        recent = self.requests[-400:]
        pairs = []
        for member in self.active[week]:
            if self.rng.random() > 0.12:
                continue
            request = recent[-1 - min(len(recent) - 1, int(self.rng.expovariate(1 / 12)))]
            if (request, member.number) not in self.supported:
                self.supported.add((request, member.number))
                pairs.append((request, member.person_id, at + timedelta(minutes=self.rng.randrange(90))))
        support_many(pairs)

    def _answer(self, week: int) -> None:
        at = self.at(week, THURSDAY, 11)
        staff = self.staff["community"]
        old = [r for r in self.requests[: -self.size.of(20)] if r not in self._answered][-self.size.of(18) :]
        for request_id in old:
            self._answered.add(request_id)
            answer(request_id, self.rng.choice(words.ANSWERS), staff_id=staff, at=at)
            fate = self.rng.random()
            if fate < 0.5:
                move(request_id, RequestState.PLANNED, at=at)
                move(request_id, RequestState.SHIPPED, at=at, shipped_in_id=self._build_id)
            elif fate < 0.8:
                move(request_id, RequestState.PLANNED, at=at)
            elif fate < 0.9:
                move(request_id, RequestState.DECLINED, at=at)
