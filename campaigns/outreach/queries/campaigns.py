"""Campaigns, and who of an audience gets a letter, or why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, and_, exists, or_, select

from campaigns.audience.models import FrozenMember
from campaigns.audience.queries import people_of
from campaigns.outreach.models import Campaign, CampaignStep, StepWording
from campaigns.outreach.rules import START_JOB, CampaignState, LeftOut
from crm.core.bulk import among, chunks
from crm.core.db import session
from crm.core.errors import NotThere
from crm.core.jobs import Job
from crm.inbound.models import Alarm
from crm.inbound.queries import last_alarm
from crm.invites.queries import opened_of
from crm.outbox.models import CampaignRefusal, Contact, Letter, Touch
from crm.outbox.queries import count_by_hand
from crm.outbox.rules import Channel, Lane, LetterState, Outcome
from crm.people.models import Person, Source
from crm.people.queries import addresses, listed, suppressed

CHUNK = 5000
ON_THEIR_WAY = (LetterState.QUEUED, LetterState.SENDING, LetterState.UNCERTAIN, LetterState.SENT)


def campaign_or_404(campaign_id: int) -> Campaign:
    found = session().get(Campaign, campaign_id)
    if found is None:
        raise NotThere(_("There is no such campaign."))
    return found


def waiting_by_hand(at: datetime) -> list[tuple[Campaign, int]]:
    """Running campaigns by hand, with how many people their queue still holds."""
    hand = select(CampaignStep.campaign_id).where(CampaignStep.channel == Channel.HAND)
    running = select(Campaign).where(Campaign.state == CampaignState.RUNNING, Campaign.id.in_(hand))
    found = [(one, count_by_hand(one.origin_id, at)) for one in session().scalars(running.order_by(Campaign.id))]
    return [(one, count) for one, count in found if count]


def paused_itself(campaign: Campaign) -> Alarm | None:
    """Why it stands still, when it was not a person who paused it."""
    alarm = last_alarm(campaign.origin_id) if campaign.state is CampaignState.PAUSED else None
    return alarm if alarm is not None and alarm.at == campaign.paused_at else None


def all_paused_themselves() -> list[tuple[Campaign, Alarm]]:
    paused = session().scalars(select(Campaign).where(Campaign.state == CampaignState.PAUSED).order_by(Campaign.id))
    return [(one, alarm) for one in paused if (alarm := paused_itself(one)) is not None]


def waiting_for_approval(viewer_id: int) -> list[Campaign]:
    """Those that this person may let go: somebody else has started them."""
    query = select(Campaign).where(Campaign.state == CampaignState.APPROVAL, Campaign.started_by_id != viewer_id)
    return list(session().scalars(query.order_by(Campaign.id)))


def is_starting(campaign: Campaign) -> bool:
    """Whether a worker looks at everybody of its audience, to start it."""
    if campaign.state is not CampaignState.DRAFT or campaign.job_id is None:
        return False
    job = session().get(Job, campaign.job_id)
    return job is not None and job.kind == START_JOB and job.is_open


def campaigns() -> list[Campaign]:
    """All of them, the newest first."""
    return list(session().scalars(select(Campaign).order_by(Campaign.id.desc())))


def opened(person_ids: Collection[int], campaign_id: int) -> set[int]:
    """Those of these people who have opened this campaign's invite link: scanners that say so are not counted."""
    return opened_of(campaign_or_404(campaign_id).origin_id, person_ids)


def step_of(campaign_id: int, position: int = 1) -> CampaignStep | None:
    query = select(CampaignStep).where(CampaignStep.campaign_id == campaign_id, CampaignStep.position == position)
    return session().scalar(query)


def texts_of(step_id: int) -> list[StepWording]:
    return texts_by_step([step_id])[step_id]


def texts_by_step(step_ids: Sequence[int]) -> dict[int, list[StepWording]]:
    """What each of these steps says, by language and variant; one question for all of them."""
    query = select(StepWording).where(StepWording.step_id.in_(step_ids))
    found: dict[int, list[StepWording]] = {step_id: [] for step_id in step_ids}
    for text in session().scalars(query.order_by(StepWording.language, StepWording.variant)):
        found[text.step_id].append(text)
    return found


def audience_of(campaign: Campaign, at: datetime) -> Select[Any]:
    """The ids of its people: the frozen list once it has started, the filter's before."""
    if campaign.list_id is not None:
        return select(Person.id).where(
            Person.id.in_(select(FrozenMember.person_id).where(FrozenMember.list_id == campaign.list_id)), listed()
        )
    if campaign.audience_id is None:
        return select(Person.id).where(Person.id.is_(None))
    return people_of(campaign.audience_id, at)


def _written_to(ids: Sequence[int], origin_id: int) -> set[int]:
    """By anybody before, or by a letter of another campaign that is on its way."""
    another = exists().where(
        Letter.person_id == Person.id,
        Letter.lane == Lane.CAMPAIGN,
        Letter.origin_id != origin_id,
        Letter.state.in_(ON_THEIR_WAY),
    )
    before = exists().where(
        Contact.person_id == Person.id,
        Contact.first_sent_at.is_not(None),
        or_(Contact.first_origin_id.is_(None), Contact.first_origin_id != origin_id),
    )
    return set(session().scalars(select(Person.id).where(among(Person.id, ids), or_(another, before))))


def left_out(campaign: Campaign, step: CampaignStep, ids: Sequence[int]) -> dict[int, LeftOut]:
    """Who of these people gets no letter, each with the first reason. Four questions, however many people."""
    of_these = among(Person.id, ids)
    with_basis = exists().where(and_(Source.person_id == Person.id, Source.basis != ""))
    rows = session().execute(select(Person.id, Person.is_staff, with_basis).where(of_these)).all()
    for_good = select(Touch.person_id).where(among(Touch.person_id, ids), Touch.outcome == Outcome.REFUSED)
    campaigns_only = select(CampaignRefusal.person_id).where(among(CampaignRefusal.person_id, ids))
    refused = set(session().scalars(for_good.union(campaigns_only)))
    barred = suppressed(ids, step.identity_kind)
    reached = addresses(ids, step.identity_kind)
    again = bool(step.settings.get("again")) or step.position > 1
    before = set() if again else _written_to(ids, campaign.origin_id)
    found: dict[int, LeftOut] = {}
    for person_id, is_staff, has_basis in rows:
        holds = (
            (is_staff, LeftOut.STAFF),
            (person_id in refused, LeftOut.DECLINED),
            (person_id in barred, LeftOut.SUPPRESSED),
            (not has_basis, LeftOut.NO_BASIS),
            (person_id not in reached, LeftOut.NO_IDENTITY),
            (person_id in before, LeftOut.WRITTEN_TO),
        )
        reason = next((reason for is_so, reason in holds if is_so), None)
        if reason is not None:
            found[person_id] = reason
    return found


def sorted_out(campaign: Campaign, step: CampaignStep, at: datetime) -> Iterator[tuple[list[int], dict[int, LeftOut]]]:
    ids = list(session().scalars(audience_of(campaign, at)))
    for chunk in chunks(sorted(ids), CHUNK):
        yield chunk, left_out(campaign, step, chunk)


def summary(campaign: Campaign, step: CampaignStep, at: datetime) -> tuple[int, Counter[LeftOut]]:
    """How many get a letter, and how many are left out for which reason: exact, for the audience as it is now."""
    counts: Counter[LeftOut] = Counter()
    people = 0
    for chunk, out in sorted_out(campaign, step, at):
        people += len(chunk)
        counts.update(out.values())
    return people - counts.total(), counts


def people_left_out(campaign: Campaign, step: CampaignStep, reason: LeftOut, at: datetime, limit: int) -> list[int]:
    """The first of those whom this reason leaves out."""
    found: list[int] = []
    for _chunk, out in sorted_out(campaign, step, at):
        found += sorted(person_id for person_id, why in out.items() if why is reason)
        if len(found) >= limit:
            break
    return found[:limit]


def somebody(campaign: Campaign, step: CampaignStep, at: datetime, after: int = 0) -> int | None:
    """The next person who gets a letter, for the preview; from the first again after the last."""
    for chunk, out in sorted_out(campaign, step, at):
        for person_id in chunk:
            if person_id > after and person_id not in out:
                return person_id
    return somebody(campaign, step, at) if after else None


def steps_of(campaign_id: int) -> list[CampaignStep]:
    """The sequence, in order."""
    query = select(CampaignStep).where(CampaignStep.campaign_id == campaign_id)
    return list(session().scalars(query.order_by(CampaignStep.position)))


def variants_of(step: CampaignStep) -> dict[str, int]:
    """The step's variants with their shares of the people; one alone has all."""
    return shares_of(step, texts_of(step.id))


def shares_of(step: CampaignStep, texts: Sequence[StepWording]) -> dict[str, int]:
    """As variants_of, of texts that have been read."""
    names = sorted({text.variant for text in texts})
    shares: dict[str, int] = step.settings.get("shares") or {}
    return {name: int(shares.get(name, 1)) for name in names}


def running_ids() -> list[int]:
    return list(session().scalars(select(Campaign.id).where(Campaign.state == CampaignState.RUNNING)))
