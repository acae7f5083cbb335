"""The story's first year: lists, campaigns by mail and by hand, answers, groups, friends."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select, update

from campaigns.audience.actions import save_audience
from campaigns.outreach.actions import create_campaign, finish, set_step, start
from campaigns.outreach.models import Campaign
from crm.accounts.actions import accept_agreement
from crm.accounts.rules import Role
from crm.core import jobs
from crm.core.bulk import among
from crm.core.db import session
from crm.demo import words
from crm.demo.plan import FORUMS, GBK_FORUMS, Member
from crm.demo.telling import MONDAY, THURSDAY, TUESDAY, WEDNESDAY, Telling
from crm.fcodes.actions import issue, redeem
from crm.fcodes.actions.redeeming import origin as fcode_origin
from crm.groups.actions import create_group, record_joins
from crm.invites.models import Invite
from crm.outbox.actions import NewTouch, deliver_due, finish_many_by_hand, record_touches
from crm.outbox.models import Letter
from crm.outbox.rules import Channel, Direction, LetterState, Outcome
from crm.people.actions import add_person
from crm.people.actions.importing.arriving import describe, upload
from crm.people.actions.importing.arriving import start as start_import
from crm.people.queries import ids_by_identities


class Reaching(Telling):
    """From strangers to members of groups."""

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
            self._open_links([m.person_id for m in batch], at - timedelta(minutes=10))
            record_joins(group_id, [(m.person_id, at + timedelta(minutes=m.number % 2880)) for m in batch])
            self.groups[-1] = (group_id, places - len(batch))
        accepting = [m.person_id for m in self.accepted[week] if not m.by_fcode]
        if accepting:
            accept_agreement(accepting, at=self.at(week, THURSDAY, 20))
        session().commit()

    def _open_links(self, person_ids: list[int], at: datetime) -> None:
        """Whoever joins has opened the links that the letters to them held."""
        opened = update(Invite).where(among(Invite.person_id, person_ids), Invite.made_at <= at)
        session().execute(
            opened.values(opened=1, first_opened_at=at, last_opened_at=at).execution_options(synchronize_session=False)
        )

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
