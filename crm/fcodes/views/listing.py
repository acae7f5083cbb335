"""All codes for the staff: who gave them, who came by them; giving and revoking."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext, pgettext
from werkzeug.wrappers import Response

from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotThere, NotUnderstood, Refusal
from crm.core.forms import refuse, text
from crm.core.guards import May, staff, viewer
from crm.fcodes import actions, queries
from crm.fcodes.actions.issuing import LeftAlone
from crm.fcodes.forms import STATES, GiveForm
from crm.fcodes.rules import USUAL_LIFE, CodeState
from crm.fcodes.views import bp
from crm.people.identities import parse
from crm.people.queries import ids_by_identities, person_or_404

ANY = "any"
LAST_SECOND = time(23, 59, 59)


def _end_of(day: date) -> datetime:
    """Its last second in the programme's zone, so that pages name the day that was chosen."""
    return datetime.combine(day, LAST_SECOND, programme.required().tz).astimezone(UTC)


def _giver(written: str) -> int:
    """By number, or by any identity as `kind:value`; a mail address alone will do."""
    number = written.removeprefix("#")
    if number.isdecimal() and len(number) < 15:
        return person_or_404(int(number)).id
    found = ids_by_identities([parse(written if ":" in written else f"email:{written}")])
    for person_id in found.values():
        return person_id
    raise NotThere(_("We know nobody with this identity."))


def _tabs(chosen: CodeState | None, now: datetime) -> list[dict[str, Any]]:
    counts = queries.counts(now)
    tabs = [(state.value, STATES[state], counts[state]) for state in CodeState]
    tabs.append((ANY, pgettext("F-codes", "all"), sum(counts.values())))
    here = chosen.value if chosen else ANY
    return [
        {"label": label, "url": url_for("fcodes.codes", state=key), "current": key == here, "count": count}
        for key, label, count in tabs
    ]


def _page(form: GiveForm, status: int = 200) -> Any:
    now = programme.moment()
    asked = request.args.get("state", ANY)
    chosen = CodeState(asked) if asked in set(CodeState) else None
    page = queries.codes_page(chosen, now, request.args.get("after"), request.args.get("before"))
    form.usual((now.astimezone(programme.required().tz) + USUAL_LIFE).date())
    items = _tabs(chosen, now)
    key = chosen.value if chosen else ANY
    return render_template("fcodes/list.html", page=page, form=form, items=items, now=now, key=key), status


@bp.get("/f-codes")
@staff(May.FCODES)
def codes() -> Any:
    form = GiveForm(formdata=None)
    form.giver.data = request.args.get("to", "")
    return _page(form)


@bp.post("/f-codes")
@staff(May.FCODES)
def give() -> Any:
    form = GiveForm()
    if not form.validate():
        return _page(form, 422)
    try:
        giver_id = _giver(text(form.giver))
    except (NotUnderstood, NotThere) as error:
        refuse(form.giver, str(error))
        return _page(form, 422)
    now = programme.moment()
    count, day = form.count.data or 0, form.last_day.data or now.date()
    try:
        made = actions.issue(giver_id, count, at=now, expires_at=_end_of(day), issued_by_id=viewer().person_id)
    except Refusal as error:
        refuse(form.giver if isinstance(error, LeftAlone) else form.last_day, str(error))
        return _page(form, 422)
    session().commit()
    flash(
        ngettext(
            "%(num)s code is on their page Friends now.", "%(num)s codes are on their page Friends now.", len(made)
        ),
        "success",
    )
    return redirect(url_for("fcodes.codes"))


@bp.post("/f-codes/<int:code_id>/revoke")
@staff(May.FCODES)
def revoke(code_id: int) -> Response:
    actions.revoke(code_id, at=programme.moment())
    session().commit()
    flash(_("The F-code is revoked."), "success")
    return redirect(url_for("fcodes.codes"))
