"""The list of boot screens, and one boot screen from draft to shipped."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zlib import crc32

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types

from campaigns.credits.actions import (
    change_edition,
    create_edition,
    freeze_edition,
    render_edition,
    reopen_edition,
    ship,
)
from campaigns.credits.forms import EditionForm, ShipForm
from campaigns.credits.models import Edition
from campaigns.credits.queries import (
    consent_figures,
    count_withdrawn,
    edition_or_404,
    editions_page,
    newest_job,
    place_figures,
    rendering_of,
    rounds,
    withdrawn_since,
)
from campaigns.credits.queries.words import PLACES, STATES
from campaigns.credits.rules import SIZES, EditionState, sides
from campaigns.credits.views import bp
from crm.builds.queries import newest_builds
from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.forms import refuse
from crm.core.guards import May, staff, viewer

BUILDS_OFFERED = 50


def _end_of(day: date) -> datetime:
    """The last moment of a day in the programme's zone, or now while that day is running."""
    end = datetime.combine(day + timedelta(days=1), time(), programme.required().tz) - timedelta(microseconds=1)
    return min(end, programme.moment())


def _today() -> date:
    return programme.moment().astimezone(programme.required().tz).date()


def _day(edition: Edition) -> date:
    return edition.as_of.astimezone(programme.required().tz).date()


@bp.get("/editions")
@staff(May.CREDITS)
def editions() -> str:
    page = editions_page(request.args.get("after"), request.args.get("before"))
    return render_template(
        "credits/list.html",
        page=page,
        figures=consent_figures(),
        states=STATES,
        rounds=rounds(1),
        withdrawn=count_withdrawn(),
    )


@bp.route("/editions/new", methods=["GET", "POST"])
@staff(May.CREDITS)
def new() -> Any:
    at = programme.moment()
    form = EditionForm(as_of=_today())
    if form.validate_on_submit():
        try:
            rule = {"kind": form.rule.data}
            edition = create_edition(
                form.name.data or "",
                rule,
                _end_of(form.as_of.data or _today()),
                form.look(),
                at=at,
                by_id=viewer().person_id,
            )
        except NotUnderstood as error:
            refuse(form.name, str(error))
        else:
            session().commit()
            return redirect(url_for("credits.show", edition_id=edition.id))
    return render_template("credits/new.html", form=form, sizes=SIZES)


@bp.route("/editions/<int:edition_id>", methods=["GET", "POST"])
@staff(May.CREDITS)
def show(edition_id: int) -> Any:
    edition = edition_or_404(edition_id)
    form = EditionForm(
        data={"name": edition.name, "rule": edition.rule["kind"], "as_of": _day(edition), **edition.look}
    )
    if form.validate_on_submit():
        as_of = edition.as_of if form.as_of.data == _day(edition) else _end_of(form.as_of.data or _today())
        try:
            change_edition(edition_id, name=form.name.data or "", as_of=as_of, look=form.look(), at=programme.moment())
        except NotUnderstood as error:
            refuse(form.name, str(error))
        else:
            session().commit()
            return redirect(url_for("credits.show", edition_id=edition_id))
    return render_template("credits/edition.html", form=form, sizes=SIZES, **_page(edition))


def _page(edition: Edition) -> dict[str, Any]:
    """What the page of a boot screen tells, read for it and for its progress."""
    rendering = rendering_of(edition.id) if edition.state != EditionState.DRAFT else None
    job = newest_job(edition.id)
    figures = place_figures(edition)
    ship_form = ShipForm()
    ship_form.build_id.choices = [SelectChoice(0, _("not said yet"))] + [
        SelectChoice(build.id, f"{build.platform} {build.version}") for build in newest_builds(BUILDS_OFFERED)
    ]
    return {
        "edition": edition,
        "states": STATES,
        "places": PLACES,
        "figures": figures,
        "version": crc32(f"{edition.look}{edition.as_of}{edition.state}{figures['on']}".encode()),
        "rendering": rendering,
        "job": job,
        "withdrawn": withdrawn_since(edition),
        "screen": sides(edition.look["size"]),
        "ship_form": ship_form,
    }


@bp.get("/editions/<int:edition_id>/progress")
@staff(May.CREDITS)
def progress(edition_id: int) -> str:
    return render_template("credits/_drawing.html", edition=edition_or_404(edition_id), job=newest_job(edition_id))


def _back(edition_id: int, told: str) -> Response:
    session().commit()
    flash(told, "success")
    return redirect(url_for("credits.show", edition_id=edition_id))


@bp.post("/editions/<int:edition_id>/freeze")
@staff(May.CREDITS)
def freeze(edition_id: int) -> Response:
    at = programme.moment()
    names = freeze_edition(edition_id, at)
    render_edition(edition_id, at, by_id=viewer().person_id)
    return _back(edition_id, _("Frozen with %(names)s names. The pictures are being drawn.", names=f"{names:,}"))


@bp.post("/editions/<int:edition_id>/reopen")
@staff(May.CREDITS)
def reopen(edition_id: int) -> Response:
    reopen_edition(edition_id, programme.moment())
    return _back(edition_id, _("It is a draft again. Whoever withdrew is no longer on it."))


@bp.post("/editions/<int:edition_id>/render")
@staff(May.CREDITS)
def draw(edition_id: int) -> Response:
    render_edition(edition_id, programme.moment(), by_id=viewer().person_id)
    return _back(edition_id, _("The pictures are being drawn."))


@bp.post("/editions/<int:edition_id>/ship")
@staff(May.CREDITS)
def ship_it(edition_id: int) -> Response:
    build_id = request.form.get("build_id", 0, type=int)
    ship(edition_id, programme.moment(), build_id=build_id or None)
    return _back(edition_id, _("Shipped. Testers see on their page that their name is on it."))
