"""Where the desk stands in the navigation."""

from __future__ import annotations

from flask_babel import lazy_pgettext

from crm.core.guards import May
from crm.core.offers import NavItem, RoomOffers

OFFERS = RoomOffers(
    room="desk",
    navigation=(
        NavItem(lazy_pgettext("navigation", "Home"), "desk.home", order=10),
        NavItem(lazy_pgettext("navigation", "People"), "directory.people", May.SEE, order=20),
    ),
)
