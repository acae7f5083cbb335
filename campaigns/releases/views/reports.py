"""The weekly report: a tester's short form, and what came in, for staff."""

from __future__ import annotations

import csv
import io

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from campaigns.releases.actions.reports import write_report
from campaigns.releases.forms import ReportForm
from campaigns.releases.models import Release
from campaigns.releases.queries import release_or_404, train_or_404
from campaigns.releases.queries.reports import all_reports, ends_at, report_figures, report_of, reports_page
from campaigns.releases.rules.reports import last_moment
from campaigns.releases.views import bp
from campaigns.releases.views.testers_page import reader_of
from crm.builds.queries import build_or_404
from crm.core import programme
from crm.core.db import session
from crm.core.errors import Refusal
from crm.core.forms import refuse, text
from crm.core.guards import May, by_link, staff
from crm.core.sheets import harmless


def _page(token: str, release: Release, form: ReportForm, status: int = 200) -> tuple[str, int]:
    end, at = ends_at(release), programme.moment()
    build = build_or_404(release.build_id or 0)
    page = render_template(
        "releases/report.html",
        token=token,
        train=train_or_404(release.train_id),
        build=build,
        form=form,
        last=last_moment(end) if end else None,
        is_open=end is not None and at < end,
        asked=not release.day,
    )
    return page, status


@bp.get("/r/<token>/report")
@by_link
def report(token: str) -> tuple[str, int]:
    release, person_id = reader_of(token)
    known = report_of(release.id, person_id)
    said = {"mark": known.mark, "works": known.works, "broken": known.broken, "wanted": known.wanted} if known else {}
    return _page(token, release, ReportForm(data=said))


@bp.post("/r/<token>/report")
@by_link
def send_report(token: str) -> tuple[str, int] | AnyResponse:
    release, person_id = reader_of(token)
    form = ReportForm()
    if not form.validate_on_submit():
        return _page(token, release, form, 422)
    lines = {"works": text(form.works), "broken": text(form.broken), "wanted": text(form.wanted)}
    try:
        write_report(release.id, person_id, mark=int(form.mark.data), **lines, at=programme.moment())
    except Refusal as refusal:
        session().rollback()
        refuse(form.mark, str(refusal))
        return _page(token, release_or_404(release.id), form, refusal.status)
    session().commit()
    flash(_("Thank you. You may change it until Tuesday night."), "success")
    return redirect(url_for("releases.report", token=token))


@bp.get("/releases/<int:release_id>/reports")
@staff(May.SEE)
def reports(release_id: int) -> str:
    release = release_or_404(release_id)
    end = ends_at(release)
    page = reports_page(release_id, request.args.get("after"), request.args.get("before"))
    return render_template(
        "releases/reports.html",
        release=release,
        train=train_or_404(release.train_id),
        build=build_or_404(release.build_id) if release.build_id else None,
        figures=report_figures(release, programme.moment()),
        page=page,
        last=last_moment(end) if end else None,
    )


@bp.get("/releases/<int:release_id>/reports.csv")
@staff(May.SEE)
def reports_csv(release_id: int) -> Response:
    release_or_404(release_id)
    buffer = io.StringIO()
    sheet = csv.writer(buffer)
    sheet.writerow(["person", "mark", "works", "broken", "wanted", "written_at"])
    for person_id, mark, works, broken, wanted, written_at in all_reports(release_id):
        sheet.writerow(
            [person_id, mark, *map(harmless, (works, broken, wanted)), written_at.isoformat(timespec="seconds")]
        )
    name = f'attachment; filename="release-{release_id}-reports.csv"'
    return Response("\ufeff" + buffer.getvalue(), mimetype="text/csv", headers={"Content-Disposition": name})
