"""What came of a campaign: figures that open their people, the wordings compared, everything as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, render_template, request, stream_with_context, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from campaigns.outreach.models import Campaign
from campaigns.outreach.queries import campaign_or_404, steps_of
from campaigns.outreach.queries.results import LATER, Cut, Figure, Line, every_letter, people_of_figure, results
from campaigns.outreach.rules import MOST_STEPS
from campaigns.outreach.rules.uncertainty import better, is_early, wilson
from campaigns.outreach.views import bp
from crm.core import programme
from crm.core.errors import NotThere
from crm.core.guards import May, staff
from crm.core.sheets import harmless

CHUNK = 2000
PER_PAGE = 100
FIGURES = {
    Figure.PLANNED: lazy_pgettext("letters", "planned"),
    Figure.SENT: lazy_pgettext("letters", "sent"),
    Figure.BOUNCED: lazy_pgettext("letters", "bounced"),
    Figure.REFUSED: lazy_pgettext("letters", "refused"),
    Figure.REPLIED: lazy_pgettext("letters", "replied"),
    Figure.OPENED: lazy_pgettext("letters", "opened the link"),
    Figure.BY_LINK: lazy_pgettext("letters", "joined by the link"),
    Figure.JOINED: lazy_pgettext("letters", "joined"),
    Figure.ACTIVE: lazy_pgettext("letters", "active"),
    Figure.RETAINED: lazy_pgettext("letters", "retained"),
}
CUTS = {
    Cut.STEP: _l("By step"),
    Cut.VARIANT: _l("By wording"),
    Cut.SOURCE: _l("By source"),
    Cut.SENDER: _l("By sender"),
}
COLUMNS = (
    "letter", "person", "name", "channel", "identity", "step", "variant", "language", "sender", "state", "reason",
    "sent_at", *(figure.value for figure in LATER),
)  # fmt: skip


def _label(cut: Cut, key: str) -> str:
    if cut is Cut.STEP:
        return str(_("Step %(number)s", number=key))
    if cut is Cut.VARIANT:
        return key.upper()
    return key or str(_("no source") if cut is Cut.SOURCE else _("any sender"))


def _table(campaign: Campaign, cut: Cut, lines: list[Line], position: int | None) -> dict[str, Any]:
    rows = []
    for line in lines:
        row: dict[str, Any] = {"label": _label(cut, line.key)}
        for figure, count in line.counts.items():
            where: dict[str, Any] = {"cut": cut.value, "key": line.key, "figure": figure.value, "step": position}
            row[figure.value] = (count, url_for(".results_people", campaign_id=campaign.id, **where))
        rows.append(row)
    title = str(CUTS[cut]) if position is None else _("By wording, step %(number)s", number=position)
    return {"title": title, "rows": rows}


def _compared(lines: list[Line]) -> dict[str, Any] | None:
    """The joined share of each variant with its interval, and how probable it is that the best one is best."""
    if len(lines) < 2:
        return None
    pairs = [(line.key.upper(), line.counts[Figure.JOINED], line.counts[Figure.SENT]) for line in lines]
    shares = [
        {"name": name, "share": hits / of if of else 0, "low": wilson(hits, of)[0], "high": wilson(hits, of)[1]}
        for name, hits, of in pairs
    ]
    second, first = sorted(pairs, key=lambda pair: pair[1] / pair[2] if pair[2] else 0)[-2:]
    told = {"best": first[0], "than": second[0], "sure": better(second[1], second[2], first[1], first[2])}
    return {"shares": shares, **told, "early": is_early(second[1], second[2], first[1], first[2])}


@bp.get("/campaigns/<int:campaign_id>/results")
@staff(May.OUTREACH)
def show_results(campaign_id: int) -> str:
    campaign = campaign_or_404(campaign_id)
    asked = request.args.get("by", Cut.STEP.value)
    cut = Cut(asked) if asked in set(Cut) else Cut.STEP
    tables, compared = [], []
    positions = [step.position for step in steps_of(campaign_id)] if cut is Cut.VARIANT else [None]
    for position in positions:
        lines = results(campaign, cut, position)
        if not lines:
            continue
        tables.append(_table(campaign, cut, lines, position))
        compared.append(_compared(lines) if cut is Cut.VARIANT else None)
    return render_template(
        "outreach/results.html",
        campaign=campaign,
        cut=cut,
        cuts=[
            {
                "label": word,
                "url": url_for(".show_results", campaign_id=campaign_id, by=one.value),
                "current": one is cut,
            }
            for one, word in CUTS.items()
        ],
        parts=list(zip(tables, compared, strict=True)),
        figures=[(figure.value, word) for figure, word in FIGURES.items()],
    )


@bp.get("/campaigns/<int:campaign_id>/results/people")
@staff(May.OUTREACH)
def results_people(campaign_id: int) -> str:
    """The people behind one figure."""
    campaign = campaign_or_404(campaign_id)
    cut, figure = request.args.get("cut", ""), request.args.get("figure", "")
    after, position = request.args.get("after", 0, type=int), request.args.get("step", type=int)
    fits = 0 <= after < 2**63 and 0 <= (position or 0) <= MOST_STEPS
    if cut not in set(Cut) or figure not in set(Figure) or not fits:
        raise NotThere(_("There is nothing at this address. Check it, or look from the start page."))
    key = request.args.get("key", "").replace("\x00", "")
    people = people_of_figure(campaign, Cut(cut), key, Figure(figure), position, after, PER_PAGE + 1)
    more: dict[str, Any] = request.args.to_dict()
    if len(people) > PER_PAGE:
        more["after"] = people[PER_PAGE - 1][0]
    return render_template(
        "outreach/results_people.html",
        campaign=campaign,
        title=_("%(what)s: %(figure)s", what=_label(Cut(cut), key), figure=FIGURES[Figure(figure)]),
        people=people[:PER_PAGE],
        back=url_for(".show_results", campaign_id=campaign_id, by=cut),
        more=url_for(".results_people", campaign_id=campaign_id, **more) if len(people) > PER_PAGE else None,
    )


def _cell(value: Any, zone: ZoneInfo) -> str:
    """Moments by the programme's clock."""
    return harmless(value.astimezone(zone).isoformat(timespec="seconds") if isinstance(value, datetime) else value)


def _lines(campaign: Campaign) -> Iterator[str]:
    buffer, zone = io.StringIO(), programme.required().tz
    sheet = csv.writer(buffer)
    yield "\ufeff"
    sheet.writerow(COLUMNS)
    for row in every_letter(campaign, CHUNK):
        sheet.writerow([_cell(value, zone) for value in row])
        if buffer.tell() > 50_000:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


@bp.get("/campaigns/<int:campaign_id>/results.csv")
@staff(May.OUTREACH)
def results_csv(campaign_id: int) -> Response:
    """A line for each letter; it leaves while it is read, whatever its length."""
    campaign = campaign_or_404(campaign_id)
    name = f'attachment; filename="campaign-{campaign_id}.csv"'
    lines = stream_with_context(_lines(campaign))
    return Response(lines, mimetype="text/csv", headers={"Content-Disposition": name})
