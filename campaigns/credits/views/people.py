"""Who is on an edition and who is not, and why; names that staff keep off."""

from __future__ import annotations

from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from campaigns.credits.actions import hide_name, show_name
from campaigns.credits.forms import HideForm
from campaigns.credits.queries import (
    chosen_since_hidden,
    edition_or_404,
    looks_like_staff,
    people_page,
    place_figures,
)
from campaigns.credits.queries.words import PLACES
from campaigns.credits.rules import Place
from campaigns.credits.views import bp
from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.guards import May, staff
from crm.core.pages import back


@bp.get("/editions/<int:edition_id>/people/<place>")
@staff(May.CREDITS)
def edition_people(edition_id: int, place: str) -> str:
    if place not in set(Place):
        abort(404)
    edition = edition_or_404(edition_id)
    page = people_page(edition, Place(place), request.args.get("after"), request.args.get("before"))
    figures = place_figures(edition)
    shown = [one for one in Place if figures[one] or one in (Place.ON, place)]
    return render_template(
        "credits/people.html",
        edition=edition,
        place=Place(place),
        page=page,
        places=PLACES,
        like_staff=looks_like_staff([(row.id, row.shown_name) for row in page.rows]),
        chosen_since=chosen_since_hidden([row.id for row in page.rows]) if place == Place.HIDDEN else set(),
        shown=[
            {
                "label": PLACES[one],
                "url": url_for("credits.edition_people", edition_id=edition_id, place=one.value),
                "current": one == place,
                "count": figures[one],
            }
            for one in shown
        ],
    )


def _told(by_letter: bool) -> str:
    if by_letter:
        return str(_("A letter tells the person."))
    return str(_("No letter can be written to the person; their page My name says it."))


@bp.post("/editions/names/<int:person_id>/hide")
@staff(May.CREDITS)
def hide(person_id: int) -> Response:
    form = HideForm()
    if not form.validate():
        raise NotUnderstood(_("Say why this name is hidden: the person may ask. Nothing was changed."))
    told = hide_name(person_id, form.why.data or "", programme.moment())
    session().commit()
    flash(_("This name stands on no boot screen that is not frozen yet.") + " " + _told(told), "success")
    return back("/editions")


@bp.post("/editions/names/<int:person_id>/show")
@staff(May.CREDITS)
def show_again(person_id: int) -> Response:
    told = show_name(person_id, programme.moment())
    session().commit()
    flash(_("This name may stand on boot screens again.") + " " + _told(told), "success")
    return back("/editions")
