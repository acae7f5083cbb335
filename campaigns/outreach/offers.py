"""What campaigns do and show for other rooms."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Table, exists

from campaigns.outreach.models import Campaign, Place
from campaigns.outreach.queries import all_paused_themselves, campaigns, waiting_by_hand, waiting_for_approval
from campaigns.outreach.queries.places import touched
from crm.core.errors import NotUnderstood
from crm.core.guards import May
from crm.core.offers import Condition, NavItem, Owned, Panel, RoomOffers
from crm.outbox.models import Touch
from crm.people.models import Person


def _by_campaign(value: str, _at: datetime) -> ColumnElement[bool]:
    if not value.isdecimal() or len(value) > 15:
        raise NotUnderstood(_("There is no such campaign."))
    return exists().where(Touch.person_id == Person.id, Touch.origin_id == int(value))


def _choices() -> list[tuple[str, str]]:
    return [(str(one.origin_id), one.name) for one in campaigns()]


def _queue_panel(_viewer_id: int, at: datetime) -> dict[str, Any] | None:
    waits = waiting_by_hand(at)
    return {"waits": waits} if waits else None


def _paused_panel(_viewer_id: int, _at: datetime) -> dict[str, Any] | None:
    paused = all_paused_themselves()
    return {"paused": paused} if paused else None


def _approval_panel(viewer_id: int, _at: datetime) -> dict[str, Any] | None:
    """Campaigns that stand still until the viewer, or somebody else who did not start them, lets them go."""
    waiting = waiting_for_approval(viewer_id)
    return {"waiting": waiting} if waiting else None


OFFERS = RoomOffers(
    room="outreach",
    owned=(
        *(
            Owned(cast(Table, Campaign.__table__), column, forget="keep", exported=False)
            for column in ("created_by_id", "started_by_id", "approved_by_id")
        ),
        Owned(cast(Table, Place.__table__)),
    ),
    touched=touched,
    conditions=(Condition("campaign", _l("campaign"), "choice", _by_campaign, _choices),),
    home=(
        Panel("paused_itself", "outreach/_paused_itself.html", _paused_panel, order=11, may=May.OUTREACH),
        Panel("approval", "outreach/_approval.html", _approval_panel, order=13, may=May.OUTREACH),
        Panel("by_hand", "outreach/_home.html", _queue_panel, order=14, may=May.OUTREACH),
    ),
    navigation=(NavItem(_l("Campaigns"), "outreach.listing", May.OUTREACH, order=30, section=_l("Outreach")),),
)
