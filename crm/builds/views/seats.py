"""Seats: what is ruled of them, for staff; one's own, for testers."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from crm.builds.actions.seats import (
    Changed,
    ask_for_seat,
    effect_before_first,
    faults_of,
    give_seat,
    give_up_seat,
    release_seat,
    set_rule,
)
from crm.builds.forms import SeatForm
from crm.builds.queries import platforms_in_use
from crm.builds.queries.seats import policy_of, seat_figures
from crm.builds.rules import PLATFORMS
from crm.builds.rules.seats import SeatState
from crm.builds.views import bp
from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotThere
from crm.core.forms import refuse
from crm.core.guards import May, staff, tester, viewer
from crm.core.pages import back, typed


@bp.get("/builds/seats")
@staff(May.SEE)
def seats() -> str:
    return render_template("builds/seats.html", platforms=seat_figures(platforms_in_use()))


@bp.route("/builds/seats/<platform>", methods=["GET", "POST"])
@staff(May.BUILDS)
def seat_rule(platform: str) -> Any:
    """A rule is saved in two steps: the first shows what it does to everybody, the second does exactly that."""
    if platform not in PLATFORMS:
        raise NotThere(_("A platform is one of: %(platforms)s.", platforms=", ".join(PLATFORMS)))
    at, policy = programme.moment(), policy_of(platform)
    form, effect = SeatForm(obj=policy), None
    sound = form.validate_on_submit()
    if form.is_submitted():
        for name, fault in faults_of(form.rule()).items():
            if not form[name].errors:
                refuse(form[name], fault)
    if sound and not form.errors:
        try:
            if request.form.get("save"):
                seen, version = typed("seen"), typed("version", "0")
                set_rule(
                    platform,
                    form.rule(),
                    version=int(version) if version.isdecimal() and len(version) < 10 else -1,
                    seen=seen,
                    at=at,
                    by_id=viewer().person_id,
                )
                session().commit()
                flash(_("The rule is saved."), "success")
                return redirect(url_for("builds.seats"))
        except Changed as changed:
            session().rollback()
            flash(str(changed), "error")
        effect = effect_before_first(platform, form.rule(), at)
    page = render_template(
        "builds/seat_rule.html",
        platform=platform,
        form=form,
        effect=effect,
        version=policy.version if policy is not None else 0,
    )
    session().rollback()
    return page


@bp.post("/builds/seats/<platform>/people/<int:person_id>/give")
@staff(May.BUILDS)
def give_one_seat(platform: str, person_id: int) -> Response:
    give_seat(person_id, platform, programme.moment())
    session().commit()
    flash(_("The seat is given, and the person is told."), "success")
    return back()


@bp.post("/builds/seats/<platform>/people/<int:person_id>/release")
@staff(May.BUILDS)
def release_one_seat(platform: str, person_id: int) -> Response:
    release_seat(person_id, platform, typed("why"), programme.moment())
    session().commit()
    flash(_("The seat is free, and the person is told why."), "success")
    return back()


@bp.post("/my-seats/<platform>/give-up")
@tester
def give_up_my_seat(platform: str) -> Response:
    give_up_seat(viewer().person_id, platform, programme.moment())
    session().commit()
    flash(_("Your seat goes to whoever waits for one. Thank you for testing."), "success")
    return redirect(url_for("portal.home"))


@bp.post("/my-seats/<platform>/ask")
@tester
def ask_for_my_seat(platform: str) -> Response:
    state = ask_for_seat(viewer().person_id, platform, programme.moment())
    session().commit()
    told = _("You have your seat again.") if state is SeatState.HELD else _("You are on the waiting list.")
    flash(told, "success")
    return redirect(url_for("portal.home"))
