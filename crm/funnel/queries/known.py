"""The facts that the funnel looks at, read for many people at once from the tables of lower rooms."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from crm.accounts.models import Agreement
from crm.builds.models import CheckIn
from crm.core import weeks
from crm.core.tokens import keyed_hash
from crm.funnel.models import Activity, Move, Standing
from crm.funnel.queries.among import among, rows
from crm.funnel.rules import Stage
from crm.funnel.rules.absences import absences
from crm.funnel.rules.released import Counted
from crm.groups.models import Membership
from crm.outbox.models import Contact, Touch
from crm.outbox.rules import Outcome
from crm.people.models import Person, Source, Suppression
from crm.people.queries import has_suppressions, identities_of
from crm.people.rules import SuppressionReason

ASKED_TO_BE_LEFT_ALONE = (
    SuppressionReason.DECLINED,
    SuppressionReason.UNSUBSCRIBED,
    SuppressionReason.COMPLAINT,
    SuppressionReason.IMPORTED,
)
KEPT = (
    Standing.person_id,
    Standing.stage,
    Standing.since,
    Standing.reached,
    Standing.left_at,
    Standing.warned_at,
    Standing.first_week,
    Standing.week,
    Standing.rule_version,
    Standing.origin_id,
    Standing.source_id,
    Standing.source_key,
    Standing.channel,
)  # what a standing is compared by; its other dates follow from the moves
UPWARD = (Stage.ACTIVE, Stage.RETAINED)
Ids = Sequence[int]


@dataclass(slots=True)
class Known:
    """One person's facts as they stand in the tables."""

    person_id: int
    known_at: datetime
    language: str | None = None
    contact: tuple[datetime | None, str | None, int | None] = (None, None, None)
    stays: list[tuple[datetime, datetime | None, str, int | None]] = field(default_factory=list)
    declined_at: datetime | None = None
    source: tuple[int, str, int | None] | None = None
    words: dict[int, int] = field(default_factory=dict)
    kept_words: dict[int, int] = field(default_factory=dict)
    firsts: dict[int, datetime] = field(default_factory=dict)
    moves: list[Any] = field(default_factory=list)
    standing: Any = None

    @property
    def joined(self) -> tuple[datetime, str, int | None] | None:
        """When and how they first came into the programme, by which origin."""
        first = min(self.stays, key=lambda stay: stay[0], default=None)
        return (first[0], first[2], first[3]) if first else None

    @property
    def absences(self) -> tuple[tuple[datetime, datetime | None], ...]:
        agreements = [(start, end) for start, end, how, _ in self.stays if how == "agreement"]
        if all(end is None for _, end in agreements):
            return ()
        return absences(agreements, [(start, end) for start, end, how, _ in self.stays if how == "group"])

    def earliest_after(self, at: datetime) -> datetime | None:
        """The first of the facts read that lies after a moment."""
        facts = [self.contact[0], self.declined_at, *self.firsts.values()]
        facts += [moment for stay in self.stays for moment in stay[:2]]
        return min((fact for fact in facts if fact is not None and fact > at), default=None)


def counted_people(ids: Ids) -> tuple[dict[int, Known], list[int]]:
    """Those who have a standing of their own, and those who have none: staff, and people merged into another.

    Forgotten people are in neither: what was counted of them stays as it is.
    """
    found: dict[int, Known] = {}
    without: list[int] = []
    query = select(
        Person.id, Person.is_staff, Person.merged_into_id, Person.forgotten_at, Person.collected_at, Person.language
    ).where(among(Person.id, ids))
    for person_id, is_staff, merged_into, forgotten_at, collected_at, language in rows(query):
        if is_staff or merged_into is not None:
            without.append(person_id)
        elif forgotten_at is None:
            found[person_id] = Known(person_id, collected_at, language)
    return found, without


def read_touches(people: dict[int, Known], ids: Ids, anew: Collection[int]) -> None:
    contacts = select(Contact.person_id, Contact.first_sent_at, Contact.first_channel, Contact.first_origin_id)
    for person_id, sent_at, channel, origin_id in rows(contacts.where(among(Contact.person_id, ids))):
        people[person_id].contact = (sent_at, channel, origin_id)
    refused = (
        select(Touch.person_id, func.min(Touch.at))
        .where(Touch.outcome == Outcome.REFUSED, among(Touch.person_id, ids))
        .group_by(Touch.person_id)
    )
    for person_id, at in rows(refused):
        people[person_id].declined_at = at
    if anew and has_suppressions():
        _read_suppressions(people, [person_id for person_id in anew if people[person_id].declined_at is None])


def _read_suppressions(people: dict[int, Known], ids: Ids) -> None:
    hashes = {keyed_hash(f"{kind}:{value}"): person_id for person_id, kind, value in identities_of(ids)}
    query = select(Suppression.hash, Suppression.at).where(
        Suppression.hash.in_(hashes), Suppression.reason.in_(ASKED_TO_BE_LEFT_ALONE)
    )
    for hashed, at in rows(query):
        known = people[hashes[hashed]]
        known.declined_at = at if known.declined_at is None else min(at, known.declined_at)


def read_stays(people: dict[int, Known], ids: Ids) -> None:
    memberships = select(Membership.person_id, Membership.joined_at, Membership.left_at, Membership.origin_id).where(
        among(Membership.person_id, ids)
    )
    for person_id, start, end, origin_id in rows(memberships):
        people[person_id].stays.append((start, end, "group", origin_id))
    agreements = select(Agreement.person_id, Agreement.accepted_at, Agreement.ended_at, Agreement.origin_id).where(
        among(Agreement.person_id, ids)
    )
    for person_id, start, end, origin_id in rows(agreements):
        people[person_id].stays.append((start, end, "agreement", origin_id))


def read_sources(people: dict[int, Known], ids: Ids) -> None:
    """The first place where each was found."""
    query = select(Source.person_id, Source.id, Source.site, Source.origin_id).where(among(Source.person_id, ids))
    for person_id, source_id, site, origin_id in rows(query.order_by(Source.found_at, Source.id)):
        if people[person_id].source is None:
            people[person_id].source = (source_id, site, origin_id)


def read_own(people: dict[int, Known], ids: Ids, counted: Counted) -> None:
    """What the funnel itself wrote before: standing, current moves, words of weeks, and the moments that the moves
    keep.
    """
    for standing in rows(select(*KEPT).where(among(Standing.person_id, ids))):
        people[standing.person_id].standing = standing
    moves = select(Move.id, Move.person_id, Move.from_stage, Move.to_stage, Move.at).where(
        among(Move.person_id, ids), Move.superseded_at.is_(None)
    )
    for move in rows(moves.order_by(Move.at, Move.id)):
        known = people[move.person_id]
        known.moves.append(move)
        if move.to_stage in UPWARD:
            week = weeks.week_of(move.at, counted.zone)
            if move.at != counted.starts_at(week):
                known.firsts.setdefault(week, move.at)
    read_words(people, ids)


def read_words(people: dict[int, Known], ids: Ids) -> None:
    words = select(Activity.person_id, Activity.era, Activity.bits).where(among(Activity.person_id, ids))
    for person_id, era, bits in rows(words):
        people[person_id].words[era] = people[person_id].kept_words[era] = bits


def read_check_ins(people: dict[int, Known], ids: Ids, since: datetime | None, counted: Counted) -> None:
    """Sets the weeks of all check-ins, or of those from a moment on (the start of a week), and the first of each
    week.
    """
    if not ids:
        return
    query = select(CheckIn.person_id, CheckIn.at).where(among(CheckIn.person_id, ids))
    if since is not None:
        query = query.where(CheckIn.at >= since)
    seen: dict[int, dict[int, datetime]] = {}
    zone = counted.zone
    for person_id, at in rows(query):
        firsts = seen.setdefault(person_id, {})
        week = weeks.week_of(at, zone)
        if week not in firsts or at < firsts[week]:
            firsts[week] = at
    for person_id in ids:
        _take(people[person_id], seen.get(person_id, {}), anew=since is None)


def _take(known: Known, firsts: dict[int, datetime], *, anew: bool) -> None:
    if anew:
        known.words, known.firsts = {}, {}
    known.firsts.update(firsts)
    for week in firsts:
        era, position = divmod(week, 64)
        known.words[era] = known.words.get(era, 0) | (1 << position)
