"""The story replayed through the same actions that users use, week by week, the same each time."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import select

from campaigns.audience.actions import save_audience
from campaigns.credits.actions import (
    answer_many,
    create_edition,
    freeze_edition,
    render_edition,
    ship,
    start_round,
)
from campaigns.credits.rules import ConsentAnswer, Look, Part, RuleKind, Wording, rule_of
from campaigns.outreach.actions import create_campaign, finish, set_step, start
from campaigns.outreach.models import Campaign
from campaigns.releases.actions import close_release, create_train, open_release, plan_release
from crm.accounts.actions import accept_agreement, add_staff, create_programme
from crm.accounts.rules import Role
from crm.builds.actions import NewCheckIn, record_check_ins, register_build
from crm.builds.models import Build
from crm.builds.rules import CheckInKind
from crm.core import jobs, journal, weeks
from crm.core.db import session
from crm.core.programme import required
from crm.core.upkeep import learn
from crm.demo import words
from crm.demo.plan import FORUMS, GBK_FORUMS, RECRUITING_WEEKS, SEED, WEEKS, Member, Size, draw
from crm.fcodes.actions import issue, redeem
from crm.fcodes.actions.redeeming import origin as fcode_origin
from crm.feedback.actions import answer, move, support_many, write_request
from crm.feedback.models import Request
from crm.feedback.rules import RequestKind, RequestState, Severity
from crm.funnel.actions import recompute_for_the_day, settle
from crm.groups.actions import create_group, record_joins
from crm.outbox.actions import NewTouch, deliver_due, finish_many_by_hand, record_touches
from crm.outbox.models import Letter
from crm.outbox.rules import Channel, Direction, LetterState, Outcome
from crm.people.actions import add_note, add_person, assign, tag
from crm.people.actions.importing.arriving import describe, upload
from crm.people.actions.importing.arriving import start as start_import
from crm.people.queries import ids_by_identities

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = range(5)
PLATFORM = "android"
PASSWORD = "orange-friday-2010"  # noqa: S105 -- the demo says it on its first line
Say = Callable[[str], None]


def last_friday(today: date) -> date:
    """The Friday on which the story ends: the last one before `today`."""
    return today - timedelta(days=(today.weekday() - FRIDAY - 1) % 7 + 1)


STAFF = {Role.COMMUNITY: ("陈静", "chen@orange.example"), Role.RELEASE: ("Zhao Yong", "zhao@orange.example")}


class Story:
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
        self._build_id = self._open_release = 0

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

    # ------------------------------------------------------------ the frame

    def replay(self) -> None:
        self._found()
        with self.by(Role.COMMUNITY):
            self._import_prospects()
        for week in range(WEEKS):
            self._week(week)
            if week % 10 == 9:
                self.say(f"  week {week + 1} of {WEEKS}")
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

    def _settle(self, at: datetime) -> None:
        while settle(at):
            session().commit()
        recompute_for_the_day(at)
        deliver_due(at)
        session().commit()

    # ------------------------------------------------------------ prospects

    def _import_prospects(self) -> None:
        """A list from each forum, three of them in GBK; one knows some people of another again."""
        at = self.at(-1, THURSDAY, 10)
        listed = [m for m in self.members if not m.by_fcode]
        for forum in FORUMS:
            members = [m for m in listed if m.forum == forum]
            if forum == FORUMS[3]:
                members += _known_again([m for m in listed if m.forum == FORUMS[0]])
            encoding = "gbk" if forum in GBK_FORUMS else "utf-8"
            columns = words.COLUMNS["zh" if forum in GBK_FORUMS else "en"]
            sheet = _as_csv(columns, members, words.BROKEN_ROWS if forum == FORUMS[0] else ()).encode(encoding)
            found = upload(io.BytesIO(sheet), f"{forum}.csv", at=at, by_id=self.staff["community"])
            describe(found.id, site=forum, basis=words.BASIS, found_at=at)
            start_import(found.id, at=at, by_id=self.staff["community"])
            session().commit()
            jobs.run_due.run()
        self._number()
        self.say(f"  {len(listed):,} people collected from five forums")

    def _number(self) -> None:
        """Finds each member's person by the identity that every row of the lists has."""
        known = ids_by_identities(("qq", m.qq) for m in self.members if not m.by_fcode)
        for member in self.members:
            member.person_id = known.get(("qq", member.qq), 0)
        if missing := [m.nick for m in self.members if not m.by_fcode and not m.person_id]:
            raise RuntimeError(f"{len(missing)} people of the story did not arrive, such as {missing[0]}")

    def _write_to(self, week: int) -> None:
        """This week's two campaigns: letters by mail, and messages by hand to those without an address."""
        for kind, channel, identity, wording in (
            ("mail", Channel.MAIL, "email", words.LETTER),
            ("hand", Channel.HAND, "qq", words.BY_HAND),
        ):
            at = self.at(week, MONDAY, 10)
            batch = f"{kind}-{week + 1:02d}"
            audience = save_audience(f"{week + 1:02d} {kind}", {"tag": batch}, at=at, by_id=self.staff["community"])
            campaign = create_campaign(
                f"第 {week + 1:02d} 周 · {'邮件' if kind == 'mail' else 'QQ'}",
                audience.id,
                at=at,
                by_id=self.staff["community"],
            )
            set_step(campaign.id, channel, identity, wording)
            start(campaign.id, at)
            session().commit()
            jobs.run_due.run()
            if kind == "mail":
                deliver_due(at + timedelta(hours=1))
            else:
                self._write_by_hand(campaign, week)
            session().commit()
            finish(campaign.id, self.at(week + 1, MONDAY, 7))
            session().commit()
        self._hear_back(week)

    def _write_by_hand(self, campaign: Campaign, week: int) -> None:
        letters = session().scalars(
            select(Letter.id).where(Letter.origin_id == campaign.origin_id, Letter.state == LetterState.QUEUED)
        )
        done = [(letter_id, Outcome.SENT) for letter_id in letters]
        finish_many_by_hand(done, staff_id=self.staff["community"], at=self.at(week, TUESDAY, 15))

    def _hear_back(self, week: int) -> None:
        touches = []
        for member in self.contacted[week]:
            at = self.at(week, WEDNESDAY, 9 + member.number % 12, member.number % 60)
            if member.refuses:
                touches.append(self._touch(member, at, Outcome.REFUSED, self.rng.choice(words.REFUSALS)))
            elif member.joined is not None and self.rng.random() < 0.3:
                touches.append(self._touch(member, at, Outcome.REPLIED, self.rng.choice(words.REPLIES)))
                back = NewTouch(
                    person_id=member.person_id,
                    at=at + timedelta(hours=3),
                    direction=Direction.OUT,
                    channel="qq",
                    outcome=Outcome.SENT,
                    staff_id=self.staff["community"],
                )
                touches.append(back)
        record_touches(touches, recorded_at=self.at(week, WEDNESDAY, 23, 30))
        session().commit()

    def _touch(self, member: Member, at: datetime, outcome: Outcome, body: str) -> NewTouch:
        return NewTouch(
            person_id=member.person_id,
            at=at,
            direction=Direction.IN,
            channel="email" if member.mail else "qq",
            outcome=outcome,
            body=body,
        )

    # ------------------------------------------------------------ groups and testers

    def _join(self, week: int) -> None:
        """Groups fill up one after the other; a new one is made when the last is full."""
        coming = [m for m in self.joined[week] if not m.by_fcode]
        at = self.at(week, TUESDAY, 12)
        while coming:
            if not self.groups or self.groups[-1][1] == 0:
                number = len(self.groups) + 1
                with self.by(Role.COMMUNITY):
                    made = create_group("qq", f"Orange OS 内测 {number} 群", self.size.group_places, at=at)
                self.groups.append((made.id, self.size.group_places))
            group_id, places = self.groups[-1]
            batch, coming = coming[:places], coming[places:]
            record_joins(group_id, [(m.person_id, at + timedelta(minutes=m.number % 2880)) for m in batch])
            self.groups[-1] = (group_id, places - len(batch))
        accepting = [m.person_id for m in self.accepted[week] if not m.by_fcode]
        if accepting:
            accept_agreement(accepting, at=self.at(week, THURSDAY, 20))
        session().commit()

    def _invite_friends(self, week: int) -> None:
        """Faithful testers get F-codes and give them to friends."""
        friends = [m for m in self.accepted[week] if m.by_fcode]
        givers = [m for m in self.active[week] if m.stays]
        for friend in friends:
            giver = self.rng.choice(givers)
            at = self.at(week, TUESDAY, 18)
            ends_at, staff = at + timedelta(days=30), self.staff[Role.COMMUNITY]
            with self.by(Role.COMMUNITY):
                code = issue(giver.person_id, 1, at=at, expires_at=ends_at, issued_by_id=staff)[0]
            assert friend.mail
            person = add_person(friend.name, [("email", friend.mail), ("qq", friend.qq)], at=at)
            friend.person_id = person.id
            redeem(code, person.id, at=at + timedelta(hours=4))
            accept_agreement([person.id], at=at + timedelta(hours=4), origin_id=fcode_origin())
        session().commit()

    # ------------------------------------------------------------ the week

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

    # ------------------------------------------------------------ the thanks

    def _ask_for_names(self) -> None:
        """The last week begins with a consent round; whoever has not answered is to be reminded in the next."""
        at = self.at(WEEKS - 1, MONDAY, 10)
        start_round(at, by_id=self.staff["release"])
        session().commit()
        jobs.run_due.run()
        deliver_due(at + timedelta(hours=1))
        session().commit()

    def _thank(self) -> None:
        """Those who stayed say yes to their name; of the others some said no and some have not answered."""
        at = self.at(WEEKS - 1, THURSDAY, 12)
        rows = []
        for member in self.members:
            if member.stays:
                rows.append((member.person_id, ConsentAnswer.YES, member.name, at))
            elif member.active and self.rng.random() < 0.3:
                yes = self.rng.random() < 0.6
                rows.append((member.person_id, ConsentAnswer.YES if yes else ConsentAnswer.NO, member.name, at))
        answer_many(rows)
        with self.by(Role.COMMUNITY):
            self._mark_the_core()
        self._leave_some_waiting()
        self._settle(self.ends_at)
        with self.by(Role.RELEASE):
            self._ship_an_edition()

    def _ship_an_edition(self) -> None:
        edition = create_edition(
            words.EDITION,
            rule_of([Part(RuleKind.RETAINED)]),
            self.ends_at,
            Look(wordings={"zh": Wording(words.EDITION_TITLE, words.EDITION_SUBTITLE)}),
            at=self.ends_at,
            by_id=self.staff["release"],
        )
        freeze_edition(edition.id, self.ends_at)
        render_edition(edition.id, self.ends_at)
        self._hold()
        jobs.run_due.run()
        ship(edition.id, self.ends_at, build_id=self._build_id)
        session().commit()

    def _mark_the_core(self) -> None:
        staying = [m for m in self.members if m.stays]
        core = [m.person_id for m in staying[:: max(1, len(staying) // self.size.of(100))]]
        tag(core, "core")
        assign(core, self.staff["community"])
        for person_id in core[: self.size.of(30)]:
            add_note(person_id, self.rng.choice(words.NOTES), at=self.ends_at, author_id=self.staff["community"])

    def _leave_some_waiting(self) -> None:
        """In the last week some wrote to us and have no answer yet."""
        at = self.at(WEEKS - 1, TUESDAY, 9)
        people = [m for m in self.active[WEEKS - 1] if m.stays][: self.size.of(40)]
        touches = [
            self._touch(m, at + timedelta(hours=i % 70), Outcome.REPLIED, words.REPLIES[i % len(words.REPLIES)])
            for i, m in enumerate(people)
        ]
        record_touches(touches, recorded_at=self.ends_at)
        session().commit()

    def _hold(self) -> None:
        """From here on time stands still, also for the drawing."""
        known = required()
        known.held_at, known.story_scale = self.ends_at, f"{self.size.scale:g}"
        learn()
        session().commit()


def _known_again(members: Sequence[Member]) -> list[Member]:
    """Some people of one list who stand in another too; a few rows there mix two people up."""
    mixed = zip([m for m in members if not m.mail][:400:80], [m for m in members if m.mail][40:440:80], strict=False)
    return [*members[::100], *(replace(one, mail=other.mail) for one, other in mixed)]


def _as_csv(columns: Sequence[str], members: Iterable[Member], broken: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    sheet = csv.writer(out)
    sheet.writerow(columns)
    for m in members:
        sheet.writerow([m.name, m.mail or "", m.qq, m.nick, m.board, m.role, m.batch])
    sheet.writerows(broken)
    return out.getvalue()
