"""The way to refuse that stands in each letter: a page with choices, and the button of the mail program (RFC 8058)."""

from __future__ import annotations

from flask import render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotAllowed
from crm.core.guards import by_link
from crm.core.tokens import read
from crm.outbox.actions import refuse_by_letter
from crm.outbox.queries import letter_or_404, refused_by_letter, wants_no_campaigns
from crm.outbox.queries.rendering import REFUSE
from crm.outbox.rules import LeaveAlone
from crm.outbox.views import bp
from crm.people.queries import standing_for


def _letter_id(token: str) -> int:
    found = read(REFUSE, token)
    if not isinstance(found, int):
        raise NotAllowed(_("This link is not valid: copy it whole."))
    return letter_or_404(found).id


def _page(token: str, letter_id: int) -> str:
    done = LeaveAlone.ALL if refused_by_letter(letter_id) else None
    if done is None and wants_no_campaigns(standing_for(letter_or_404(letter_id).person_id) or 0):
        done = LeaveAlone.CAMPAIGNS
    return render_template("outbox/refuse.html", token=token, done=done)


@bp.get("/u/<token>")
@by_link
def ask_to_refuse(token: str) -> str:
    """Looking changes nothing: mail programs and scanners open links by themselves."""
    return _page(token, _letter_id(token))


@bp.post("/u/<token>")
@by_link
def refuse(token: str) -> Response | str:
    """A mail program's one click says nothing of what it wants: it is left alone altogether."""
    letter_id = _letter_id(token)
    only = request.form.get("what") == LeaveAlone.CAMPAIGNS
    what = LeaveAlone.CAMPAIGNS if only else LeaveAlone.ALL
    why = request.form.get("why", "").replace("\x00", "").strip()
    refuse_by_letter(letter_id, programme.moment(), what, why)
    session().commit()
    return _page(token, letter_id)
