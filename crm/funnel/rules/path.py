"""The way of one person through the stages, as a pure function of what happened.

Up by a fact (a touch, a join, a check-in) at its moment; down only at the end of a counted week, which is the first
moment of the following Monday, after a warning and `g` counted weeks of grace. The running week counts only in a
person's favour.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from crm.funnel.rules.activity import Activity
from crm.funnel.rules.facts import Facts, Path
from crm.funnel.rules.sets import Ground
from crm.funnel.rules.stages import Stage
from crm.funnel.rules.weekbits import lowest


def path_of(facts: Facts, ground: Ground) -> Path:
    """Everything up to the ground's moment; later facts are not known yet."""
    path = Path(Stage.PROSPECT, facts.known_at)
    path.rule_version = ground.latest.version
    if facts.bits:
        path.first_week = facts.base + lowest(facts.bits)
    activity = Activity(facts, ground) if facts.bits else None
    for at, kind in _told(facts, ground.counted.moment):
        if activity is not None:
            activity.walk(path, until=at)
        _tell(path, facts, kind, at, activity)
        if kind == "declined":
            return path
    if activity is not None:
        activity.walk(path, until=None)
        activity.warn(path)
    return path


def _told(facts: Facts, moment: datetime) -> Iterator[tuple[datetime, str]]:
    """What happened apart from check-ins, in order; of what happened at once, the higher stage last."""
    told = [
        (facts.contacted_at, 0, "contacted"),
        (facts.joined_at, 1, "joined"),
        (facts.declined_at, 4, "declined"),
        *((left, 2, "left") for left, _ in facts.absences),
        *((back, 3, "back") for _, back in facts.absences),
    ]
    known = sorted((at, order, kind) for at, order, kind in told if at is not None and at <= moment)
    return ((at, kind) for at, _, kind in known)


def _tell(path: Path, facts: Facts, kind: str, at: datetime, activity: Activity | None) -> None:
    if kind == "contacted" and path.stage is Stage.PROSPECT:
        path.go(Stage.CONTACTED, at, {"fact": "touch", **facts.contacted_why})
    elif kind == "joined" and path.stage in (Stage.PROSPECT, Stage.CONTACTED):
        path.go(Stage.JOINED, at, {"fact": "join", **facts.joined_why})
    elif kind == "declined":
        path.go(Stage.DECLINED, at, {"fact": "refused"})
        path.declined_at = at
    elif kind == "left" and path.left_at is None:
        if path.stage is not Stage.LAPSED:
            path.go(Stage.LAPSED, at, {"fact": "left"})
            path.lapsed_at = at
        path.left_at = at
        if activity is not None:
            activity.pause(at)
    elif kind == "back" and path.left_at is not None:
        path.go(Stage.JOINED, at, {"fact": "back"})
        path.left_at = None
        if activity is not None:
            activity.resume(at)
