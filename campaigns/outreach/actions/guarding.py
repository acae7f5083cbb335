"""A campaign over the limit of bounces or complaints pauses itself; only a person lets it go on.

A letter that the server refused for good counts with those that came back: its mailbox is not there, or the server does
not want us, and then the rest of the audience must not be spent on it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from campaigns.outreach.actions.running import pause
from campaigns.outreach.models import Campaign
from campaigns.outreach.rules import CampaignState
from crm.core import journal
from crm.core.db import session
from crm.core.errors import MoveRefused
from crm.inbound.models import Alarm
from crm.inbound.queries import complaints_of, last_alarm, limits
from crm.inbound.rules import is_too_much
from crm.outbox.queries import count_by_state
from crm.outbox.rules import LetterState


def pause_where_too_much(at: datetime) -> list[int]:
    """Looks at the running campaigns by what came of their letters since they last paused themselves."""
    running = list(session().scalars(select(Campaign.id).where(Campaign.state == CampaignState.RUNNING)))
    return [number for number in running if _is_over(number, at)]


def _is_over(campaign_id: int, at: datetime) -> bool:
    campaign, limit = session().get_one(Campaign, campaign_id), limits()
    states = count_by_state(campaign.origin_id)
    bounced = states.get(LetterState.BOUNCED, 0) + states.get(LetterState.REFUSED, 0)
    found = {"sent": states.get(LetterState.SENT, 0) + bounced, "bounced": bounced}
    found["complaints"] = complaints_of(campaign.origin_id)
    before = last_alarm(campaign.origin_id)
    new = {name: count - (getattr(before, name) if before else 0) for name, count in found.items()}
    over = is_too_much(new["bounced"], new["sent"], limit.bounces_per_10_000, limit.least_sent) or is_too_much(
        new["complaints"], new["sent"], limit.complaints_per_10_000, limit.least_sent
    )
    if not over:
        return False
    try:
        pause(campaign_id, at)
    except MoveRefused:
        return False  # somebody has paused or finished it in the meantime
    session().add(Alarm(origin_id=campaign.origin_id, at=at, **found))
    session().flush()
    journal.record("campaign.paused_itself", f"campaign:{campaign_id}", at=at, after=new)
    return True
