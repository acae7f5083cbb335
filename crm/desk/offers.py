"""Where the desk stands in the navigation."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p

from crm.core.guards import May
from crm.core.offers import NavItem, RoomOffers

OFFERS = RoomOffers(
    room="desk",
    navigation=(
        NavItem(_p("navigation", "Home"), "desk.home", order=10),
        NavItem(_l("People"), "directory.people", May.SEE, order=20),
    ),
)
