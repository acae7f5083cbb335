"""The page that says it plainly: collected and never contacted; waiting for our answer. Oldest first."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _

from crm.core import programme
from crm.core.guards import May, door, staff
from crm.core.paging import PAGE, Page
from crm.desk.queries import NEVER_CONTACTED, count_never_contacted, never_contacted, rows_of
from crm.desk.views import people_bp
from crm.outbox.queries import count_waiting, waiting


def _list(kind: str, endpoint: str, page: Page, since: dict[int, object]) -> str:
    chosen: dict[str, Any] = {"name": _("Collected, never contacted"), **NEVER_CONTACTED}
    return render_template(
        "desk/waiting.html",
        kind=kind,
        rows=rows_of([row.id for row in page.rows]),
        since=since,
        waiting=count_waiting(),
        never=count_never_contacted(programme.moment()),
        newer=url_for(endpoint, before=page.before) if page.before else None,
        older=url_for(endpoint, after=page.after) if page.after else None,
        write=door("audience.new", **chosen),
    )


@people_bp.get("/people/waiting")
@staff(May.SEE)
def waiting_for_us() -> str:
    page = waiting(request.args.get("after"), PAGE, request.args.get("before"))
    return _list("waiting", "directory.waiting_for_us", page, {row.id: row.waiting_since for row in page.rows})


@people_bp.get("/people/never-contacted")
@staff(May.SEE)
def never_written_to() -> str:
    page = never_contacted(programme.moment(), after=request.args.get("after"), before=request.args.get("before"))
    return _list("never", "directory.never_written_to", page, {row.id: row.collected_at for row in page.rows})
