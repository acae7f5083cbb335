"""Weekly schedules."""

from __future__ import annotations

from datetime import datetime, time
from typing import cast
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import Table, select

from campaigns.releases.models import Train
from campaigns.releases.queries import train_or_404
from crm.builds.rules import PLATFORMS
from crm.core import journal
from crm.core.bulk import insert_or_pass
from crm.core.db import session
from crm.core.errors import NotUnderstood, Refusal

TRAIN = cast(Table, Train.__table__)


class TrainKnown(Refusal):
    """There is a train of this name already."""


def _check(platform: str, weekday: int, zone: str) -> None:
    if platform not in PLATFORMS:
        raise NotUnderstood(_("A platform is one of: %(platforms)s.", platforms=", ".join(PLATFORMS)))
    if weekday not in range(7):
        raise NotUnderstood(_("A weekday is a number from 0 (Monday) to 6 (Sunday)."))
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError) as error:
        raise NotUnderstood(_("%(zone)s is no time zone: write it like Asia/Shanghai.", zone=zone)) from error


def create_train(name: str, platform: str, weekday: int, local_time: time, zone: str, *, at: datetime) -> Train:
    """`weekday` 0 is Monday; `local_time` is in `zone`. Raises TrainKnown for a name that is taken."""
    name = name.strip()
    if not name:
        raise NotUnderstood(_("A train needs a name."))
    _check(platform, weekday, zone)
    row = {
        "name": name,
        "platform": platform,
        "weekday": weekday,
        "local_time": local_time,
        "zone": zone,
        "active": True,
        "created_at": at,
    }
    if not insert_or_pass(TRAIN, [row]):
        raise TrainKnown(_("There is a train %(name)s already.", name=name))
    train = session().scalars(select(Train).where(Train.name == name)).one()
    journal.record("create_train", f"train:{train.id}", at=at, after=_told(train))
    return train


def change_train(train_id: int, *, weekday: int, local_time: time, zone: str, active: bool, at: datetime) -> Train:
    """Releases that are planned already keep their time; those planned from now on follow the new one."""
    train = train_or_404(train_id)
    _check(train.platform, weekday, zone)
    before = _told(train)
    train.weekday, train.local_time, train.zone, train.active = weekday, local_time, zone, active
    session().flush()
    journal.record("change_train", f"train:{train_id}", at=at, before=before, after=_told(train))
    return train


def _told(train: Train) -> dict[str, object]:
    return {
        "name": train.name,
        "platform": train.platform,
        "weekday": train.weekday,
        "local_time": train.local_time.isoformat("minutes"),
        "zone": train.zone,
        "active": train.active,
    }
