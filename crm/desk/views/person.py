"""A person's page: who, how reachable, where they stand and why, everything that happened, what to do next."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import abort, redirect, render_template, request, url_for

from crm.core import programme
from crm.core.db import session, writing
from crm.core.guards import May, staff, viewer
from crm.core.offers import offers
from crm.desk.queries import merged_timeline, needs_settling, stage_of, waits_since
from crm.desk.views import people_bp
from crm.desk.views.assembled import door, rendered
from crm.funnel.actions import settle
from crm.people.models import Person
from crm.people.queries import person_or_404

EVENTS = 50
FIRST = 30  # panels up to this order come with the page, the others right after it


def _settled(person_id: int, at: datetime) -> Person:
    """The person, with every new fact looked at by the funnel. Raises NotThere."""
    if needs_settling(person_id) and not programme.is_held():
        with writing():
            settle(at, person_ids=[person_id])
            session().commit()
    return person_or_404(person_id)


@people_bp.get("/people/<int:person_id>")
@staff(May.SEE)
def person(person_id: int) -> Any:
    at = programme.moment()
    found = _settled(person_id, at)
    if found.id != person_id:
        return redirect(url_for("directory.person", person_id=found.id))
    panels = [panel for room in offers() for panel in room.person]
    return render_template(
        "desk/person.html",
        person=found,
        stage=stage_of(found.id),
        waiting=waits_since(found.id),
        panels=rendered((one for one in panels if one.order <= FIRST), found.id, at),
        doors=_doors(found.id),
    )


def _doors(person_id: int) -> dict[str, str | None]:
    """What can be done, in the rooms that do it, by whoever may."""
    may = viewer().may
    people = may(May.PEOPLE)
    return {
        "touch": door("outbox.new_touch", person_id=person_id) if may(May.OUTREACH) else None,
        "edit": door("people.edit", person_id=person_id) if people else None,
        "note": door("people.note", person_id=person_id) if people else None,
        "merge": door("people.merge_with", person_id=person_id) if people else None,
        "export": door("people.export", person_id=person_id) if people else None,
        "forget": door("people.forget", person_id=person_id) if may(May.ERASE) else None,
    }


@people_bp.get("/people/<int:person_id>/more")
@staff(May.SEE)
def person_more(person_id: int) -> str:
    """The other panels: a part of the page where JavaScript asks for it, a page of its own without."""
    found = person_or_404(person_id)
    panels = (panel for room in offers() for panel in room.person if panel.order > FIRST)
    parts = rendered(panels, found.id, programme.moment())
    whole = "HX-Request" not in request.headers
    return render_template("desk/more.html" if whole else "desk/_more.html", person=found, panels=parts)


@people_bp.get("/people/<int:person_id>/timeline")
@staff(May.SEE)
def person_timeline(person_id: int) -> str:
    """Everything that happened, newest first, paged by date."""
    found = person_or_404(person_id)
    try:
        before = datetime.fromisoformat(request.args["before"]) if "before" in request.args else None
    except ValueError:
        abort(404)
    if before is not None and before.tzinfo is None:
        abort(404)
    events, next_before = merged_timeline(found.id, before, EVENTS)
    whole = "HX-Request" not in request.headers
    return render_template(
        "desk/timeline.html" if whole else "desk/_timeline.html",
        person=found,
        events=[
            {"at": event.at, "title": event.text, "detail": event.detail, "url": event.url, "who": event.by}
            for event in events
        ],
        older=url_for("directory.person_timeline", person_id=found.id, before=next_before.isoformat())
        if next_before
        else None,
        paged=before is not None,
    )
