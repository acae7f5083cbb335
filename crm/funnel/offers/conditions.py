"""By what the funnel finds people: the figures open their people through these."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, or_, select

from crm.core import weeks
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.offers import Condition, Rows
from crm.funnel.models import Activity, FunnelCell, Standing
from crm.funnel.queries.figures import campaign_origins, origins_of_campaign
from crm.funnel.rules import LADDER, Stage
from crm.funnel.rules.weekbits import signed
from crm.people.models import Person


def _standing(holds: ColumnElement[bool], *, none: bool = False, also: ColumnElement[bool] | None = None) -> Rows:
    return Rows(Standing.person_id, holds, none=none, also=also)


def _before(week: int) -> ColumnElement[bool]:
    """Who had run a build before this week."""
    return Person.id.in_(select(Standing.person_id).where(Standing.first_week < week))


def stage_words() -> dict[Stage, str]:
    return {
        Stage.PROSPECT: _("prospect"),
        Stage.CONTACTED: _("contacted"),
        Stage.JOINED: _("joined"),
        Stage.ACTIVE: _("active"),
        Stage.RETAINED: _("retained"),
        Stage.LAPSED: _("lapsed"),
        Stage.DECLINED: _("declined"),
    }


def _stage(value: str, _at: datetime) -> Rows:
    if value not in set(Stage):
        raise NotUnderstood(_("“%(value)s” is no stage.", value=value))
    if value == Stage.PROSPECT:
        return _standing(Standing.stage != Stage.PROSPECT, none=True, also=Person.is_staff.is_(False))
    return _standing(Standing.stage == Stage(value))


def _reached(value: str, _at: datetime) -> Rows:
    if value not in LADDER:
        raise NotUnderstood(_("“%(value)s” is no stage that people reach.", value=value))
    return _standing(Standing.reached >= LADDER.index(Stage(value)) + 1)


def _week(value: str) -> int:
    try:
        return weeks.from_iso_name(value.strip())
    except ValueError as error:
        raise NotUnderstood(_("“%(value)s” is no week: write it like 2026-W05.", value=value)) from error


def _ran_in(week: int) -> ColumnElement[bool]:
    era, position = divmod(week, 64)
    mask = signed(1 << position)
    found = select(Activity.person_id).where(Activity.era == era, Activity.bits.bitwise_and(mask) != 0)
    return Person.id.in_(found)


def _active_in(value: str, _at: datetime) -> ColumnElement[bool]:
    return _ran_in(_week(value))


def _returning_in(value: str, _at: datetime) -> ColumnElement[bool]:
    week = _week(value)
    return and_(_ran_in(week), _ran_in(week - 1), _before(week))


def _back_in(value: str, _at: datetime) -> ColumnElement[bool]:
    week = _week(value)
    return and_(_ran_in(week), ~_ran_in(week - 1), _before(week))


def _silent_in(value: str, _at: datetime) -> ColumnElement[bool]:
    week = _week(value)
    return and_(_ran_in(week - 1), ~_ran_in(week), _before(week))


def _came_by(value: str, _at: datetime) -> Rows:
    if not value.isdecimal() or len(value) > 15:
        raise NotUnderstood(_("There is no such campaign."))
    return _standing(Standing.origin_id.in_(origins_of_campaign(int(value))))


def _campaigns() -> list[tuple[str, str]]:
    return [(str(origin.id), origin.title) for origin in campaign_origins()]


def _values(column: Any) -> list[tuple[str, str]]:
    found = session().scalars(select(column).distinct().order_by(column))
    return [(value, value) for value in found if value]


def _stages() -> list[tuple[str, str]]:
    return [(stage.value, word) for stage, word in stage_words().items()]


def _ladder() -> list[tuple[str, str]]:
    words = stage_words()
    return [(stage.value, words[stage]) for stage in LADDER]


def _warned(_value: str, _at: datetime) -> Rows:
    return _standing(Standing.warned_at.is_not(None))


def _resurrected(_value: str, _at: datetime) -> Rows:
    back = or_(Standing.stage == Stage.ACTIVE, Standing.stage == Stage.RETAINED)
    return _standing(and_(back, Standing.lapsed_at.is_not(None)))


def _not_lapsed(_value: str, _at: datetime) -> Rows:
    return _standing(Standing.stage == Stage.LAPSED, none=True)


CONDITIONS = (
    Condition("stage", _l("Stage"), "choice", _stage, _stages),
    Condition("reached", _l("ever reached"), "choice", _reached, _ladder),
    Condition("came_by", _l("came by the campaign"), "choice", _came_by, _campaigns),
    Condition(
        "found_at",
        _l("first found at"),
        "choice",
        lambda value, _at: _standing(Standing.source_key == value),
        lambda: _values(FunnelCell.source_key),
    ),
    Condition(
        "channel",
        _l("first contacted by"),
        "choice",
        lambda value, _at: _standing(Standing.channel == value),
        lambda: _values(FunnelCell.channel),
    ),
    Condition(
        "came_in", _l("came in in the week"), "text", lambda value, _at: _standing(Standing.week == _week(value))
    ),
    Condition(
        "cohort",
        _l("first ran a build in the week"),
        "text",
        lambda value, _at: _standing(Standing.first_week == _week(value)),
    ),
    Condition("active_in", _l("ran a build in the week"), "text", _active_in),
    Condition("returning_in", _l("ran a build in the week and in the one before"), "text", _returning_in),
    Condition("back_in", _l("came back to a build in the week"), "text", _back_in),
    Condition("silent_in", _l("fell silent in the week"), "text", _silent_in),
    Condition("warned", _l("has been warned"), "yes", _warned),
    Condition("not_lapsed", _l("has not lapsed"), "yes", _not_lapsed),
    Condition("came_back", _l("lapsed and came back"), "yes", _resurrected),
)
__all__ = ["CONDITIONS", "stage_words"]
