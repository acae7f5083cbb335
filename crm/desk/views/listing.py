"""The list of people and its filter."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from crm.accounts.queries import staff_people
from crm.core import programme
from crm.core.errors import NotUnderstood
from crm.core.guards import May, door, staff
from crm.core.offers import conditions
from crm.desk.queries import (
    SORTS,
    chips,
    count_of,
    filter_fields,
    is_counted,
    known_by,
    known_filters,
    people_page,
    rows_of,
)
from crm.desk.views import people_bp
from crm.people.queries.counting import takes_a_while

QUICK = "stage"
SEARCH = "q"


def _one_person(filters: dict[str, str]) -> Response | None:
    """A search for nothing but one whole identity opens its person."""
    if set(filters) != {SEARCH} or "after" in request.args or "before" in request.args:
        return None
    person_id = known_by(filters[SEARCH])
    return redirect(url_for("directory.person", person_id=person_id)) if person_id is not None else None


@people_bp.get("/people")
@staff(May.SEE)
def people() -> Any:
    filters = known_filters(request.args.to_dict())
    opened = _one_person(filters)
    if opened is not None:
        return opened
    asked = request.args.get("sort", "")
    sort = asked if asked in SORTS else SORTS[0]
    try:
        return _page(filters, sort)
    except NotUnderstood as error:
        return render_template("desk/filter.html", fields=filter_fields(filters), sort=sort, fault=str(error)), 422


def _page(filters: dict[str, str], sort: str) -> str:
    at = programme.moment()
    after, before = request.args.get("after"), request.args.get("before")
    page = people_page(filters, sort, at, after=after, before=before)
    rows = rows_of([row.id for row in page.rows])
    asked: dict[str, Any] = dict(filters)
    late = is_counted(filters) and not request.args.get("count") and takes_a_while()
    doors = {
        "import": door("people.new_import"),
        "new": door("people.new"),
        "tag": door("people.tag_many"),
        "assign": door("people.assign_many"),
        "audience": door("audience.new", **asked) if filters else None,
    }
    order: dict[str, Any] = {"sort": sort} if sort != SORTS[0] else {}
    stages = conditions().get(QUICK)
    return render_template(
        "desk/people.html",
        rows=rows,
        filters=filters,
        chips=[
            {"text": chip.text, "url": url_for("directory.people", **dict[str, Any](chip.rest), **order)}
            for chip in chips(filters)
            if chip.key != SEARCH
        ],
        sort=sort,
        order=order,
        stages=[("", _("any")), *stages.choices()] if stages and stages.choices else None,
        total=None if late else count_of(filters, at),
        late=late,
        newer=url_for("directory.people", **asked, **order, before=page.before) if page.before else None,
        older=url_for("directory.people", **asked, **order, after=page.after) if page.after else None,
        doors=doors,
        staff=[(one.id, one.name) for one in staff_people()] if doors["assign"] else [],
        here=request.full_path.rstrip("?"),
    )


@people_bp.get("/people/filter")
@staff(May.SEE)
def people_filter() -> str:
    """Every condition of every room as one form; it leads back to the list."""
    filters = known_filters(request.args.to_dict())
    return render_template(
        "desk/filter.html", fields=filter_fields(filters), sort=request.args.get("sort", ""), fault=None
    )
