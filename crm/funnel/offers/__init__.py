"""What the funnel does and shows for others."""

from __future__ import annotations

from typing import cast

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from sqlalchemy import Table

from crm.core.guards import May
from crm.core.offers import NavItem, Owned, Panel, RoomOffers
from crm.funnel.models import Activity, Move, RuleSet, Standing
from crm.funnel.offers.conditions import CONDITIONS
from crm.funnel.offers.panels import person_panel, tester_panel
from crm.funnel.offers.timeline import timeline

# A merge or its undoing changes the facts of both people: people marks them, and the next settling tells their ways
# anew.
# Of a forgotten person the standing, its moves and weeks stay, so that figures do; they name nobody.
OFFERS = RoomOffers(
    room="funnel",
    owned=(
        Owned(cast(Table, Standing.__table__), forget="keep"),
        Owned(cast(Table, Activity.__table__), forget="keep"),
        Owned(cast(Table, Move.__table__), forget="empty", emptied={"why": {}}),
        Owned(cast(Table, Move.__table__), "by_id", forget="keep", exported=False),
        Owned(cast(Table, RuleSet.__table__), "published_by_id", forget="keep", exported=False),
    ),
    timeline=timeline,
    conditions=CONDITIONS,
    person=(Panel("funnel", "funnel/_person.html", person_panel, order=10),),
    tester=(Panel("funnel", "funnel/_mine.html", tester_panel, order=20),),
    navigation=(NavItem(lazy_pgettext("navigation", "Reports"), "funnel.show", May.SEE, order=80),),
    reports=(
        NavItem(lazy_pgettext("report", "Funnel"), "funnel.show", May.SEE, order=10),
        NavItem(lazy_pgettext("report", "Cohorts"), "funnel.cohorts", May.SEE, order=20),
        NavItem(lazy_pgettext("report", "Week by week"), "funnel.weekly", May.SEE, order=30),
    ),
    settings=(NavItem(_l("Rules"), "funnel.rules", May.SEE, order=20),),
)
