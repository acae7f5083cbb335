"""Which mailboxes a campaign's letters leave by."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from campaigns.outreach.models import Campaign, CampaignSender, CampaignStep
from campaigns.outreach.rules import sender_of
from crm.core.db import session
from crm.outbox.models import MailAccount, Sender
from crm.outbox.queries.leaving import Obstacle, lacks_postal_address, obstacle
from crm.outbox.rules import Channel


def senders_of(campaign_id: int) -> list[Sender]:
    """Those that were chosen for it and have not been given up; none: its letters leave by the server all share."""
    query = (
        select(Sender)
        .join(CampaignSender, CampaignSender.sender_id == Sender.id)
        .join(MailAccount, MailAccount.sender_id == Sender.id)
        .where(CampaignSender.campaign_id == campaign_id, MailAccount.retired_at.is_(None))
    )
    return list(session().scalars(query.order_by(Sender.name)))


def senders_for(campaign: Campaign, step: CampaignStep, person_ids: Collection[int]) -> dict[int, int | None]:
    """Whom each of these people gets the step from: by mail always from the same one, by hand from its account."""
    if step.channel is Channel.HAND:
        return dict.fromkeys(person_ids, step.sender_id)
    chosen = [sender.id for sender in senders_of(campaign.id)]
    return {person_id: sender_of(campaign.id, person_id, chosen) for person_id in person_ids}


def obstacle_of(campaign: Campaign) -> Obstacle:
    """Why its letters reach nobody by mail: senders of its own need no server that all share."""
    why = obstacle()
    if why in ("no_server", "no_address") and senders_of(campaign.id):
        return "no_postal_address" if lacks_postal_address() else ""
    return why
