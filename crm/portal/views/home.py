"""A tester's first page: their build, their standing and what is missing, their requests, their name."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, render_template
from markupsafe import Markup

from crm.core import programme
from crm.core.db import session, writing
from crm.core.guards import tester, viewer
from crm.core.offers import offers
from crm.core.restand import Restand
from crm.funnel.actions import settle

bp = Blueprint("portal", __name__, template_folder="../templates")


def _settle(person_id: int, at: datetime) -> None:
    """The funnel looks at their new facts first: who has just joined or run a build reads so at once."""
    if not programme.is_held() and session().get(Restand, person_id) is not None:
        with writing():
            settle(at, person_ids=[person_id])
            session().commit()


@bp.get("/portal")
@tester
def home() -> str:
    at, person_id = programme.moment(), viewer().person_id
    _settle(person_id, at)
    found = sorted((panel for room in offers() for panel in room.tester), key=lambda panel: panel.order)
    parts = []
    for panel in found:
        context = panel.context(person_id, at)
        if context is not None:
            parts.append(Markup(render_template(panel.template, **context)))  # noqa: S704 -- Jinja has escaped it
    return render_template("portal/home.html", parts=parts)
