"""The page that says it plainly: collected and never contacted; waiting for our answer. Oldest first."""

from __future__ import annotations

from flask import render_template, request, url_for

from crm.core.guards import May, door, staff
from crm.core.paging import PAGE, Page
from crm.desk.queries import rows_of
from crm.desk.views import people_bp
from crm.outbox.queries import count_never_contacted, count_waiting, never_contacted, waiting


def _list(kind: str, endpoint: str, page: Page, since: dict[int, object]) -> str:
    return render_template(
        "desk/waiting.html",
        kind=kind,
        rows=rows_of([row.id for row in page.rows]),
        since=since,
        waiting=count_waiting(),
        never=count_never_contacted(),
        newer=url_for(endpoint, before=page.before) if page.before else None,
        older=url_for(endpoint, after=page.after) if page.after else None,
        write=door("outreach.new"),
    )


@people_bp.get("/people/waiting")
@staff(May.SEE)
def waiting_for_us() -> str:
    page = waiting(request.args.get("after"), PAGE, request.args.get("before"))
    return _list("waiting", "directory.waiting_for_us", page, {row.id: row.waiting_since for row in page.rows})


@people_bp.get("/people/never-contacted")
@staff(May.SEE)
def never_written_to() -> str:
    page = never_contacted(request.args.get("after"), PAGE, request.args.get("before"))
    return _list("never", "directory.never_written_to", page, {row.id: row.collected_at for row in page.rows})
