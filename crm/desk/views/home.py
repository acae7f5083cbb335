"""Home: what needs me today?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import g, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import pgettext

from crm.core import programme
from crm.core.guards import May, door, public
from crm.core.offers import offers
from crm.desk.queries import FirstSteps, first_steps, ladder
from crm.desk.views import bp
from crm.desk.views.assembled import rendered
from crm.funnel.rules import Stage

WEEK = "week"  # the panel that stands above the figures


@bp.get("/")
@public
def home() -> Any:
    """Each to their own first page: staff stay, testers have the portal, everybody else signs in."""
    viewer = g.get("viewer")
    if viewer is None:
        return redirect(url_for("accounts.sign_in"))
    if not viewer.is_staff:
        return redirect(url_for("portal.home") if viewer.is_tester else url_for("accounts.join"))
    at = programme.moment()
    steps = first_steps()
    figures = _figures(at) if steps.people and viewer.may(May.SEE) else []
    offered = [panel for room in offers() for panel in room.home]
    week = rendered((panel for panel in offered if panel.key == WEEK), viewer.person_id, at)
    panels = rendered((panel for panel in offered if panel.key != WEEK), viewer.person_id, at)
    return render_template(
        "desk/home.html",
        week=week,
        panels=panels,
        figures=figures,
        steps=_steps(steps) if not steps.all_done else [],
    )


def _figures(at: datetime) -> list[dict[str, Any]]:
    """The four figures, each opening its people."""
    words = {
        Stage.CONTACTED: _("Contacted"),
        Stage.JOINED: _("Joined"),
        Stage.ACTIVE: _("Active"),
        Stage.RETAINED: _("Retained"),
    }
    return [
        {
            "value": step.count,
            "label": words[step.stage],
            "change": step.new,
            "url": url_for("directory.people", reached=step.stage.value),
        }
        for step in ladder(programme.required(), at)
    ]


def _steps(known: FirstSteps) -> list[dict[str, Any]]:
    """The four first steps that this viewer may take."""
    steps = [
        {
            "label": _("Import people"),
            "text": _("A list from a forum, an event, a newsletter: CSV, TSV or XLSX, in any encoding."),
            "url": door("people.new_import"),
            "action": pgettext("first step", "Import"),
            "done": known.people,
        },
        {
            "label": _("Write to them"),
            "text": _("A campaign by mail or by hand, one person at a time, with your own words."),
            "url": door("outreach.new"),
            "action": pgettext("first step", "Write"),
            "done": known.written,
        },
        {
            "label": _("Make a group"),
            "text": _("The chat where testers meet: QQ, WeChat, Matrix, Telegram."),
            "url": door("groups.new"),
            "action": pgettext("first step", "Make one"),
            "done": known.group,
        },
        {
            "label": _("Register a build"),
            "text": _("What they will test. A train then ships it every week at the same hour."),
            "url": door("builds.new"),
            "action": pgettext("first step", "Register"),
            "done": known.build,
        },
    ]
    return [step for step in steps if step["url"]]
