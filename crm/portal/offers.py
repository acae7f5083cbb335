"""The portal's places in the tester's navigation. It owns no table."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from crm.core.offers import NavItem, RoomOffers

OFFERS = RoomOffers(
    room="portal",
    navigation=(
        NavItem(_l("My build"), "portal.home", for_testers=True, order=10),
        NavItem(lazy_pgettext("navigation", "Me"), "me.me", for_testers=True, order=60),
    ),
)
