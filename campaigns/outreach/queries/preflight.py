"""Before the start: who gets it, who not and why, in which countries, and what their law asks that is not there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from campaigns.outreach.models import Campaign, CampaignStep
from campaigns.outreach.queries.campaigns import sorted_out, steps_of, texts_by_step
from campaigns.outreach.queries.senders import senders_of
from campaigns.outreach.rules import LeftOut
from campaigns.outreach.rules.law import LAWS, Law, Need, Warn, basis_meets, country_of, is_marked
from crm.core import programme
from crm.core.bulk import among
from crm.core.db import session
from crm.core.journal import JournalEntry
from crm.outbox.queries.limits import mail_limits
from crm.outbox.queries.mail_accounts import mail_account_or_404
from crm.outbox.queries.warnings import warnings_of
from crm.outbox.queries.ways import limits_of_account, zone_of_account
from crm.outbox.rules import Channel
from crm.outbox.rules.limits import Limits, time_for
from crm.people.models import Identity, Person, Source


@dataclass(slots=True)
class Preflight:
    """Counts of people; `warnings` has how many people each of them concerns."""

    people: int = 0
    out: Counter[LeftOut] = field(default_factory=Counter)
    countries: Counter[str] = field(default_factory=Counter)
    warnings: Counter[Warn] = field(default_factory=Counter)
    takes: timedelta | None = None

    @property
    def gets(self) -> int:
        return self.people - self.out.total()


def countries_of(ids: Sequence[int]) -> dict[int, str]:
    """Where each of these people probably is; "" when nothing tells."""
    signs: dict[int, dict[str, list[str]]] = {}
    kinds = ("phone", "email")
    rows = session().execute(
        select(Identity.person_id, Identity.kind, Identity.value).where(
            among(Identity.person_id, ids), Identity.kind.in_(kinds)
        )
    )
    for person_id, kind, value in rows:
        signs.setdefault(person_id, {}).setdefault(kind, []).append(value)
    people = session().execute(select(Person.id, Person.zone, Person.language).where(among(Person.id, ids)))
    return {
        one: country_of(signs.get(one, {}).get("phone", ()), signs.get(one, {}).get("email", ()), zone, language)
        for one, zone, language in people
    }


def _bases(ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    rows = session().execute(select(Source.person_id, Source.basis).where(among(Source.person_id, ids)))
    for person_id, basis in rows:
        found.setdefault(person_id, []).append(basis)
    return found


def _all_marked(campaign: Campaign) -> bool:
    """Whether every subject of its letters begins with the mark of an advertisement."""
    mail = [step.id for step in steps_of(campaign.id) if step.channel is Channel.MAIL]
    return all(is_marked(text.subject) for texts in texts_by_step(mail).values() for text in texts)


def preflight(campaign: Campaign, step: CampaignStep, at: datetime) -> Preflight:
    """Exact for the audience as it is now: everybody is looked at, in pieces."""
    found = Preflight()
    address, marked = bool(programme.required().postal_address.strip()), _all_marked(campaign)
    for chunk, out in sorted_out(campaign, step, at):
        found.people += len(chunk)
        found.out.update(out.values())
        meant = [one for one in chunk if one not in out]
        countries, bases = countries_of(meant), _bases(meant)
        found.countries.update(countries.values())
        for one, country in countries.items():
            met = {Need.ADDRESS: address, Need.MARK: marked}
            found.warnings.update(
                law.warn for law in LAWS if country in law.countries and not _meets(law, met, bases.get(one, []))
            )
    found.takes = time_of(campaign, found.gets, at) if step.channel is Channel.MAIL else None
    return found


def _meets(law: Law, met: dict[Need, bool], bases: Sequence[str]) -> bool:
    return met[law.need] if law.need in met else basis_meets(law.need, bases)


def time_of(campaign: Campaign, letters: int, at: datetime) -> timedelta | None:
    """How long the first step's letters take at the campaign's pace and within the limits of sending, as if no other
    letter left meanwhile; None: as fast as the mail server takes them.
    """
    paced = timedelta(hours=letters / campaign.pace) if campaign.pace else None
    daily = time_for(Limits(per_day=campaign.per_day), programme.required().tz, at, letters)
    limited = _time_within_limits(campaign, letters, at)
    return max((one for one in (paced, daily, *limited) if one is not None), default=None)


def _time_within_limits(campaign: Campaign, letters: int, at: datetime) -> list[timedelta | None]:
    """Of each of its senders, which share the letters evenly; one that is stopped is taken as if it went on."""
    chosen = senders_of(campaign.id)
    if not chosen:
        return [time_for(mail_limits(), programme.required().tz, at, letters)]
    each = -(-letters // len(chosen))
    accounts = [mail_account_or_404(sender.id) for sender in chosen]
    return [time_for(limits_of_account(*one), zone_of_account(one[0]), at, each) for one in accounts]


@dataclass(slots=True)
class WordingTrouble:
    """What is likely to go wrong with its words, as the first place says it; `places`: step, variant, language."""

    text: str
    places: list[tuple[int, str, str]] = field(default_factory=list)


def wording_troubles(campaign: Campaign) -> list[WordingTrouble]:
    """Each kind once, over all the letters by mail; in the reader's language."""
    mail = [step for step in steps_of(campaign.id) if step.channel is Channel.MAIL]
    texts = texts_by_step([step.id for step in mail])
    found: dict[str, WordingTrouble] = {}
    for step in mail:
        for text in texts[step.id]:
            place = (step.position, text.variant, text.language)
            for warn in warnings_of(text.subject, text.body, text.language):
                trouble = found.setdefault(warn.kind, WordingTrouble(warn.text))
                if place not in trouble.places:
                    trouble.places.append(place)
    return list(found.values())


def start_failed(campaign: Campaign) -> JournalEntry | None:
    """The start by itself that came to nothing, when nobody has tried to start or let go the campaign since."""
    tried = ("campaign.start_failed", "campaign.ask_to_start", "campaign.approve")
    of_it = select(JournalEntry).where(
        JournalEntry.subject == f"campaign:{campaign.id}", JournalEntry.action.in_(tried)
    )
    last = session().scalar(of_it.order_by(JournalEntry.id.desc()).limit(1))
    return last if last is not None and last.action == tried[0] else None
