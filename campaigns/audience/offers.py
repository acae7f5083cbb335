"""What audiences do and show for other rooms."""

from __future__ import annotations

from typing import cast

from flask_babel import lazy_gettext as _l
from sqlalchemy import Table

from campaigns.audience.models import Audience, FrozenMember
from crm.core.guards import May
from crm.core.offers import NavItem, Owned, RoomOffers

OFFERS = RoomOffers(
    room="audience",
    owned=(
        Owned(cast(Table, FrozenMember.__table__)),
        Owned(cast(Table, Audience.__table__), "created_by_id", forget="keep", exported=False),
    ),
    navigation=(NavItem(_l("Audiences"), "audience.listing", May.OUTREACH, order=32, section=_l("Outreach")),),
)
