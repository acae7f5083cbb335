"""Many people at once, chosen in the list: tag them, make somebody their owner."""

from __future__ import annotations

from typing import Any

from flask import flash, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from crm.core import journal, programme
from crm.core.db import session
from crm.core.errors import Refusal
from crm.core.guards import May, staff
from crm.core.pages import back, typed
from crm.people import actions
from crm.people.offers.conditions import whole_number
from crm.people.queries import owners, without_tag
from crm.people.views import bp


def _chosen() -> list[int]:
    """Raises NotUnderstood for a number that is none."""
    return [whole_number(value) for value in request.form.getlist("person")]


def _said(count: int) -> str:
    return str(ngettext("%(num)d person changed.", "%(num)d people changed.", count))


@bp.post("/people/tag")
@staff(May.PEOPLE)
def tag_many() -> Response:
    chosen, name = _chosen(), typed("tag").strip()
    if not chosen or not name:
        flash(_("Choose people, and write a tag."), "error")
        return back("/people")
    bare: dict[int, dict[str, Any] | None] = {number: {"tag": None} for number in without_tag(chosen, name)}
    try:
        changed = actions.tag(bare, name)
    except Refusal as error:
        flash(str(error), "error")
        return back("/people")
    journal.record_each("people.tag", bare, at=programme.moment(), after={"tag": name})
    session().commit()
    flash(_said(changed), "success")
    return back("/people")


@bp.post("/people/assign")
@staff(May.PEOPLE)
def assign_many() -> Response:
    chosen, owner = _chosen(), request.form.get("owner_id", "")
    if not chosen:
        flash(_("Choose people first."), "error")
        return back("/people")
    try:
        new = whole_number(owner) if owner else None
        before: dict[int, dict[str, Any] | None] = {
            number: {"owner_id": old} for number, old in owners(chosen).items() if old != new
        }
        changed = actions.assign(before, new)
    except Refusal as error:
        flash(str(error), "error")
        return back("/people")
    journal.record_each("people.assign", before, at=programme.moment(), after={"owner_id": new})
    session().commit()
    flash(_said(changed), "success")
    return back("/people")
