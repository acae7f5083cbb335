"""The calendar of coming weeks, the releases behind us, and planning one."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from campaigns.releases.actions import change_release, plan_release, skip_week, unskip_week
from campaigns.releases.forms import WEEKDAYS, PlanForm
from campaigns.releases.queries import (
    CalendarWeek,
    calendar_token,
    release_or_404,
    releases_page,
    train_or_404,
    trains,
    weeks_of_trains,
)
from campaigns.releases.rules import WEEKS_AHEAD
from campaigns.releases.views import bp
from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotThere, Refusal
from crm.core.forms import refuse
from crm.core.guards import May, staff, viewer
from crm.core.pages import typed
from crm.core.tokens import whole_address
from crm.core.weeks import friday, is_week, week_of


def calendar() -> list[CalendarWeek]:
    """The running and the coming weeks of every running train, week by week; none that left without a plan."""
    at = programme.moment()
    first = week_of(at, programme.required().tz)
    weeks = weeks_of_trains(first, first + WEEKS_AHEAD - 1)
    return [week for week in weeks if week.release or week.skipped or week.opens_at > at]


@bp.get("/releases")
@staff(May.SEE)
def listing() -> str:
    return render_template(
        "releases/list.html",
        calendar=calendar(),
        trains=trains(),
        weekdays=WEEKDAYS,
        feed=whole_address(url_for("releases.feed", token=calendar_token(viewer().person_id))),
        page=releases_page(request.args.get("after"), request.args.get("before")),
    )


def _week_or_404(week: int) -> None:
    if not is_week(week):
        raise NotThere(_("There is no such week."))


@bp.post("/trains/<int:train_id>/weeks/<int:week>/skip")
@staff(May.RELEASES)
def skip(train_id: int, week: int) -> Any:
    _week_or_404(week)
    why = typed("why")
    try:
        skip_week(train_id, week, why, programme.moment())
    except NotThere:
        raise
    except Refusal as error:
        session().rollback()
        flash(str(error), "error")
        if why:
            flash(_("You had written: %(why)s", why=why), "info")
        return redirect(url_for("releases.plan", train_id=train_id, week=week))
    session().commit()
    flash(_("The train does not leave in this week."), "success")
    return redirect(url_for("releases.listing"))


@bp.post("/trains/<int:train_id>/weeks/<int:week>/unskip")
@staff(May.RELEASES)
def unskip(train_id: int, week: int) -> Any:
    _week_or_404(week)
    unskip_week(train_id, week, programme.moment())
    session().commit()
    flash(_("The train leaves in this week after all: plan what it takes along."), "success")
    return redirect(url_for("releases.listing"))


@bp.route("/trains/<int:train_id>/weeks/<int:week>", methods=["GET", "POST"])
@staff(May.RELEASES)
def plan(train_id: int, week: int) -> Any:
    """Plans the release of one week; one that was prepared is filled."""
    train = train_or_404(train_id)
    _week_or_404(week)
    form = PlanForm()
    form.offer(train.platform, None, None)
    if form.validate_on_submit():
        try:
            at, by_id = programme.moment(), viewer().person_id
            made = plan_release(train_id, week, **form.chosen, at=at, by_id=by_id)
            session().commit()
            flash(_("The release is planned."), "success")
            return redirect(url_for("releases.show", release_id=made.id))
        except Refusal as error:
            session().rollback()
            refuse(form.build_id, str(error))
    return render_template(
        "releases/plan.html", form=form, train=train, friday=friday(week), week_number=week, release=None
    )


@bp.route("/releases/<int:release_id>/change", methods=["GET", "POST"])
@staff(May.RELEASES)
def change(release_id: int) -> Any:
    release = release_or_404(release_id)
    train = train_or_404(release.train_id)
    form = PlanForm()
    form.offer(train.platform, release.build_id, release.audience_id)
    if form.validate_on_submit():
        try:
            change_release(release_id, **form.chosen, at=programme.moment())
            session().commit()
            flash(_("The release's build and audience are saved."), "success")
            return redirect(url_for("releases.show", release_id=release_id))
        except Refusal as error:
            session().rollback()
            refuse(form.build_id, str(error))
    return render_template(
        "releases/plan.html",
        form=form,
        train=train,
        friday=friday(release.week),
        week_number=release.week,
        release=release,
    )
