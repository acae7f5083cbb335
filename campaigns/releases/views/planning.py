"""The calendar of coming weeks and days, the releases behind us, and planning one."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from campaigns.releases.actions import change_release, plan_release, skip_turn, unskip_turn
from campaigns.releases.forms import LEAVES, PlanForm
from campaigns.releases.queries import (
    CalendarTurn,
    calendar_token,
    release_or_404,
    releases_page,
    train_or_404,
    trains,
    turn_or_404,
    turns_of_trains,
)
from campaigns.releases.rules import DAYS_AHEAD, WEEKS_AHEAD
from campaigns.releases.views import bp
from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotThere, Refusal
from crm.core.forms import refuse
from crm.core.guards import May, staff, viewer
from crm.core.pages import typed
from crm.core.tokens import whole_address


def calendar() -> list[CalendarTurn]:
    """The running and the coming weeks of every running train, or the days of a daily one; none that left without a
    plan.
    """
    at = programme.moment()
    turns = turns_of_trains(at, range(WEEKS_AHEAD), range(DAYS_AHEAD))
    return [one for one in turns if one.release or one.skipped or one.opens_at > at]


@bp.get("/releases")
@staff(May.SEE)
def listing() -> str:
    turns = calendar()
    return render_template(
        "releases/list.html",
        weeks=[one for one in turns if not one.turn.day],
        days=[one for one in turns if one.turn.day],
        trains=trains(),
        leaves=LEAVES,
        feed=whole_address(url_for("releases.feed", token=calendar_token(viewer().person_id))),
        page=releases_page(request.args.get("after"), request.args.get("before")),
    )


OF_WEEK = "/trains/<int:train_id>/weeks/<int:week>"
OF_DAY = f"{OF_WEEK}/days/<int:day>"
"""A weekly train's turn has the one address, a daily one's the other: what does not fit is not there."""


@bp.post(f"{OF_WEEK}/skip", defaults={"day": 0})
@bp.post(f"{OF_DAY}/skip")
@staff(May.RELEASES)
def skip(train_id: int, week: int, day: int) -> Any:
    why = typed("why")
    try:
        skip_turn(train_id, week, day, why, programme.moment())
    except NotThere:
        raise
    except Refusal as error:
        session().rollback()
        flash(str(error), "error")
        if why:
            flash(_("You had written: %(why)s", why=why), "info")
        return redirect(url_for("releases.plan", train_id=train_id, week=week, day=day))
    session().commit()
    flash(_("The train does not leave on this day.") if day else _("The train does not leave in this week."), "success")
    return redirect(url_for("releases.listing"))


@bp.post(f"{OF_WEEK}/unskip", defaults={"day": 0})
@bp.post(f"{OF_DAY}/unskip")
@staff(May.RELEASES)
def unskip(train_id: int, week: int, day: int) -> Any:
    unskip_turn(train_id, week, day, programme.moment())
    session().commit()
    told = (
        _("The train leaves on this day after all: plan what it takes along.")
        if day
        else _("The train leaves in this week after all: plan what it takes along.")
    )
    flash(told, "success")
    return redirect(url_for("releases.listing"))


@bp.route(OF_WEEK, methods=["GET", "POST"], defaults={"day": 0})
@bp.route(OF_DAY, methods=["GET", "POST"])
@staff(May.RELEASES)
def plan(train_id: int, week: int, day: int) -> Any:
    """Plans the release of one week or day; one that was prepared is filled."""
    train = train_or_404(train_id)
    turn = turn_or_404(train, week, day)
    form = PlanForm()
    form.offer(train.platform, None, None)
    if form.validate_on_submit():
        try:
            at, by_id = programme.moment(), viewer().person_id
            made = plan_release(train_id, week, day, **form.chosen, at=at, by_id=by_id)
            session().commit()
            flash(_("The release is planned."), "success")
            return redirect(url_for("releases.show", release_id=made.id))
        except Refusal as error:
            session().rollback()
            refuse(form.build_id, str(error))
    return render_template("releases/plan.html", form=form, train=train, turn=turn, release=None)


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
    return render_template("releases/plan.html", form=form, train=train, turn=release.turn, release=release)
