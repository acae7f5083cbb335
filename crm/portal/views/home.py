"""A tester's first page: their build, their standing and what is missing, their requests, their name."""

from __future__ import annotations

from flask import Blueprint, render_template
from markupsafe import Markup

from crm.core import programme
from crm.core.guards import tester, viewer
from crm.core.offers import offers

bp = Blueprint("portal", __name__, template_folder="../templates")


@bp.get("/portal")
@tester
def home() -> str:
    at, person_id = programme.moment(), viewer().person_id
    found = sorted((panel for room in offers() for panel in room.tester), key=lambda panel: panel.order)
    parts = []
    for panel in found:
        context = panel.context(person_id, at)
        if context is not None:
            parts.append(Markup(render_template(panel.template, **context)))  # noqa: S704 -- Jinja has escaped it
    return render_template("portal/home.html", parts=parts)
