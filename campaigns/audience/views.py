"""Audiences: choose people by conditions, see how many they are while choosing, save, freeze."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from campaigns.audience.actions import freeze, save_audience
from campaigns.audience.models import Audience
from campaigns.audience.queries import audience_or_404, audiences, count, lists_of
from crm.core import programme
from crm.core.db import session
from crm.core.errors import Refusal
from crm.core.guards import May, staff, viewer
from crm.core.offers import Condition, conditions, offers
from crm.core.pages import typed
from crm.people.queries.counting import takes_a_while

bp = Blueprint("audience", __name__, template_folder="templates")


def _asked(values: MultiDict[str, str]) -> dict[str, str]:
    """The conditions among what was sent."""
    return {key: value for key in conditions() if (value := values.get(key, "").replace("\x00", "").strip())}


def _choices(condition: Condition) -> list[tuple[str, str]] | None:
    if condition.kind == "yes":
        return [("", _("any")), ("1", _("yes"))]
    if condition.kind == "choice" and condition.choices is not None:
        return [("", _("any")), *((str(value), str(label)) for value, label in condition.choices())]
    return None


SECTIONS = {
    "people": _l("Who they are"),
    "outbox": _l("What passed between us"),
    "builds": _l("What they test"),
    "funnel": _l("Where they stand"),
    "credits": _l("Boot screen"),
}
"""What a form's parts are called, each by the room that opens it."""
WITH = {
    "outbox": ("outbox", "outreach", "inbound", "invites", "groups"),
    "builds": ("builds", "feedback", "fcodes", "releases"),
    "funnel": ("funnel",),
    "credits": ("credits",),
}
"""The rooms whose conditions stand there; those of all other rooms are about who people are."""


def _section_of(room: str) -> str:
    return next((section for section, rooms in WITH.items() if room in rooms), "people")


def _sections(filters: dict[str, str]) -> list[dict[str, Any]]:
    """The parts of the form: title, fields, and how many of them are filled in."""
    kinds = {"days": "number"}
    fields: dict[str, list[dict[str, Any]]] = {section: [] for section in SECTIONS}
    for room in offers():
        fields[_section_of(room.room)] += [
            {
                "key": condition.key,
                "label": condition.label,
                "choices": _choices(condition),
                "type": kinds.get(condition.kind, "text"),
                "value": filters.get(condition.key, ""),
            }
            for condition in room.conditions
        ]
    return [
        {"title": title, "fields": fields[section], "set": sum(bool(field["value"]) for field in fields[section])}
        for section, title in SECTIONS.items()
    ]


def _in_words(filters: dict[str, str]) -> list[tuple[str, str]]:
    known = conditions()
    found = []
    for key, value in filters.items():
        condition = known.get(key)
        labels = dict(_choices(condition) or ()) if condition is not None else {}
        found.append((str(condition.label) if condition is not None else key, str(labels.get(value, value))))
    return found


def _counted(filters: dict[str, str], at: datetime) -> tuple[int | None, str]:
    """How many, or why that cannot be told."""
    try:
        return count(filters, at), ""
    except Refusal as refusal:
        return None, str(refusal)


def _form(audience: Audience | None, name: str, filters: dict[str, str], error: str = "") -> str:
    found, fault = _counted(filters, programme.moment())
    return render_template(
        "audience/form.html",
        audience=audience,
        name=name,
        sections=_sections(filters),
        found=found,
        fault=fault,
        error=error,
    )


@bp.get("/audiences")
@staff(May.OUTREACH)
def listing() -> str:
    at, late = programme.moment(), takes_a_while() and not request.args.get("count")
    rows: Iterable[dict[str, Any]] = [
        {
            "id": one.id,
            "name": one.name,
            "filter": _in_words(one.filter),
            "count": None if late else _counted(one.filter, at)[0],
        }
        for one in audiences()
    ]
    return render_template("audience/list.html", rows=rows, late=late)


@bp.get("/audiences/count")
@staff(May.OUTREACH)
def live_count() -> str:
    found, fault = _counted(_asked(request.args), programme.moment())
    return render_template("audience/_count.html", found=found, fault=fault)


@bp.get("/audiences/new")
@staff(May.OUTREACH)
def new() -> str:
    return _form(None, request.args.get("name", ""), _asked(request.args))


@bp.post("/audiences/new")
@staff(May.OUTREACH)
def save() -> Any:
    return _saved(None)


@bp.get("/audiences/<int:audience_id>/edit")
@staff(May.OUTREACH)
def edit(audience_id: int) -> str:
    known = audience_or_404(audience_id)
    asked = _asked(request.args) if request.args else known.filter
    return _form(known, request.args.get("name", known.name), asked)


@bp.post("/audiences/<int:audience_id>/edit")
@staff(May.OUTREACH)
def save_again(audience_id: int) -> Any:
    return _saved(audience_or_404(audience_id))


def _saved(known: Audience | None) -> Any:
    name, filters = typed("name"), _asked(request.form)
    number = known.id if known is not None else None
    try:
        saved = save_audience(name, filters, at=programme.moment(), by_id=viewer().person_id, audience_id=number)
    except Refusal as refusal:
        session().rollback()
        return _form(audience_or_404(number) if number is not None else None, name, filters, str(refusal))
    session().commit()
    return redirect(url_for("audience.show", audience_id=saved.id))


@bp.get("/audiences/<int:audience_id>")
@staff(May.OUTREACH)
def show(audience_id: int) -> str:
    known = audience_or_404(audience_id)
    found, fault = _counted(known.filter, programme.moment())
    return render_template(
        "audience/show.html",
        audience=known,
        words=_in_words(known.filter),
        found=found,
        fault=fault,
        lists=lists_of(audience_id),
    )


@bp.post("/audiences/<int:audience_id>/freeze")
@staff(May.OUTREACH)
def keep(audience_id: int) -> Response:
    known = audience_or_404(audience_id)
    freeze(known.id, known.name, programme.moment())
    session().commit()
    flash(_("Who is in it now is kept as a list."), "success")
    return redirect(url_for("audience.show", audience_id=audience_id))


BLUEPRINTS = (bp,)
