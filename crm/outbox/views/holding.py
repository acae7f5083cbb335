"""Letters of campaigns that lack a value: what is missing is filled in here, one by one."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.guards import May, staff
from crm.outbox.actions import cancel_held, release
from crm.outbox.queries import held_page
from crm.outbox.queries.words import FALLBACK, PLACES
from crm.outbox.rules import PLACEHOLDERS, held_for
from crm.outbox.views import bp
from crm.outbox.views.letters import subject_of

NOT_UNDERSTOOD = 422


def _page(trouble: dict[int, str]) -> str:
    page = held_page(after=request.args.get("after"), before=request.args.get("before"))
    return render_template(
        "outbox/held.html",
        page=page,
        subjects={row.id: subject_of(row) for row in page.rows},
        lacks={row.id: held_for(row.reason) for row in page.rows},
        example=FALLBACK,
        placeholders=PLACES,
        typed=request.form,
        trouble=trouble,
        newer=url_for("outbox.held", before=page.before) if page.before else None,
        older=url_for("outbox.held", after=page.after) if page.after else None,
    )


@bp.get("/letters/held")
@staff(May.OUTREACH)
def held() -> str:
    return _page({})


@bp.post("/letters/<int:letter_id>/release")
@staff(May.OUTREACH)
def release_letter(letter_id: int) -> Response | tuple[str, int]:
    values = {name: request.form.get(name, "") for name in PLACEHOLDERS}
    try:
        release(letter_id, values, programme.moment())
    except NotUnderstood as refusal:
        session().rollback()
        return _page({letter_id: str(refusal)}), NOT_UNDERSTOOD
    session().commit()
    flash(_("The letter is on its way."), "success")
    return redirect(url_for("outbox.held"))


@bp.post("/letters/<int:letter_id>/give-up")
@staff(May.OUTREACH)
def give_up(letter_id: int) -> Response:
    cancel_held(letter_id, programme.moment())
    session().commit()
    flash(_("The letter is cancelled."), "success")
    return redirect(url_for("outbox.held"))
