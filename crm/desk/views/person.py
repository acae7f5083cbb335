"""A person's page: who, how reachable, where they stand and why, everything that happened, what to do next."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import abort, redirect, render_template, request, url_for

from crm.core import programme
from crm.core.db import session, writing
from crm.core.guards import May, door, staff
from crm.core.offers import Panel, offers
from crm.desk.queries import merged_timeline, stands_and_waits
from crm.desk.views import people_bp
from crm.desk.views.assembled import rendered
from crm.funnel.actions import settle
from crm.funnel.models import Standing
from crm.funnel.rules import Stage
from crm.inbound.queries import last_reply_of
from crm.people.queries import person_or_404, reasons_of
from crm.people.rules import LIFTABLE

EVENTS = 50
FIRST = ("funnel", "people")  # whose panels come with the page; the others right after it


def _settled(person_id: int, at: datetime) -> tuple[Standing | None, datetime | None]:
    """Where they stand and since when they wait, with every new fact looked at by the funnel."""
    standing, waiting, new = stands_and_waits(person_id, at)
    if new and not programme.is_held():
        with writing():
            settle(at, person_ids=[person_id])
            session().commit()
        standing, waiting, _new = stands_and_waits(person_id, at)
    return standing, waiting


@people_bp.get("/people/<int:person_id>")
@staff(May.SEE)
def person(person_id: int) -> Any:
    at = programme.moment()
    found = person_or_404(person_id)
    if found.id != person_id:
        return redirect(url_for("directory.person", person_id=found.id))
    standing, waiting = _settled(found.id, at)
    shown = person_or_404(found.id)
    stage = standing.stage if standing else Stage.PROSPECT
    on_list = reasons_of([(identity.kind, identity.value) for identity in shown.identities])
    return render_template(
        "desk/person.html",
        person=shown,
        stage=stage,
        waiting=waiting,
        may_be_written_to=stage != Stage.DECLINED and LIFTABLE.issuperset(on_list.values()),
        comes_back=sorted(value for _kind, value in on_list),
        panels=rendered(_offered(first=True), found.id, at),
        doors=_doors(found.id, answers=waiting is not None and last_reply_of(found.id) is not None),
    )


def _offered(*, first: bool) -> list[Panel]:
    return [panel for room in offers() if (room.room in FIRST) is first for panel in room.person]


def _doors(person_id: int, *, answers: bool) -> dict[str, str | None]:
    """What can be done, in the rooms that do it, by whoever may."""
    return {
        "touch": door("outbox.new_touch", person_id=person_id),
        "answer": door("inbound.answer", person_id=person_id) if answers else None,
        "edit": door("people.edit", person_id=person_id),
        "note": door("people.note", person_id=person_id),
        "merge": door("people.merge_with", person_id=person_id),
        "export": door("people.export", person_id=person_id),
        "forget": door("people.forget", person_id=person_id),
    }


@people_bp.get("/people/<int:person_id>/more")
@staff(May.SEE)
def person_more(person_id: int) -> str:
    """The other panels: a part of the page where JavaScript asks for it, a page of its own without."""
    found = person_or_404(person_id)
    parts = rendered(_offered(first=False), found.id, programme.moment())
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
