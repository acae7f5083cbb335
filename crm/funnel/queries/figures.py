"""The figures of the funnel, from its rollup; and the median times between stages, from the standings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import func, select

from crm.core import weeks
from crm.core.db import is_postgres, session
from crm.core.errors import NotUnderstood
from crm.funnel.models import FunnelCell, Move, Standing
from crm.funnel.queries.cohorts import kept
from crm.funnel.rules import LADDER
from crm.people.models import Origin
from crm.people.rules import OriginKind

WAYS = ("campaign", "source", "channel", "week")
SUMS = tuple(
    func.coalesce(func.sum(column), 0) for column in (FunnelCell.n1, FunnelCell.n2, FunnelCell.n3, FunnelCell.n4)
)
DATES = (Standing.contacted_at, Standing.joined_at, Standing.active_at, Standing.retained_at)
DAY_SECONDS = 86_400
TIMES = "times"


@dataclass(frozen=True)
class Row:
    """People who ever reached each stage, for one campaign, source, channel or week. `value` is what a filter takes."""

    key: str
    value: str
    counts: tuple[int, ...]

    def as_dict(self) -> dict[str, Any]:
        return {"key": self.key, **named(self.counts)}


def named(counts: Iterable[int]) -> dict[str, int]:
    return {stage.value: int(count) for stage, count in zip(LADDER, counts, strict=True)}


def totals() -> dict[str, int]:
    """People who ever reached contacted, joined, active, retained; staff left out."""
    return named(session().execute(select(*SUMS)).one())


def by(what: str) -> list[Row]:
    """The same by campaign, source, channel or week of coming in. Raises NotUnderstood for anything else."""
    if what not in WAYS:
        raise NotUnderstood(f"the funnel can be shown by {', '.join(WAYS)}, not by {what!r}")
    if what == "campaign":
        return _by_campaign()
    column: Any = {"source": FunnelCell.source_key, "channel": FunnelCell.channel, "week": FunnelCell.week}[what]
    rows = session().execute(select(column, *SUMS).group_by(column).order_by(column))
    if what == "week":
        return [Row(weeks.iso_name(row[0]), weeks.iso_name(row[0]), _counts(row[1:])) for row in rows if any(row[1:])]
    return [Row(row[0], row[0], _counts(row[1:])) for row in rows if any(row[1:])]


def _by_campaign() -> list[Row]:
    """Variants count for their campaign; who came otherwise stands in one row without a key."""
    sums: dict[int, list[int]] = {}
    campaigns = campaign_origins()
    belongs = _belonging(campaigns)
    for origin_id, *counts in session().execute(
        select(FunnelCell.origin_id, *SUMS).group_by(FunnelCell.origin_id).order_by(FunnelCell.origin_id)
    ):
        found = sums.setdefault(belongs.get(origin_id, 0), [0, 0, 0, 0])
        for rung, count in enumerate(counts):
            found[rung] += int(count)
    titles = {campaign.id: campaign.title for campaign in campaigns}
    return [
        Row(titles.get(origin_id, ""), str(origin_id) if origin_id else "", tuple(counts))
        for origin_id, counts in sums.items()
        if any(counts)
    ]


def _belonging(campaigns: list[Origin]) -> dict[int, int]:
    """Origin -> the campaign that it counts for."""
    by_key = {campaign.key: campaign.id for campaign in campaigns}
    found = {campaign.id: campaign.id for campaign in campaigns}
    variants = select(Origin.id, Origin.key).where(Origin.kind == OriginKind.VARIANT)
    for origin_id, key in session().execute(variants):
        campaign_id = by_key.get(key.rpartition(":")[0])
        if campaign_id is not None:
            found[origin_id] = campaign_id
    return found


def campaign_origins() -> list[Origin]:
    return list(session().scalars(select(Origin).where(Origin.kind == OriginKind.CAMPAIGN).order_by(Origin.id)))


def origins_of_campaign(origin_id: int) -> list[int]:
    """The campaign's own label, and those of its variants, whose keys begin with the campaign's."""
    key = session().scalar(select(Origin.key).where(Origin.id == origin_id))
    variants = select(Origin.id, Origin.key).where(
        Origin.kind == OriginKind.VARIANT, Origin.key.startswith(f"{key}:", autoescape=True)
    )
    return [origin_id, *(row[0] for row in session().execute(variants) if row[1].rpartition(":")[0] == key)]


def _counts(values: Iterable[Any]) -> tuple[int, ...]:
    return tuple(int(value) for value in values)


def compute_times() -> dict[str, Any]:
    """`{"seconds": [...]}`: the median from each stage to the next, over people who have a date of their own twice."""
    medians = [_median(before, after) for before, after in pairwise(DATES)]
    return {"seconds": [None if median is None else int(median.total_seconds()) for median in medians]}


def median_times() -> list[timedelta | None]:
    """None where nobody has a date of their own for both. Kept for each version of the data, for it reads everybody."""
    found = kept(TIMES) or compute_times()
    return [None if seconds is None else timedelta(seconds=seconds) for seconds in found["seconds"]]


def _median(before: Any, after: Any) -> timedelta | None:
    both = (before.is_not(None), after.is_not(None))
    if is_postgres():
        seconds = func.extract("epoch", after - before)
        return _delta(session().scalar(select(func.percentile_cont(0.5).within_group(seconds.asc())).where(*both)))
    days = func.julianday(after) - func.julianday(before)
    count = session().scalar(select(func.count()).select_from(Standing).where(*both)) or 0
    if not count:
        return None
    middle = select(days).where(*both).order_by(days).limit(2 - count % 2).offset((count - 1) // 2)
    values = list(session().scalars(middle))
    return _delta(sum(values) / len(values) * DAY_SECONDS)


def _delta(seconds: Any) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=round(float(seconds)))


def change_since(moment: datetime) -> dict[str, int]:
    """How many first reached each stage since a moment; a skipped stage is reached with the next one above it."""
    counts = []
    for rung in range(len(DATES)):
        above = DATES[rung:]
        first = func.coalesce(*above) if len(above) > 1 else above[0]
        counts.append(func.count().filter(first >= moment))
    moved = select(Move.person_id).where(Move.at >= moment)
    return named(session().execute(select(*counts).where(Standing.person_id.in_(moved))).one())


def conversion(counts: Mapping[str, int]) -> list[float | None]:
    """The share of each stage's people who reached the next one."""
    values = [counts[stage.value] for stage in LADDER]
    return [after / before if before else None for before, after in pairwise(values)]
