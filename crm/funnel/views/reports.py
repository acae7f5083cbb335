"""Reports: the funnel, the cohorts, and who came and went week by week."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import current_app, request, url_for
from flask import render_template as render
from flask_babel import format_date, pgettext
from flask_babel import gettext as _

from crm.core import weeks
from crm.core.db import session, writing
from crm.core.guards import May, staff, viewer
from crm.core.offers import offers
from crm.funnel import actions
from crm.funnel.offers.conditions import stage_words
from crm.funnel.queries.cohorts import COHORTS, compute_cohorts, kept
from crm.funnel.queries.figures import TIMES, WAYS, Row, by, compute_times, conversion, median_times, totals
from crm.funnel.queries.lifecycle import KINDS, WEEKS, compute_weeks
from crm.funnel.rules import LADDER
from crm.funnel.views import bp

SHOWN = 60  # cohorts on a page: a year and a bit
FOUND_BY = {"new": "cohort", "returning": "returning_in", "resurrected": "back_in", "dormant": "silent_in"}
FILTER_OF = {"campaign": "came_by", "source": "found_at", "channel": "channel", "week": "came_in"}


def report_tabs(current: str) -> list[dict[str, Any]]:
    """Every room's reports beside each other."""
    items = sorted((item for room in offers() for item in room.reports), key=lambda item: item.order)
    return [
        {"label": str(item.label), "url": url_for(item.endpoint), "current": item.endpoint == current}
        for item in items
        if item.may is None or viewer().may(item.may)
    ]


def people_url(**filters: str) -> str | None:
    """The list of these people, when the room that has it is open."""
    if "directory.people" not in current_app.view_functions:
        return None
    asked: dict[str, Any] = dict(filters)
    return url_for("directory.people", **asked)


def computed(name: str, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Kept from the last time, else computed now and kept: the only thing that these pages write."""
    found = kept(name)
    if found is not None:
        return found
    with writing():
        made = actions.keep(name, compute)
        session().commit()
    return made


def by_friday(name: str) -> str:
    """A week such as `2026-W05`, as readers name it."""
    return str(format_date(weeks.friday(weeks.from_iso_name(name)), "medium"))


@bp.get("/reports/funnel")
@staff(May.SEE)
def show() -> str:
    what = request.args.get("by", "source")
    what = what if what in WAYS else "source"
    computed(TIMES, compute_times)
    counts = totals()
    words = {
        "campaign": _("By campaign"),
        "source": _("By source"),
        "channel": _("By channel"),
        "week": _("By week"),
    }
    ways = [{"label": words[way], "url": url_for("funnel.show", by=way), "current": way == what} for way in WAYS]
    return render(
        "funnel/funnel.html",
        tabs_of_reports=report_tabs("funnel.show"),
        ladder=_ladder(counts, median_times()),
        ways=ways,
        way=words[what],
        rows=[_row(row, what) for row in by(what)],
        stages=[stage.value for stage in LADDER],
        is_empty=not any(counts.values()),
    )


def _ladder(counts: dict[str, int], times: list[timedelta | None]) -> list[dict[str, Any]]:
    words = stage_words()
    shares = [None, *conversion(counts)]
    return [
        {
            "stage": stage.value,
            "label": words[stage],
            "value": counts[stage.value],
            "url": people_url(reached=stage.value),
            "share": share,
            "time": time,
        }
        for stage, share, time in zip(LADDER, shares, [None, *times], strict=True)
    ]


def _row(row: Row, what: str) -> dict[str, Any]:
    label = row.key
    if what == "week":
        label = by_friday(row.key)
    cells = {
        stage.value: (count, people_url(**{FILTER_OF[what]: row.value, "reached": stage.value}) if row.value else None)
        for stage, count in zip(LADDER, row.counts, strict=True)
    }
    return {"key": label or _("none of them"), "is_week": what == "week", "value": row.value, **cells}


@bp.get("/reports/cohorts")
@staff(May.SEE)
def cohorts() -> str:
    computed_now = computed(COHORTS, compute_cohorts)
    found, last = computed_now["rows"], len(computed_now["weeks"])
    places = {name: place for place, name in enumerate(computed_now["weeks"])}
    before = request.args.get("before", "")
    known = [row for row in found if not before or row["cohort"] < before]
    shown = known[-SHOWN:]
    rows = [
        {
            "label": by_friday(row["cohort"]),
            "size": row["size"],
            "active": _until(last - places[row["cohort"]], row["active"])[:SHOWN],
            "url": people_url(cohort=row["cohort"]),
            "weeks": computed_now["weeks"][places[row["cohort"]] :],
        }
        for row in shown
    ]
    return render(
        "funnel/cohorts.html",
        tabs_of_reports=report_tabs("funnel.cohorts"),
        rows=rows,
        columns=max((len(row["active"]) for row in rows), default=0),
        cut=SHOWN if any(last - places[row["cohort"]] > SHOWN for row in shown) else None,
        earlier=url_for("funnel.cohorts", before=shown[0]["cohort"]) if len(known) > SHOWN else None,
        latest=url_for("funnel.cohorts") if before else None,
    )


def _until(weeks_past: int, active: list[int]) -> list[int]:
    """With the weeks that have passed since and in which nobody was active; only those to come stay empty."""
    return active + [0] * (weeks_past - len(active))


@bp.get("/reports/weeks")
@staff(May.SEE)
def weekly() -> str:
    found = computed(WEEKS, compute_weeks)["rows"][-SHOWN:]
    words = {
        "new": pgettext("people of a week", "new"),
        "returning": pgettext("people of a week", "returning"),
        "resurrected": pgettext("people of a week", "back again"),
        "dormant": pgettext("people of a week", "fallen silent"),
    }
    rows = [
        {
            **row,
            "friday": weeks.friday(weeks.from_iso_name(row["week"])),
            "active": row["new"] + row["returning"] + row["resurrected"],
            "url": people_url(active_in=row["week"]),
            "urls": {kind: people_url(**{FOUND_BY[kind]: row["week"]}) for kind in KINDS},
        }
        for row in reversed(found)
    ]
    series = [{"label": words[kind], "values": [row[kind] for row in found]} for kind in KINDS]
    labels = [by_friday(row["week"]) for row in found]
    return render(
        "funnel/weeks.html",
        tabs_of_reports=report_tabs("funnel.weekly"),
        rows=rows,
        series=series,
        labels=labels,
        words=words,
    )
